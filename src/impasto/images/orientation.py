"""EXIF orientations 1 to 8: how a picture is turned that lies otherwise than it is seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def is_sideways(orientation: int) -> bool:
    """Return whether rows and columns change places."""
    return orientation in (5, 6, 7, 8)


def turned(values: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Apply an orientation; numbers outside 1..8 mean nothing and turn nothing."""
    if is_sideways(orientation):
        values = np.swapaxes(values, 0, 1)
    if orientation in (3, 4, 7, 8):
        values = values[::-1]
    if orientation in (2, 3, 6, 7):
        values = values[:, ::-1]
    return values


def unturned(
    rows: range, columns: range, shape: Sequence[int], orientation: int
) -> tuple[range, range]:
    """Return where rows and columns that are seen lie, ascending; `shape` is the one seen."""
    if orientation in (3, 4, 7, 8):
        rows = _mirrored(rows, shape[0])
    if orientation in (2, 3, 6, 7):
        columns = _mirrored(columns, shape[1])
    return (columns, rows) if is_sideways(orientation) else (rows, columns)


def _mirrored(places: range, length: int) -> range:
    if not places:
        return places
    return range(length - 1 - places[-1], length - places.start, places.step)
