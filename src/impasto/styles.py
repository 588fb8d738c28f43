"""Open styles: pictures, presets, and styles of the user's own."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from impasto.errors import ImageError, OptionError, RecipeError, WeightsError
from impasto.images import Picture, Source, fill_hidden, load_picture
from impasto.methods.contract import Sample
from impasto.methods.realtime import network_file
from impasto.methods.realtime.catalog import find_style, unknown_style
from impasto.methods.realtime.codes import SUFFIX, StyleCode, load_code, renamed
from impasto.recipe import Ingredient

StyleSource = Source | StyleCode
_LEAST_SPREAD = 2 / 255
Style = Picture | StyleCode


def open_styles(style: StyleSource | Sequence[StyleSource]) -> list[Style]:
    """Load styles: pictures, codes, or the names of presets and of the user's styles.

    Raises:
        ImageError: a picture cannot be read.
        OptionError: none is given, or a name is no style's.
        WeightsError: a code's file is damaged.
    """
    sources: Any = style if isinstance(style, list | tuple) else [style]
    styles = [_open_style(source) for source in sources]
    if not styles:
        raise OptionError("no style given: name at least one picture or preset")
    return styles


def _open_style(source: StyleSource) -> Style:
    if isinstance(source, StyleCode):
        return source
    if isinstance(source, str | os.PathLike):
        path = Path(source)
        if path.suffix == SUFFIX:
            return renamed(load_code(path), path.stem)
        if path.suffix == network_file.SUFFIX:
            return network_file.read_network(path).style()
        whole, mark, name = str(source).partition(f"{network_file.SUFFIX}#")
        if mark and not path.exists():
            return network_file.read_network(whole + network_file.SUFFIX).style(name)
        # a file wins over a style of the same name; a folder, as of its training, does not
        if path.name == str(source) and not path.is_file():
            code = find_style(str(source))
            if code is not None:
                return code
            if not path.suffix and not path.exists():  # else it looks like a file
                raise unknown_style(str(source))
    return load_picture(source)


def sample_of(style: Picture) -> Sample:
    """Return a style's pixels; where it is transparent, they mirror what is seen, and do not count.

    Raises:
        ImageError: nothing of it is seen, or only one flat colour.
    """
    if float(np.ptp(style.pixels, axis=(0, 1)).max()) < _LEAST_SPREAD:
        raise ImageError(f"{style.name}: one flat colour, there is no style to see")
    if style.alpha is None:
        return Sample(style.pixels)
    shown = style.alpha >= max(0.5 * float(style.alpha.max()), 1e-6)
    if not shown.any():
        raise ImageError(f"{style.name}: wholly transparent, there is no style to see")
    if shown.all():
        return Sample(style.pixels)
    return Sample(fill_hidden(style.pixels, shown), shown.astype(np.float32))


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


def named(ingredient: Ingredient, folders: Sequence[Path]) -> StyleCode:
    """Return the style of a recipe that goes by its name, or lies in one of the folders.

    Raises:
        RecipeError: there is none, or it is another one now.
    """
    for code in _codes_called(ingredient.name, folders):
        if code.digest == ingredient.sha256:
            return code
    raise RecipeError(f"the style {ingredient.name} is not here, or has changed since")


def find_network(name: str, sha256: str, folders: Sequence[Path]) -> Path:
    """Return the network file of this name and hash from the first folder that has it.

    Raises:
        RecipeError: no folder has it.
    """
    for folder in folders:
        with suppress(WeightsError):
            path = folder / Path(name).name
            if network_file.read_network(path).sha256 == sha256:
                return path
    raise RecipeError(
        f"the network {name} is not here, or has changed since: name its folder with --from"
    )


def _codes_called(name: str, folders: Sequence[Path]) -> Iterator[StyleCode]:
    # a damaged file is only a changed one: the next folder may have the right one
    with suppress(WeightsError, OptionError):
        if (code := find_style(name)) is not None:
            yield code
    stem, _, part = name.partition("#")
    for folder in folders:
        with suppress(WeightsError):
            if (path := folder / f"{name}{SUFFIX}").is_file():
                yield load_code(path)
        with suppress(WeightsError, OptionError):
            if (path := folder / f"{stem}{network_file.SUFFIX}").is_file():
                yield network_file.read_network(path).style(part)


def ingredient_of(style: Style, blend: float) -> Ingredient:
    """Return what a recipe says of a style."""
    if isinstance(style, StyleCode):
        return Ingredient(style.name, style.digest, blend, kind="style")
    return Ingredient.of(style, blend)
