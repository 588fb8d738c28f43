"""From moments in cells to the statistics that a tile, or a place, is normalised by."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

EPSILON = 1e-4


def whole_picture(moments: Array) -> Array:
    """Return means and deviations (1, 2C, 1, 1) of moments (1, 2C, h, w)."""
    mean, square = np.split(moments.mean((2, 3), keepdims=True, dtype=np.float64), 2, 1)
    return _statistics(mean, square)


def around_places(moments: Array, cells: float) -> Array:
    """Return statistics (1, 2C, h, w) of a soft window of `cells` cells' width at each place."""
    averaged = _blurred(_blurred(moments.astype(np.float64), cells, 2), cells, 3)
    mean, square = np.split(averaged, 2, 1)
    return _statistics(mean, square)


def enlarged(maps: Array, height: int, width: int) -> Array:
    """Return maps (1, C, h, w) at a multiple of their size, interpolated linearly."""
    return _stretched(_stretched(maps, height, 2), width, 3)


def _statistics(mean: NDArray[np.float64], square: NDArray[np.float64]) -> Array:
    variance = (square - mean**2).clip(0)
    both = np.concatenate([mean, np.sqrt(variance + EPSILON)], 1)
    return both.astype(np.float32)


def _blurred(values: NDArray[np.float64], width: float, axis: int) -> NDArray[np.float64]:
    """Blur along an axis by a Gaussian of deviation width / 4; the border counts less, not as 0."""
    count = values.shape[axis]
    places = np.arange(count)
    kernel = np.exp(-0.5 * ((places[:, None] - places) / max(width / 4, 0.25)) ** 2)
    kernel /= kernel.sum(1, keepdims=True)
    return np.moveaxis(np.tensordot(kernel, values, (1, axis)), 0, axis)


def _stretched(maps: Array, size: int, axis: int) -> Array:
    count = maps.shape[axis]
    where = ((np.arange(size) + 0.5) * count / size - 0.5).clip(0, count - 1)
    low = np.floor(where).astype(int).clip(0, max(count - 2, 0))
    share = (where - low).astype(np.float32)
    shape = [1] * 4
    shape[axis] = size
    share = share.reshape(shape)
    high = np.minimum(low + 1, count - 1)
    return np.take(maps, low, axis) * (1 - share) + np.take(maps, high, axis) * share  # type: ignore[no-any-return]
