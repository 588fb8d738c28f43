"""The Python interface: stylize, stylize_file, prepare, save, again; the command line's as well.

A picture's way: `load_picture` -> `prepare` -> the stylizer -> `save` with its recipe.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from impasto.batch import Batch, Outcome
from impasto.errors import RecipeError
from impasto.images import Source, load_picture, open_large, read_recipe
from impasto.job import Job, Progress, Setup, Stylized, prepare_stylizer
from impasto.masks import Guides, MaskSource
from impasto.methods.quality import METHODS, Options, resolve
from impasto.methods.realtime.memory import LEAST_TILE
from impasto.methods.realtime.model import CELL
from impasto.names import unused_pyramid
from impasto.options import declarations, unknown_option
from impasto.recipe import Ingredient, MaskIngredient, Recipe, find_ingredient
from impasto.stream import FileJob, Output
from impasto.styles import StyleSource, find_network, named, normalized_blend, open_styles

if TYPE_CHECKING:
    from impasto.backbones import Backbone
    from impasto.job import AnyStylizer


def stylize(
    content: Source,
    style: StyleSource | Sequence[StyleSource],
    *,
    blend: Sequence[float] | None = None,
    masks: Sequence[MaskSource] = (),
    strength_map: Source | None = None,
    feather: float = 0.0,
    faces: float = 1.0,
    progress: Progress | None = None,
    **options: Any,
) -> Stylized:
    """Return the content painted in the style (or in several, blended by weights).

    Pictures are files or arrays ((H, W), (H, W, 3) or (H, W, 4); uint8, uint16 or floats in
    [0, 1]); a style may also be the name of a preset or of a style of your own, or its code.
    `quality` is "fast" (the real-time network, the default), "balanced" or "best" (the optimiser,
    begun from its result) or "photoreal" (tone, colour and light alone); the other options are
    those of `RealtimeOptions`, `OptimizeOptions` or `PhotorealOptions`.
    `masks`, one for each style, say where each goes: a grey picture, or a pair of label pictures
    (content's, style's) whose colours say which region of the style goes to which of the content.
    "auto", or "auto:6" for up to six, finds regions that match. Masks' borders are softened by
    `feather`, a share of their longest side, 0 to 0.25. `strength_map`, a grey picture, says how
    strongly the styles go where; `faces` is the strength at faces, 0 to 1.

    `progress` is called at every step; when it raises KeyboardInterrupt, or the user presses
    Ctrl-C, the picture so far is returned and its recipe says `stopped`.

    Raises:
        ImageError: a picture cannot be read.
        OptionError: an option is unknown or outside its limits.
        MissingExtraError: PyTorch is not installed.
        WeightsError: the backbone's weights are not to be had.
        DivergedError: the losses did not stay finite; its `result` holds the last sound picture.
    """
    chosen = resolve(options)
    guides = Guides.load(masks, strength_map, feather, faces)
    job = Job.open(content, style, blend, chosen, guides)
    return job.run(progress)


def stylize_file(
    content: str | os.PathLike[str],
    style: StyleSource | Sequence[StyleSource],
    out: str | os.PathLike[str],
    *,
    blend: Sequence[float] | None = None,
    masks: Sequence[MaskSource] = (),
    strength_map: Source | None = None,
    feather: float = 0.0,
    faces: float = 1.0,
    depth: int | None = None,
    file_quality: int = 92,
    deepzoom: bool = False,
    force: bool = False,
    progress: Progress | None = None,
    **options: Any,
) -> Recipe:
    """Paint a picture file of any size into another, in bounded memory; return its recipe.

    As `stylize` and `save`, but what is made in one pass need not fit in the memory:
    large ones are unpacked, painted in tiles and packed again on the disk, from TIFF, PNG or JPEG
    (others up to 2^28 pixels) to TIFF, PNG or JPEG. `memory`, such as "2GB", says with how much.
    `depth` None is 16 bits for a content that has them where the format does, else 8;
    `file_quality` is that of JPEG, WebP and AVIF. `deepzoom` also writes a pyramid for viewers: OUT
    with .dzi, and a folder; one that is there is replaced only with `force`.

    `progress` is called after each tile, or each step of the optimiser. A run on the disk that was
    stopped goes on when it is called again alike; until then its work stays in a hidden folder
    beside `out`.

    Raises:
        ImageError: a file cannot be read or written, or the disk is too full.
        KeyboardInterrupt: the user stopped it, and nothing was written; but what the optimiser
            has by then is written, and its recipe says `stopped`.
        others as `stylize`.
    """
    opened = open_large(content)
    guides = Guides.load(masks, strength_map, feather, faces, opened.load)
    setup = Setup.open(style, blend, resolve(options), guides)
    output = Output.of(out, opened, depth, file_quality, deepzoom=deepzoom)
    if deepzoom:
        unused_pyramid(output.pyramid, force=force)
    return FileJob.open(setup, opened, output).run(progress)


def stylize_many(
    contents: Sequence[str | os.PathLike[str]],
    styles: Sequence[str | os.PathLike[str]],
    folder: str | os.PathLike[str],
    *,
    pairs: str | os.PathLike[str] | None = None,
    blend: Sequence[float] | None = None,
    suffix: str | None = None,
    depth: int | None = None,
    file_quality: int = 92,
    deepzoom: bool = False,
    skip_existing: bool = False,
    force: bool = False,
    progress: Callable[[Outcome], object] | None = None,
    **options: Any,
) -> list[Outcome]:
    """Paint every content in every style into a folder; return what became of each.

    The network is loaded once and every core is kept at work. With `blend`, contents are painted
    in the blend of all styles. `pairs` is a CSV file of contents, styles and, if wanted, results;
    both lists are empty then. Results are called CONTENT-STYLE, with the ending `suffix` or the
    content's, and the content's folder before where two would be called alike; those that are there
    are skipped with `skip_existing` and written anew with `force`. `depth`, `file_quality` and
    `deepzoom` are as in `stylize_file`. `progress` is told each outcome as it comes.

    A picture that cannot be read or written is an outcome with an `error`, and the rest goes on.

    Raises:
        OptionError: an option is unknown or outside its limits, or two contradict each other, or
            the pairs cannot be read.
        ImageError: the folder cannot be made.
    """
    rest = depth, file_quality, deepzoom, suffix, blend, skip_existing, force
    batch = Batch(resolve(options), *rest)
    outcomes = []
    for outcome in batch.run(batch.pairs(contents, styles, folder, pairs)):
        outcomes.append(outcome)
        if progress is not None:
            progress(outcome)
    return outcomes


def prepare(
    style: StyleSource | Sequence[StyleSource],
    *,
    blend: Sequence[float] | None = None,
    masks: Sequence[MaskSource] = (),
    strength_map: Source | None = None,
    feather: float = 0.0,
    faces: float = 1.0,
    network: Backbone | None = None,
    **options: Any,
) -> AnyStylizer:
    """Return a stylizer for this style: call it with one content array after another.

    `network` is a perceptual network of your own in place of the named backbone, such as a
    `ModuleBackbone` around any torch module; its layers are then those to name. It asks for the
    optimiser.

    Raises:
        as `stylize`.
    """
    styles = open_styles(style)
    weights = normalized_blend(blend, len(styles))
    # any option that only the optimiser has asks for it; this one changes nothing
    chosen = resolve(options if network is None else {"preset": None} | options)
    guides = Guides.load(masks, strength_map, feather, faces)
    return prepare_stylizer(styles, weights, chosen, guides, network)


def save(
    path: str | os.PathLike[str], result: Stylized, *, depth: int = 8, quality: int = 92
) -> Path:
    """Write a result with its alpha and recipe; the suffix says the format.

    Raises:
        ImageError: unknown suffix, or the file cannot be written; no half file is left.
    """
    return Output(Path(path), depth, quality).write(result)


def again(
    path: str | os.PathLike[str],
    *,
    folders: Sequence[str | os.PathLike[str]] = (),
    progress: Progress | None = None,
) -> Stylized:
    """Make the picture of a recipe again from the same inputs.

    They are looked for by name, and checked by hash, in `folders`, beside the picture and in the
    current folder. It is made in memory; what was painted on the disk had other tiles, and its
    pixels may differ by a hair. The command line's `again` repeats those.

    Raises:
        RecipeError: there is no recipe, or an input is not found or has changed.
        ImageError: a picture cannot be read, or is too large to be made in memory.
        others as `stylize`.
    """
    remade = Remade.of(path, folders)
    job = Job(load_picture(remade.content), remade.setup)
    return job.run(progress, remade.stop_after)


@dataclass(frozen=True, eq=False)
class Remade:
    """Hold what a recipe says how a picture was made, its inputs found again."""

    recipe: Recipe
    content: Path
    setup: Setup

    @classmethod
    def of(
        cls, path: str | os.PathLike[str], folders: Sequence[str | os.PathLike[str]] = ()
    ) -> Remade:
        """Read the recipe of a picture and find its inputs; see `again`.

        Raises:
            RecipeError: there is no recipe, or an input is not found or has changed.
        """
        recipe = Recipe.from_dict(read_recipe(path))
        if recipe.method not in METHODS:
            known = ", ".join(METHODS)
            raise RecipeError(f"recipe of method {recipe.method!r}; this version knows {known}")
        places = [Path(f) for f in folders] + [Path(path).resolve().parent, Path.cwd()]
        content, given = find_ingredient(recipe.content, places), dict(recipe.options)
        if recipe.init is not None:
            given["init"] = str(find_ingredient(recipe.init, places))
        if given.get("network"):
            known = str(recipe.made_with.get("weights_sha256"))
            given["network"] = str(find_network(str(given["network"]), known, places))
        where = recipe.strength_map
        guides = Guides.load(
            [_mask(mask, places) for mask in recipe.masks],
            None if where is None else find_ingredient(where, places),
            recipe.feather,
            recipe.faces,
            lambda: load_picture(content),
        )
        setup = Setup.open(
            [
                named(style, places) if style.kind == "style" else find_ingredient(style, places)
                for style in recipe.styles
            ],
            [style.blend for style in recipe.styles if style.blend is not None],
            _options(METHODS[recipe.method], given),
            guides,
        )
        return cls(recipe, content, setup)

    @property
    def stop_after(self) -> int | None:
        """Return the step at which it was stopped, None if it was not."""
        return self.recipe.steps if self.recipe.stopped else None

    @property
    def tile(self) -> int | None:
        """Return the side of the tiles it was painted in on the disk, None if it was not."""
        found = self.recipe.made_with.get("tile")
        return found // CELL * CELL if isinstance(found, int) and found >= LEAST_TILE else None


def _mask(mask: MaskIngredient, places: Sequence[Path]) -> MaskSource:
    if isinstance(mask, Ingredient):
        return mask.name if mask.kind == "auto" else find_ingredient(mask, places)
    content, style = mask
    return find_ingredient(content, places), find_ingredient(style, places)


def _options(kind: type[Options], given: Mapping[str, Any]) -> Options:
    for name in given:
        if name not in declarations(kind):
            raise unknown_option(name, kind)
    return kind(**given)
