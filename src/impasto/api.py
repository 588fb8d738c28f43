"""The Python interface: stylize, prepare, save, again; the command line calls the same.

A picture's way: `load_picture` -> `prepare` -> the stylizer -> `save` with its recipe.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from impasto.errors import DivergedError, OptionError, RecipeError
from impasto.images import Picture, load_picture, read_recipe, resize, save_picture
from impasto.methods.contract import Image, Step
from impasto.methods.optimize.options import OptimizeOptions, resolve
from impasto.options import as_recipe
from impasto.recipe import Ingredient, Recipe, find_ingredient

if TYPE_CHECKING:
    from impasto.backbones import Backbone
    from impasto.methods.optimize.stylizer import OptimizeStylizer

Source = str | os.PathLike[str] | NDArray[Any] | Picture
Progress = Callable[[Step], object]


@dataclass(frozen=True, eq=False)
class Stylized:
    """Hold a result: `image` (H, W, 3) float32 sRGB in [0, 1], `alpha` (H, W) or None, `recipe`."""

    image: Image
    alpha: Image | None
    recipe: Recipe


def stylize(
    content: Source,
    style: Source | Sequence[Source],
    *,
    blend: Sequence[float] | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> Stylized:
    """Return the content painted in the style (or in several, blended by weights).

    Pictures are files or arrays ((H, W), (H, W, 3) or (H, W, 4); uint8, uint16 or floats in
    [0, 1]). `progress` is called at every step; when it raises KeyboardInterrupt, or the user
    presses Ctrl-C, the picture so far is returned and its recipe says `stopped`. The options are
    those of `OptimizeOptions`.

    Raises:
        ImageError: a picture cannot be read.
        OptionError: an option is unknown or outside its limits.
        MissingExtraError: PyTorch is not installed.
        WeightsError: the backbone's weights are not to be had.
        DivergedError: the losses did not stay finite; its `result` holds the last sound picture.
    """
    chosen = resolve(options)
    job = Job.open(content, style, blend, chosen)
    return job.run(progress)


def prepare(
    style: Source | Sequence[Source],
    *,
    blend: Sequence[float] | None = None,
    network: Backbone | None = None,
    **options: Any,
) -> OptimizeStylizer:
    """Return a stylizer for this style: call it with one content array after another.

    `network` is a perceptual network of your own in place of the named backbone, such as a
    `ModuleBackbone` around any torch module; its layers are then those to name.

    Raises:
        as `stylize`.
    """
    pictures = _styles(style)
    weights = normalized_blend(blend, len(pictures))
    return _prepare(pictures, weights, resolve(options), network)


def save(
    path: str | os.PathLike[str], result: Stylized, *, depth: int = 8, quality: int = 92
) -> Path:
    """Write a result with its alpha and recipe; the suffix says the format.

    Raises:
        ImageError: unknown suffix, or the file cannot be written; no half file is left.
    """
    output = {"suffix": Path(path).suffix.lower(), "depth": depth, "quality": quality}
    recipe = replace(result.recipe, output=output)
    return save_picture(
        path,
        result.image,
        alpha=result.alpha,
        recipe=recipe.to_json(),
        depth=depth,
        quality=quality,
    )


def again(
    path: str | os.PathLike[str],
    *,
    folders: Sequence[str | os.PathLike[str]] = (),
    progress: Progress | None = None,
) -> Stylized:
    """Make the picture of a recipe again from the same inputs.

    They are looked for by name, and checked by hash, in `folders`, beside the picture and in the
    current folder.

    Raises:
        RecipeError: there is no recipe, or an input is not found or has changed.
    """
    recipe = Recipe.from_dict(read_recipe(path))
    if recipe.method != "optimize":
        raise RecipeError(f"recipe of method {recipe.method!r}; this version knows optimize")
    places = [Path(f) for f in folders] + [Path(path).resolve().parent, Path.cwd()]
    _, content = find_ingredient(recipe.content, places)
    styles = [find_ingredient(style, places)[1] for style in recipe.styles]
    given = dict(recipe.options)
    if recipe.init is not None:
        given["init"] = str(find_ingredient(recipe.init, places)[0])
    options = resolve(given)
    blend = [style.blend for style in recipe.styles if style.blend is not None]
    job = Job.open(content, styles, blend, options)
    return job.run(progress, stop_after=recipe.steps if recipe.stopped else None)


@dataclass(frozen=True, eq=False)
class Job:
    """One content, prepared styles and options: all that a run needs; `run` or `iterate` it."""

    content: Picture
    styles: Sequence[Picture]
    blend: Sequence[float]
    stylizer: OptimizeStylizer

    @classmethod
    def open(
        cls,
        content: Source,
        style: Source | Sequence[Source],
        blend: Sequence[float] | None,
        options: OptimizeOptions,
    ) -> Job:
        """Load the pictures and prepare the stylizer."""
        picture, pictures = load_picture(content), _styles(style)
        weights = normalized_blend(blend, len(pictures))
        return cls(picture, pictures, weights, _prepare(pictures, weights, options))

    def iterate(self) -> Iterator[Step]:
        """Yield the stylizer's steps; see `Step`."""
        return self.stylizer.iterate(self.content.pixels)

    def run(self, progress: Progress | None = None, stop_after: int | None = None) -> Stylized:
        """Go to the end, or to where Ctrl-C or `stop_after` stops it, and return the result."""
        last, stopped = None, False
        try:
            for last in self.iterate():
                if progress is not None:
                    progress(last)
                if last.number == stop_after and last.number < last.total:
                    stopped = True
                    break
        except KeyboardInterrupt:
            if last is None:
                raise
            stopped = last.number < last.total
        except DivergedError as error:
            error.result = None if last is None else self.result(last, stopped=True)
            raise
        return self.result(last, stopped)

    def result(self, last: Step | None, stopped: bool = False) -> Stylized:
        """Return the picture at a step (None: before all steps, the content) at full size."""
        fitted = self.stylizer.fitted(self.content.pixels)
        height, width = fitted.shape[:2]
        image = fitted if last is None else resize(last.image(), height, width)
        alpha = self.content.alpha
        if alpha is not None and alpha.shape != (height, width):
            alpha = resize(alpha, height, width)
        return Stylized(image, alpha, self._recipe(last, stopped))

    def _recipe(self, last: Step | None, stopped: bool) -> Recipe:
        init, made_with = self.stylizer.init, self.stylizer.made_with()
        # as it was, not as it was asked for: another machine has other cores
        plain = as_recipe(self.stylizer.options) | {
            name: made_with[name] for name in ("threads", "precision")
        }
        if init is not None:
            plain["init"] = init.name
        return Recipe(
            method="optimize",
            options=plain,
            content=Ingredient.of(self.content),
            styles=[Ingredient.of(p, b) for p, b in zip(self.styles, self.blend, strict=True)],
            made_with=made_with,
            steps=0 if last is None else last.number,
            stopped=stopped,
            init=None if init is None else Ingredient.of(init),
        )


def normalized_blend(blend: Sequence[float] | None, count: int) -> tuple[float, ...]:
    """Return blend weights that sum to one; equal ones where none are given.

    Those that do already stay exactly as they are.

    >>> normalized_blend([2, 1, 1], 3)
    (0.5, 0.25, 0.25)

    Raises:
        OptionError: not one weight for each style, or a weight that is negative or not finite,
            or all are 0.
    """
    if blend is None or len(blend) == 0:
        return (1 / count,) * count
    if len(blend) != count:
        raise OptionError(f"blend has {len(blend)} weights for {count} styles: give one for each")
    total = sum(blend)
    if not all(w >= 0 for w in blend) or not (math.isfinite(total) and total > 0):
        raise OptionError(f"blend {tuple(blend)}: weights must be 0 or more, and not all 0")
    if math.isclose(total, 1):
        total = 1.0
    return tuple(float(w) / total for w in blend)


def _styles(style: Source | Sequence[Source]) -> list[Picture]:
    sources: Any = style if isinstance(style, list | tuple) else [style]
    pictures = [load_picture(source) for source in sources]
    if not pictures:
        raise OptionError("no style given: name at least one picture")
    return pictures


def _prepare(
    pictures: Sequence[Picture],
    blend: Sequence[float],
    options: OptimizeOptions,
    network: Backbone | None = None,
) -> OptimizeStylizer:
    # late, so that importing impasto needs no torch
    from impasto.engine import choose_device

    choose_device(options.device)  # says what is missing when torch is
    from impasto.methods.optimize.stylizer import prepare as prepare_optimizer

    return prepare_optimizer([p.pixels for p in pictures], blend, options, network)
