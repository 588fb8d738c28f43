"""Cut pictures into tiles, each with as much around it as changes what is painted in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from impasto.methods.realtime.model import CELL, MARGIN


@dataclass(frozen=True)
class Tile:
    """Name a part of a picture by rows and columns, and the larger part that it depends on.

    All are counted from the beginning of the margin.
    """

    rows: slice
    columns: slice
    outer_rows: slice
    outer_columns: slice


def around(height: int, width: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return how many pixels a picture is continued by above, below, left and right."""
    return (MARGIN, MARGIN + -height % CELL), (MARGIN, MARGIN + -width % CELL)


def tiles_of(shape: Sequence[int], side: int, halo: int) -> list[Tile]:
    """Return the tiles of a picture (H, W) with its margin, `side` pixels large."""
    height, width = shape
    return [
        Tile(rows, columns, outer_rows, outer_columns)
        for rows, outer_rows in spans(height, side, halo)
        for columns, outer_columns in spans(width, side, halo)
    ]


def painted_part(tile: slice, outer: slice, length: int) -> tuple[slice, slice]:
    """Return where a tile lies in a picture of that length, and where in what is painted of it.

    The tile and what surrounds it are counted from the beginning of the margin.
    """
    start = max(tile.start - MARGIN, 0)
    stop = min(tile.stop - MARGIN, length)
    return slice(start, stop), slice(start - outer.start, stop - outer.start)


def length(span: slice) -> int:
    """Return how many pixels a span has."""
    return int(span.stop - span.start)


def spans(length: int, side: int, halo: int) -> Iterator[tuple[slice, slice]]:
    """Cut a length into spans of `side`, each with what surrounds it, the halo at least.

    All surroundings have one length, so that the engine compiles for one shape.
    """
    most = side + 3 * CELL  # a margin does not make a tile of its own
    count = max(1, -(-(length - 3 * CELL) // side))
    window = min(length, most + 2 * halo)
    for i in range(count):
        start, stop = i * side, length if i + 1 == count else (i + 1) * side
        first = min(max(0, start - halo), length - window)
        yield slice(start, stop), slice(first, first + window)
