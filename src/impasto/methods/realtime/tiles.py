"""Cut pictures into tiles, each with as much around it as changes what is painted in it.

Rows and columns are counted from the beginning of the margin, by which the picture is continued.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from impasto.methods.contract import Image, Part, Pixels, Place
from impasto.methods.realtime.model import CELL, MARGIN


@dataclass(frozen=True)
class Tile:
    """Name a part of a picture, and the larger part that it depends on."""

    inner: Place
    outer: Place

    def place(self, shape: Sequence[int]) -> Place:
        """Return where the tile lies in a picture (H, W) without its margin."""
        rows, columns = (
            slice(max(span.start - MARGIN, 0), min(span.stop - MARGIN, length))
            for span, length in zip(self.inner, shape, strict=False)
        )
        return rows, columns

    def part(self, painted: Image, shape: Sequence[int]) -> Part:
        """Return the tile's part of a picture (H, W), of what is painted of the larger part.

        That has no margin.
        """
        place = self.place(shape)
        rows, columns = (
            slice(span.start - outer.start, span.stop - outer.start)
            for span, outer in zip(place, self.outer, strict=True)
        )
        return Part(place, painted[rows, columns])


def least_tile(side: int) -> int:
    """Return a tile's side, a multiple of a cell; the first holds more than the margin."""
    return max(2 * CELL, side // CELL * CELL)


def with_margin(shape: Sequence[int]) -> tuple[int, int]:
    """Return height and width of a picture (H, W) with its margin: multiples of a cell."""
    height, width = (side + 2 * MARGIN + -side % CELL for side in shape[:2])
    return height, width


def mirrored(picture: Pixels, part: Place) -> Image:
    """Return a part of a picture that is mirrored beyond its border.

    The network would paint a frame there.
    """
    place, beyond = [], []
    for span, length in zip(part, picture.shape, strict=False):
        start, stop = span.start - MARGIN, span.stop - MARGIN
        place.append(slice(max(start, 0), min(stop, length)))
        beyond.append((max(-start, 0), max(stop - length, 0)))
    inner = picture[place[0], place[1]]
    beyond += [(0, 0)] * (inner.ndim - 2)
    return np.pad(inner, beyond, mode="symmetric")


def tiles_of(shape: Sequence[int], side: int, halo: int) -> list[Tile]:
    """Return the tiles, `side` pixels large, of a picture (H, W) with its margin."""
    height, width = shape
    return [
        Tile((rows, columns), (outer_rows, outer_columns))
        for rows, outer_rows in spans(height, side, halo)
        for columns, outer_columns in spans(width, side, halo)
    ]


def spans(length: int, side: int, halo: int) -> Iterator[tuple[slice, slice]]:
    """Cut a length into about equal spans of about `side`, each with the halo around it.

    All surroundings have one length, so that the engine compiles for one shape; equal spans are
    the least work in all. None is more than three cells longer than `side`, as a margin does not
    make a tile of its own.
    """
    count = max(1, -(-(length - 3 * CELL) // side))
    even = min(side, -(-length // (count * CELL)) * CELL)
    starts = [start for start in range(0, length, even) if start < max(1, length - 3 * CELL)]
    ends = [*starts[1:], length]
    longest = max(stop - start for start, stop in zip(starts, ends, strict=True))
    window = min(length, longest + 2 * halo)
    for start, stop in zip(starts, ends, strict=True):
        first = min(max(0, start - halo), length - window)
        yield slice(start, stop), slice(first, first + window)


def assembled(parts: Iterable[Part], shape: Sequence[int]) -> Image:
    """Return the picture (H, W, 3) that parts make up."""
    out = None
    for part in parts:
        if part.pixels.shape == tuple(shape):
            return part.pixels
        if out is None:
            out = np.empty(tuple(shape), np.float32)
        out[part.place] = part.pixels
    assert out is not None
    return out
