"""The first pass over a content: the statistics of its features.

Moments are sums over places, so parts give what the whole would. Of a picture of more than
`LARGEST` pixels windows on a regular lattice are looked at, whether it is painted in tiles or at
once: statistics of millions of places hardly differ from those of a hundred millions, and the
second pass is what takes the time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.methods.contract import Place
from impasto.methods.realtime.inputs import Layers
from impasto.methods.realtime.model import CELL, STRIDES
from impasto.methods.realtime.statistics import Statistics, around_places, whole_picture
from impasto.methods.realtime.tiles import Tile, spans

Array = NDArray[np.float32]
Look = Callable[[Place], list[Array]]  # of a part: moments of its cells (1, 2C, h, w), by scale

LARGEST = 2**24
WINDOW = 256  # pixels of a window's side
_MOST_BINS = 2**15


@dataclass(frozen=True)
class _Cut:
    """Say how one direction is looked at: in which spans, and into which bin each cell falls."""

    spans: list[tuple[slice, slice]]
    bins: list[NDArray[np.int64]]

    @property
    def count(self) -> int:
        return int(self.bins[-1][-1]) + 1


def find_statistics(
    look: Look, shape: tuple[int, int], layers: Layers, reach: int, tile: int, local: float
) -> Statistics:
    """Return the statistics of a picture (H, W) with its margin.

    `reach` is how many pixels around a cell change its moments, `tile` the side of the parts that
    are looked at, `local` the width of the window of each place as a share of the longest side;
    0 is the whole picture.
    """
    cuts = _cuts(shape, reach, tile, local)
    counts = cuts[0].count, cuts[1].count
    sums = [np.zeros((1, 2 * layers[scale][0], *counts)) for scale in STRIDES]
    cells = np.zeros(counts)
    for part, bins in _parts(cuts):
        found = look(part.outer)
        inside = [
            slice((a.start - b.start) // CELL, (a.stop - b.start) // CELL)
            for a, b in zip(part.inner, part.outer, strict=True)
        ]
        for table, moments in zip(sums, found, strict=True):
            _add(table, moments[:, :, inside[0], inside[1]], bins)
        _add(cells, np.ones([len(b) for b in bins]), bins)
    pitch = shape[0] / counts[0], shape[1] / counts[1]
    tables = {scale: table / cells for scale, table in zip(STRIDES, sums, strict=True)}
    if local == 0:
        return Statistics({s: whole_picture(table) for s, table in tables.items()}, pitch)
    rows, columns = (local * max(shape) / side for side in pitch)
    return Statistics({s: around_places(t, rows, columns) for s, t in tables.items()}, pitch)


def is_large(shape: tuple[int, int]) -> bool:
    """Return whether only windows of a picture (H, W), with its margin, are looked at."""
    return math.prod(shape) > LARGEST


def _cuts(shape: tuple[int, int], reach: int, tile: int, local: float) -> list[_Cut]:
    if is_large(shape):
        height, width = shape
        return [_lattice(height, width, reach), _lattice(width, height, reach)]
    along = 1
    while local and math.prod(-(-side // (CELL * along)) for side in shape) > _MOST_BINS:
        along *= 2
    return [_whole(length, tile, reach, along if local else None) for length in shape]


def _whole(length: int, tile: int, reach: int, along: int | None) -> _Cut:
    """Cut everything; `along` cells share a bin, all without it."""
    cut = list(spans(length, tile, reach))
    cells = np.arange(length // CELL)
    bins = cells * 0 if along is None else cells * -(-length // (CELL * along)) * CELL // length
    return _Cut(cut, [bins[s.start // CELL : s.stop // CELL] for s, _ in cut])


def _lattice(length: int, other: int, reach: int) -> _Cut:
    """Cut windows at even distances, alike in both directions, each of which is a bin."""
    side = min(WINDOW, length)
    most = round(math.sqrt(LARGEST) / WINDOW)
    count = max(1, min(round(most * math.sqrt(length / other)), length // side))
    outer = min(length, side + 2 * reach)
    cut = []
    for i in range(count):
        middle = (i + 0.5) * length / count
        start = min(max(round((middle - side / 2) / CELL) * CELL, 0), length - side)
        first = min(max(start - reach, 0), length - outer)
        cut.append((slice(start, start + side), slice(first, first + outer)))
    return _Cut(cut, [np.full(side // CELL, i) for i in range(count)])


def _parts(cuts: Sequence[_Cut]) -> Iterator[tuple[Tile, list[NDArray[np.int64]]]]:
    for (rows, outer_rows), row_bins in zip(cuts[0].spans, cuts[0].bins, strict=True):
        for (columns, outer_columns), column_bins in zip(cuts[1].spans, cuts[1].bins, strict=True):
            yield Tile((rows, columns), (outer_rows, outer_columns)), [row_bins, column_bins]


def _add(table: NDArray[np.float64], values: NDArray[Any], bins: Sequence[NDArray[Any]]) -> None:
    """Add values (..., h, w) to the bins of a table (..., H, W)."""
    for axis, numbers in zip((-2, -1), bins, strict=True):
        _, starts = np.unique(numbers, return_index=True)
        values = np.add.reduceat(values, starts, axis, np.float64)
    rows, columns = (slice(numbers[0], numbers[-1] + 1) for numbers in bins)
    table[..., rows, columns] += values
