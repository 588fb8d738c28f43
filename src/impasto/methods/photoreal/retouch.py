"""Smooth skin and sky, and keep edges."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from impasto.images.color import LUMA
from impasto.methods.contract import Image

Array = NDArray[np.float64]

_REACH = 1 / 160  # of the longest side: half a window
_EDGE = 0.04**2  # variance of light at which a window is half an edge


def reach(longest: int) -> int:
    """Return half a window in pixels, for a picture whose longest side is so many."""
    return max(1, round(longest * _REACH))


def halo(longest: int) -> int:
    """Return how far around a place pixels change it."""
    return 2 * reach(longest)


def smoothed(picture: Image, radius: int) -> Image:
    """Return a picture (H, W, 3) that is smooth where its light hardly varies.

    The guided filter, guided by the picture's own luma: He, Sun and Tang 2013, "Guided image
    filtering", equations 11 to 13. At the border windows end with the picture.
    """
    guide = (picture @ LUMA).astype(np.float64)
    mean = _means(guide, radius)
    variance = _means(guide**2, radius) - mean**2
    out = np.empty_like(picture)
    for channel in range(3):
        plane = picture[..., channel].astype(np.float64)
        average = _means(plane, radius)
        slope = (_means(guide * plane, radius) - mean * average) / (variance + _EDGE)
        shift = average - slope * mean
        out[..., channel] = _means(slope, radius) * guide + _means(shift, radius)
    return out.clip(0, 1)


def _means(plane: Array, radius: int) -> Array:
    """Return the mean of each pixel's window, whose sides are 2 radius + 1 where they fit."""
    for axis in (0, 1):
        length = plane.shape[axis]
        shape = [side + (2 * radius + 1) * (i == axis) for i, side in enumerate(plane.shape)]
        sums = np.zeros(shape)  # of all before a place, which starts `radius` places in
        inner, ends = np.moveaxis(sums, axis, 0), np.arange(length) + radius + 1
        np.cumsum(np.moveaxis(plane, axis, 0), 0, out=inner[radius + 1 : radius + 1 + length])
        inner[radius + 1 + length :] = inner[radius + length]
        counts = np.minimum(ends, length) - np.maximum(ends - (2 * radius + 1), 0)
        means = (inner[2 * radius + 1 :] - inner[: -2 * radius - 1]) / counts[:, None]
        plane = np.moveaxis(means, 0, axis)
    return plane
