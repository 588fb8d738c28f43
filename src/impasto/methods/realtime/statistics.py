"""The statistics that features are normalised by: a whole picture's, or those around places."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from impasto.methods.contract import Place
from impasto.methods.realtime.model import STRIDES

Array = NDArray[np.float32]
Wide = NDArray[np.float64]

EPSILON = 1e-4


@dataclass(frozen=True)
class Statistics:
    """Hold means and deviations by scale, (1, 2C, h, w), of `pitch` pixels each; or (1, 2C, 1, 1).

    Pixels are counted from the beginning of the margin.
    """

    tables: dict[str, Array]
    pitch: tuple[float, float]

    def of(self, part: Place) -> dict[str, Array]:
        """Return those of a part by scale: one for all, or one for each place."""
        found = {}
        for scale, table in self.tables.items():
            for axis, (span, pitch) in enumerate(zip(part, self.pitch, strict=True), 2):
                if self.tables[scale].shape[2:] != (1, 1):
                    table = _at_places(table, span, STRIDES[scale], pitch, axis)
            found[scale] = table
        return found


def whole_picture(moments: Array | Wide) -> Array:
    """Return means and deviations (1, 2C, 1, 1) of moments (1, 2C, h, w)."""
    mean, square = np.split(moments.mean((2, 3), keepdims=True, dtype=np.float64), 2, 1)
    return _statistics(mean, square)


def around_places(moments: Array | Wide, rows: float, columns: float) -> Array:
    """Return statistics (1, 2C, h, w) of a soft window around each place, so many places large."""
    averaged = _blurred(_blurred(moments.astype(np.float64), rows, 2), columns, 3)
    mean, square = np.split(averaged, 2, 1)
    return _statistics(mean, square)


def _statistics(mean: Wide, square: Wide) -> Array:
    variance = (square - mean**2).clip(0)
    both = np.concatenate([mean, np.sqrt(variance + EPSILON)], 1)
    return both.astype(np.float32)


def _blurred(values: Wide, width: float, axis: int) -> Wide:
    """Blur along an axis by a Gaussian of deviation width / 4; the border counts less, not as 0."""
    count = values.shape[axis]
    places = np.arange(count)
    kernel = np.exp(-0.5 * ((places[:, None] - places) / max(width / 4, 0.25)) ** 2)
    kernel /= kernel.sum(1, keepdims=True)
    return np.moveaxis(np.tensordot(kernel, values, (1, axis)), 0, axis)


def _at_places(table: Array, span: slice, stride: int, pitch: float, axis: int) -> Array:
    """Interpolate linearly along an axis, at every `stride` pixels of a span."""
    count = table.shape[axis]
    centers = span.start + stride * (np.arange((span.stop - span.start) // stride) + 0.5)
    where = (centers / pitch - 0.5).clip(0, count - 1)
    low = np.floor(where).astype(int).clip(0, max(count - 2, 0))
    shape = [1] * 4
    shape[axis] = len(where)
    share = (where - low).astype(np.float32).reshape(shape)
    high = np.minimum(low + 1, count - 1)
    return np.take(table, low, axis) * (1 - share) + np.take(table, high, axis) * share  # type: ignore[no-any-return]
