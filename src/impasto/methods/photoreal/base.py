"""What a picture is without its detail: a bilateral grid of light."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from impasto.images.color import LUMA
from impasto.methods.contract import Image, Place

_CELLS = 32  # of the grid along the longest side
_TONES = 9  # of the grid, from black to white
_NOISE = 0.04**2  # squared distance of colours that is half noise
_EMPTY = 1e-3  # pixels that count for a node's own tone, where the picture has none

Array = NDArray[np.float64]
Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Base:
    """Tell the light around each place, of what is about as light: what is left is detail.

    Chen, Paris and Durand 2007, "Real-time edge-aware image processing with the bilateral grid".
    The grid is made of a small copy and read at any size, by each pixel's own light, so that a
    detail that only the large picture has is detail there as well.
    """

    grid: Floats
    cell: float  # pixels

    @classmethod
    def of(cls, small: Image, longest: int) -> Base:
        """Look at a small copy (h, w, 3) of a picture whose longest side is so many pixels."""
        height, width = small.shape[:2]
        cell = max(height, width) / _CELLS
        shape = (math.ceil(height / cell) + 1, math.ceil(width / cell) + 1, _TONES)
        light = (small @ LUMA).astype(np.float64)
        count, total = np.zeros(math.prod(shape)), np.zeros((3, math.prod(shape)))
        colors = small.reshape(-1, 3).T.astype(np.float64)
        for index, weight in _corners(light, cell, shape):
            count += np.bincount(index, weight, len(count))
            for plane, color in zip(total, colors, strict=True):
                plane += np.bincount(index, weight * color, len(plane))
        count = _blurred(count.reshape(shape))
        tones = np.linspace(0, 1, _TONES)
        planes = [(_blurred(t.reshape(shape)) + _EMPTY * tones) / (count + _EMPTY) for t in total]
        grid = np.stack(planes, -1).astype(np.float32)
        return cls(grid, cell * longest / max(height, width))

    def __call__(self, content: Image, place: Place) -> Floats:
        """Return a part (h, w, 3) of the picture, which lies there, without its detail.

        Detail is all that differs in light from what is around. Of what differs in colour it is
        what noise is: differences that are small. Large ones, as of flowers in the grass, stay.
        """
        light = content @ LUMA
        rows, columns = (
            ((np.arange(span.start, span.stop) + 0.5) / self.cell).astype(np.float32)
            for span in place
        )
        found = _sliced(self.grid, rows[:, None], columns[None], light * np.float32(_TONES - 1))
        lighter = (found @ LUMA - light)[..., None]
        color = content + lighter - found
        square = np.einsum("hwc,hwc->hw", color, color)[..., None]
        return np.asarray(found + color * (square / (square + _NOISE)), np.float32)


def _sliced(grid: Floats, *places: Floats) -> Floats:
    """Return the values (h, w, 3) of a grid (A, B, C, 3) between its nodes, trilinearly.

    `places` are counted in nodes along each axis and have shapes that go together.
    """
    wholes = [
        np.minimum(place.astype(np.int32), count - 2)
        for place, count in zip(places, grid.shape, strict=False)
    ]
    a, b, c = (
        (place - whole).astype(np.float32)[..., None]
        for place, whole in zip(places, wholes, strict=True)
    )
    (_, across, deep, _), flat = grid.shape, grid.reshape(-1, grid.shape[3])
    corner = (wholes[0] * across + wholes[1]) * deep + wholes[2]

    def edge(offset: int) -> Floats:
        low: Floats = flat.take(corner + offset, 0)
        low += c * (flat.take(corner + (offset + 1), 0) - low)
        return low

    def face(offset: int) -> Floats:
        low = edge(offset)
        low += b * (edge(offset + deep) - low)
        return low

    low: Floats = face(0)
    low += a * (face(across * deep) - low)
    return low


def _corners(
    light: Array, cell: float, shape: tuple[int, int, int]
) -> Iterator[tuple[NDArray[np.intp], Array]]:
    """Yield the eight nodes around each pixel (N,), and the pixel's weights there."""
    rows, columns = ((np.arange(side) + 0.5) / cell for side in light.shape)
    places = rows[:, None], columns[None], light * (_TONES - 1)
    wholes = [
        np.minimum(place.astype(int), count - 2) for place, count in zip(places, shape, strict=True)
    ]
    i, j, k = wholes
    a, b, c = (place - whole for place, whole in zip(places, wholes, strict=True))
    for corner in np.ndindex(2, 2, 2):
        x, y, z = corner
        index = ((i + x) * shape[1] + j + y) * shape[2] + k + z
        weight = np.abs(1 - x - a) * np.abs(1 - y - b) * np.abs(1 - z - c)
        yield index.ravel(), weight.ravel()


def _blurred(grid: Array) -> Array:
    """Blur a grid by 1, 2, 1 along each axis, with nothing beyond its border."""
    for axis in range(3):
        lines = np.moveaxis(grid, axis, 0)
        padded = np.pad(lines, ((1, 1), (0, 0), (0, 0)))
        grid = np.moveaxis((padded[:-2] + 2 * lines + padded[2:]) / 4, 0, axis)
    return grid
