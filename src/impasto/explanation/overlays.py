"""Pictures that explain: heat over grey, a style seen through its matches, places as colours."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.explanation.findings import Attribution, Plane
from impasto.images import fit, resize
from impasto.methods.contract import Image

SHOWN = 480  # longest side of a picture on the page
SMALL = 320  # of one of several in a row
CELLS = 64  # of a map along the longest side: finer ones are averaged
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
# colours of a map's values from 0 to 1: dark stays with what is under it, bright stands out
_HEAT = np.array([[0.10, 0.05, 0.30], [0.75, 0.15, 0.40], [1.0, 0.60, 0.15], [1, 1, 0.65]])
_AWAY = np.array([0.15, 0.45, 0.95])
# of a style's corners: upper left, upper right, lower left, lower right
_CORNERS = np.array([[[0.1, 0.45, 1.0], [0.95, 0.15, 0.55]], [[0.1, 0.8, 0.35], [1.0, 0.8, 0.1]]])


def shown(image: Image, longest: int = SHOWN) -> Image:
    """Return a picture no larger than it is shown."""
    return fit(image, min(longest, max(image.shape[:2])))


def grey(image: Image) -> Image:
    """Return a picture without colours."""
    return np.repeat((image @ _LUMA)[..., None], 3, axis=2)


def times_even(values: Plane) -> tuple[Plane, float]:
    """Return a map averaged in cells, 1 where it is what an even spread would have, and its top.

    Even is the mean of the absolute values, so that a signed map keeps its sign. The top, where
    the colours end, is the 99th percentile, 1 at least.
    """
    averaged = _averaged(values)
    mean = float(np.abs(values).mean())
    if mean <= 0:
        return np.zeros_like(averaged), 1.0
    relative = averaged / np.float32(mean)
    return relative, max(1.0, float(np.percentile(np.abs(relative), 99)))


def heat(under: Image, relative: Plane, top: float) -> Image:
    """Lay a map over a greyed picture: brighter is more, blue is less than nothing."""
    height, width = under.shape[:2]
    value = _enlarged(np.clip(relative / top, -1, 1).astype(np.float32), height, width)
    amount = np.abs(value)[..., None]
    color = np.where(value[..., None] < 0, _AWAY, heat_color(amount[..., 0]))
    covered = np.minimum(1, 0.15 + 1.2 * amount) * 0.8
    laid = grey(under) * 0.75 * (1 - covered) + color * covered
    return laid.astype(np.float32)


def heat_color(value: NDArray[Any] | float) -> NDArray[np.float64]:
    """Return the colours (..., 3) of values in [0, 1]."""
    stops = np.linspace(0, 1, len(_HEAT))
    return np.stack([np.interp(value, stops, _HEAT[:, i]) for i in range(3)], axis=-1)


def mosaic(style: Image, found: Attribution, height: int, width: int) -> Image:
    """Paint each place of the result with the style's pixels of its match."""
    cell, (high, wide) = found.cell, found.style_shape
    # a border that is no whole cell belongs to none; what a pooling leaves out is repeated
    rows = np.minimum(np.arange(high * cell), style.shape[0] - 1)
    columns = np.minimum(np.arange(wide * cell), style.shape[1] - 1)
    blocks = style[rows][:, columns].reshape(high, cell, wide, cell, 3).swapaxes(1, 2)
    return _unfolded(blocks[found.rows, found.columns], height, width)


def position_code(found: Attribution, style: Image) -> tuple[Image, Image]:
    """Return the result's places in the colours of their matches' places, and the style in them.

    The former has a pixel for each place; the latter is the style's light and dark, coloured.
    """
    high, wide = found.style_shape
    down = (found.rows + 0.5) / high
    across = (found.columns + 0.5) / wide
    y, x = np.mgrid[: style.shape[0], : style.shape[1]]
    code = _code((y + 0.5) / style.shape[0], (x + 0.5) / style.shape[1])
    return _code(down, across), (code * (0.45 + 0.75 * grey(style))).clip(0, 1).astype(np.float32)


def blocky(places: Image, height: int, width: int) -> Image:
    """Return a picture of places at this size, each a square."""
    rows = np.arange(height) * places.shape[0] // height
    columns = np.arange(width) * places.shape[1] // width
    return np.ascontiguousarray(places[rows][:, columns])


def channel(plane: Plane, top: float) -> Image:
    """Return a channel in grey, white at `top`."""
    value = np.clip(plane / top if top > 0 else plane, 0, 1) ** (1 / 2.2)
    return np.repeat(value[..., None].astype(np.float32), 3, axis=2)


def _code(down: NDArray[np.float64], across: NDArray[np.float64]) -> Image:
    down, across = down[..., None], across[..., None]
    upper = _CORNERS[0, 0] * (1 - across) + _CORNERS[0, 1] * across
    lower = _CORNERS[1, 0] * (1 - across) + _CORNERS[1, 1] * across
    mixed: Image = (upper * (1 - down) + lower * down).astype(np.float32)
    return mixed


def _averaged(values: Plane) -> Plane:
    """Return means over rectangles that are nearly square, `CELLS` along the longest side."""
    scale = min(1.0, CELLS / max(values.shape))
    for axis, length in enumerate(values.shape):
        count = max(1, round(length * scale))
        edges = np.arange(count) * length // count
        sizes = np.diff([*edges, length]).reshape((-1, 1) if axis == 0 else (1, -1))
        values = (np.add.reduceat(values, edges, axis=axis) / sizes).astype(np.float32)
    return values


def _enlarged(plane: Plane, height: int, width: int) -> Plane:
    return resize((plane + 1) / 2, height, width) * 2 - 1


def _unfolded(blocks: Image, height: int, width: int) -> Image:
    """Return blocks (H, W, cell, cell, 3) as one picture, its border repeated to this size."""
    high, wide, cell = blocks.shape[:3]
    whole = blocks.swapaxes(1, 2).reshape(high * cell, wide * cell, 3)
    more = ((0, max(0, height - high * cell)), (0, max(0, width - wide * cell)), (0, 0))
    return np.pad(whole, more, mode="edge")[:height, :width]
