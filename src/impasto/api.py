"""The Python interface: stylize, stylize_file, prepare, save, again; the command line's as well.

A picture's way: `load_picture` -> `prepare` -> the stylizer -> `save` with its recipe.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from impasto.batch import Batch, Outcome
from impasto.images import Source, load_picture, open_large
from impasto.job import Job, Progress, Setup, Stylized, prepare_stylizer
from impasto.masks import Guides, MaskSource
from impasto.methods.quality import resolve
from impasto.names import unused_pyramid
from impasto.options import declarations, taken, unknown_option
from impasto.output import Output
from impasto.provenance import ProvenanceOptions, check_identity
from impasto.recipe import Recipe
from impasto.remake import Remade
from impasto.stream import FileJob
from impasto.styles import StyleSource, normalized_blend, open_styles

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

    `options` may also have those of `ProvenanceOptions`: `sign=False`, `strip_metadata=True`, or a
    certificate, `cert` and `key`, to sign with.

    `progress` is called after each tile, or each step of the optimiser. A run on the disk that was
    stopped goes on when it is called again alike; until then its work stays in a hidden folder
    beside `out`.

    Raises:
        ImageError: a file cannot be read or written, or the disk is too full.
        KeyboardInterrupt: the user stopped it, and nothing was written; but what the optimiser
            has by then is written, and its recipe says `stopped`.
        ProvenanceError: the certificate cannot sign.
        others as `stylize`.
    """
    provenance = ProvenanceOptions(**taken(options, ProvenanceOptions))
    opened = open_large(content)
    guides = Guides.load(masks, strength_map, feather, faces, opened.load)
    setup = Setup.open(style, blend, resolve(options), guides)
    output = Output.of(out, opened, depth, file_quality, deepzoom=deepzoom, provenance=provenance)
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
    are skipped with `skip_existing` and written anew with `force`. `depth`, `file_quality`,
    `deepzoom` and `options` are as in `stylize_file`. `progress` is told each outcome as it comes.

    A picture that cannot be read or written is an outcome with an `error`, and the rest goes on.

    Raises:
        OptionError: an option is unknown or outside its limits, or two contradict each other, or
            the pairs cannot be read.
        ImageError: the folder cannot be made.
    """
    provenance = ProvenanceOptions(**taken(options, ProvenanceOptions))
    rest = depth, file_quality, deepzoom, suffix, blend, skip_existing, force, provenance
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
    path: str | os.PathLike[str],
    result: Stylized,
    *,
    depth: int = 8,
    quality: int = 92,
    sign: bool = True,
    **provenance: Any,
) -> Path:
    """Write a result with its alpha and recipe, signed; the suffix says the format.

    `provenance` are the other options of `ProvenanceOptions`.

    Raises:
        ImageError: unknown suffix, or the file cannot be written; no half file is left.
        OptionError: an option is unknown, or two contradict each other.
        ProvenanceError: a certificate is named that cannot sign.
    """
    options = ProvenanceOptions(sign, **_known(provenance))
    check_identity(options)
    return Output(Path(path), depth, quality, provenance=options).write(result)


def _known(provenance: dict[str, Any]) -> dict[str, Any]:
    for name in provenance:
        if name not in declarations(ProvenanceOptions):
            raise unknown_option(name, ProvenanceOptions)
    return provenance


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
