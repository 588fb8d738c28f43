"""The noise that strokes grow from where a content is empty (Ulyanov et al. 2016).

It comes in at 1/16 alone, and neighbouring places are alike: finer noise, and white noise, grew
into a stroke for each cell of a grid, all in line.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

_PERIOD = 509  # places after which the noise repeats itself
_KERNEL = np.array([1, 2, 1], np.float32) / np.sqrt(np.float32(6))  # deviations stay 1


def noise(part: tuple[slice, slice], stride: int) -> Array:
    """Return the noise of a part of any picture, (1, 1, H/stride, W/stride), always the same."""
    rows, columns = (np.arange(s.start // stride, s.stop // stride) % _PERIOD for s in part)
    found: Array = _everywhere(stride)[rows][:, columns][None, None]
    return found


def smooth_noise(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Return noise (..., H, W) of mean 0 and deviation 1, without a seam where it is repeated."""
    values: Array = rng.standard_normal(shape, np.float32)
    for axis in (-2, -1):
        shifted = (np.roll(values, shift, axis) for shift in (-1, 0, 1))
        values = sum(w * x for w, x in zip(_KERNEL, shifted, strict=True))  # type: ignore[assignment]
    return values


@lru_cache(maxsize=4)
def _everywhere(stride: int) -> Array:
    return smooth_noise(np.random.default_rng(stride), (_PERIOD, _PERIOD))
