"""What an explanation is made of: three pictures at the size they are looked at, and a recipe."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from impasto.errors import ImageError, OptionError, RecipeError
from impasto.images import Picture, Source, fit, load_picture, read_recipe, resize
from impasto.images.picture import MIN_SIDE, check_side
from impasto.methods import shared_options as shared
from impasto.methods.contract import Image
from impasto.options import check, option
from impasto.styles import open_styles, sample_of

LEAST_SIDE = 32  # of the longest side: below, the deepest layer has one place
LEAST_SIZE = 64  # of a smaller scale: below, deep features have hardly any places


@dataclass(frozen=True)
class ExplainOptions:
    """Say how the pictures are looked at."""

    backbone: str = option(
        "auto",
        "Network that looks; auto is vgg19 where its weights are, else compact.",
        choices=("auto", "vgg19", "compact"),
    )
    size: int = option(
        512, "Longest side at which the pictures are looked at, at most.", low=64, high=1024
    )
    style_scale: float | None = shared.style_scale(
        "Style's longest side over the content's; without it, what the recipe says, else 1.",
        default=None,
    )

    def __post_init__(self) -> None:
        """Check all limits."""
        check(self)


@dataclass(frozen=True, eq=False)
class Trio:
    """Hold content, style and result (H, W, 3) at one size; content and result are alike in it."""

    content: Image
    style: Image
    result: Image

    @property
    def longest(self) -> int:
        """Return the longest side of content and result."""
        return int(max(self.content.shape[:2]))

    def at(self, longest: int) -> Trio:
        """Return the same smaller, the style in proportion."""
        if longest == self.longest:
            return self
        side = round(max(self.style.shape[:2]) * longest / self.longest)
        style = fit(self.style, max(side, 1))
        return Trio(fit(self.content, longest), style, fit(self.result, longest))

    @property
    def scales(self) -> list[int]:
        """Return the sizes at which the pictures are compared: the whole, a half, a quarter."""
        whole = self.longest
        narrow = min(min(self.content.shape[:2]), min(self.style.shape[:2])) / whole
        smaller = [whole // 4, whole // 2]
        return [n for n in smaller if n >= LEAST_SIZE and narrow * n >= MIN_SIDE] + [whole]


@dataclass(frozen=True, eq=False)
class Inputs:
    """Hold the pictures as they are looked at, what they are called, and the result's recipe.

    `mismatches` say where the recipe names other inputs than those that were given.
    """

    trio: Trio
    names: Mapping[str, str]
    recipe: Mapping[str, Any] | None
    style_scale: float
    mismatches: tuple[str, ...]


def open_inputs(content: Source, style: Source, result: Source, options: ExplainOptions) -> Inputs:
    """Load the three pictures and bring them to the size at which they are looked at.

    Raises:
        ImageError: a picture cannot be read, is too small or flat, or the result has other
            proportions than the content.
        OptionError: the style is the name of one, which has no picture.
    """
    kept, painted, made = load_picture(content), _style_picture(style), load_picture(result)
    _check_proportions(made.pixels, kept.pixels)
    if np.ptp(kept.pixels, axis=(0, 1)).max() == 0:
        raise ImageError("the content is one flat colour: take a picture that shows something")
    recipe = _recipe(result)
    scale = options.style_scale or _told_scale(recipe)
    _check_longest(kept, "content")
    _check_longest(made, "result")
    longest = min(options.size, max(kept.pixels.shape[:2]), max(made.pixels.shape[:2]))
    target = fit(kept.pixels, longest)
    check_side(target.shape[1], target.shape[0], f"the content at size {longest}")
    pixels = sample_of(painted).pixels
    # as the optimiser does: no larger than the picture is, unless it is asked for
    side = round(longest * scale)
    seen = fit(pixels, side if scale > 1 else min(side, max(pixels.shape[:2])))
    check_side(seen.shape[1], seen.shape[0], f"the style at size {max(seen.shape[:2])}")
    names = {"content": kept.name, "style": painted.name, "result": made.name}
    trio = Trio(target, seen, resize(made.pixels, *target.shape[:2]))
    return Inputs(trio, names, recipe, scale, _mismatches(recipe, kept, painted))


def _style_picture(style: Source) -> Picture:
    (found,) = open_styles(style)
    if not isinstance(found, Picture):
        raise OptionError(
            f"style {found.name} goes by its name and has no picture to compare with: name the"
            " file of the picture"
        )
    return found


def _check_longest(picture: Picture, what: str) -> None:
    height, width = picture.pixels.shape[:2]
    if max(height, width) < LEAST_SIDE:
        raise ImageError(
            f"the {what} is {width}x{height} px; its longest side needs at least {LEAST_SIDE} px:"
            " enlarge it"
        )


def _check_proportions(result: Image, content: Image) -> None:
    """Refuse a result that is not the content at some size, whose sides were rounded."""
    scale = max(result.shape[:2]) / max(content.shape[:2])
    sides = zip(result.shape[:2], content.shape[:2], strict=True)
    # of a smaller picture a pixel is several of the larger one
    if any(abs(side - scale * other) >= max(1, scale) for side, other in sides):
        (height, width), (high, wide) = result.shape[:2], content.shape[:2]
        raise ImageError(
            f"the result is {width}x{height} px and the content {wide}x{high} px: crop or resize"
            " one of them to the other's proportions"
        )


def _recipe(result: Source) -> Mapping[str, Any] | None:
    """Return the recipe that a file carries; arrays and most other pictures have none."""
    if isinstance(result, str | os.PathLike):
        with suppress(RecipeError):
            return read_recipe(result)
    return None


def _told_scale(recipe: Mapping[str, Any] | None) -> float:
    options = (recipe or {}).get("options")
    told = options.get("style_scale") if isinstance(options, Mapping) else None
    return float(told) if isinstance(told, int | float) and 0.1 <= told <= 4 else 1.0


def _mismatches(
    recipe: Mapping[str, Any] | None, content: Picture, style: Picture
) -> tuple[str, ...]:
    """Compare the given pictures with those that the recipe names, by hash."""
    if recipe is None:
        return ()
    found = []
    told = _ingredients([recipe.get("content")])
    if told and content.sha256 not in told:
        found.append(f"The recipe names another content, {' and '.join(told.values())}.")
    styles = recipe.get("styles")
    named = _ingredients(styles if isinstance(styles, list) else [])
    if named and style.sha256 not in named:
        found.append(f"The recipe names another style, {' and '.join(named.values())}.")
    elif len(named) > 1:
        found.append(
            f"The result is a blend of {len(named)} styles; this page compares it with one of them."
        )
    return tuple(found)


def _ingredients(found: list[Any]) -> dict[str, str]:
    """Return names by hash."""
    tables = [item for item in found if isinstance(item, Mapping)]
    return {str(item.get("sha256")): str(item.get("name")) for item in tables}
