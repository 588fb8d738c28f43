"""Structural similarity of two pictures, in plain numpy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from impasto.errors import ImageError
from impasto.images.color import LUMA
from impasto.images.detail import steepness

WINDOW = 7
C1, C2 = 0.01**2, 0.03**2


def ssim(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """Return the structural similarity of two pictures' grey, 1 for equal ones.

    Wang et al. 2004, "Image Quality Assessment", equation 13, averaged over all 7x7 windows that
    lie within the pictures. Grey is the mean of red, green and blue. Departures: a window's
    pixels count alike, without a Gaussian, and variances are divided by 49 and not by 48.

    Args:
        first: `(H, W, 3)` in `[0, 1]`.
        second: The same.

    Raises:
        ImageError: The pictures are not of one size, or are smaller than a window.
    """
    _check(first, second)
    x, y = (picture.mean(axis=2, dtype=np.float64) for picture in (first, second))
    return _ssim(x, y)


def edge_ssim(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """Return the structural similarity of two pictures' edges, 1 for equal ones.

    An edge is how steep the luma is, the length of its gradient by Sobel's filter, an eighth of it,
    so that it is a change for each pixel. A result of twice the contrast has edges twice as steep
    and counts as different: nothing is normalised.

    Args:
        first: `(H, W, 3)` in `[0, 1]`.
        second: The same.

    Raises:
        ImageError: The pictures are not of one size, or are smaller than a window.
    """
    _check(first, second)
    x, y = (steepness(picture @ LUMA) for picture in (first, second))
    return _ssim(x, y)


def _check(first: NDArray[np.float32], second: NDArray[np.float32]) -> None:
    if first.shape != second.shape or first.ndim != 3:
        raise ImageError(
            f"pictures of shapes {first.shape} and {second.shape} cannot be compared: "
            "resize them to one (height, width, 3)"
        )
    if min(first.shape[:2]) < WINDOW:
        raise ImageError(
            f"a picture of shape {first.shape} is too small: each side needs {WINDOW} px"
        )


def _ssim(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    mean_x, mean_y = _window_means(x), _window_means(y)
    variances = _window_means(x * x) - mean_x**2 + (_window_means(y * y) - mean_y**2)
    covariance = _window_means(x * y) - mean_x * mean_y
    light = (2 * mean_x * mean_y + C1) / (mean_x**2 + mean_y**2 + C1)
    return float((light * (2 * covariance + C2) / (variances + C2)).mean())


def _window_means(plane: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of every window within a plane (H, W): (H - 6, W - 6)."""
    height, width = (side - WINDOW + 1 for side in plane.shape)
    rows = np.zeros((height, plane.shape[1]))
    for shift in range(WINDOW):
        rows += plane[shift : shift + height]
    sums = np.zeros((height, width))
    for shift in range(WINDOW):
        sums += rows[:, shift : shift + width]
    return sums / WINDOW**2
