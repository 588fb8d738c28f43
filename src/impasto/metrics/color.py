"""How far the colours of two pictures are apart, wherever they stand."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from impasto.errors import ImageError
from impasto.images.oklab import to_oklab

_DIRECTIONS, _QUANTILES = 32, 1024


def color_distance(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """Return the sliced Wasserstein distance of two pictures' colours, 0 for the same colours.

    How far colours have to move in Oklab, on average over 32 directions, until both pictures have
    them equally often: Bonneel et al. 2015, "Sliced and Radon Wasserstein barycenters of measures",
    of order 1. White and black are 0.5 apart. The directions lie evenly on a half sphere, so that
    nothing is random.

    Args:
        first: `(H, W, 3)` in `[0, 1]`.
        second: `(h, w, 3)`, of any size.

    Raises:
        ImageError: One of them is no such picture.
    """
    for picture in (first, second):
        if picture.ndim != 3 or picture.shape[2] != 3 or picture.size == 0:
            raise ImageError(
                f"an array of shape {picture.shape} has no colours; expected (height, width, 3)"
            )
    return float(np.abs(_quantiles(first) - _quantiles(second)).mean())


def _quantiles(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the quantiles (32, 1024) of the colours along each direction."""
    colors = to_oklab(picture.reshape(-1, 3)).astype(np.float32)
    along = np.sort(_directions() @ colors.T, 1)
    shares = (np.arange(_QUANTILES) + 0.5) / _QUANTILES
    return along[:, (shares * len(colors)).astype(int)]


def _directions() -> NDArray[np.float32]:
    """Return directions (32, 3) on a half sphere, along a spiral by the golden ratio."""
    number = np.arange(_DIRECTIONS) + 0.5
    height, turn = 1 - number / _DIRECTIONS, np.pi * (1 + 5**0.5) * number
    around = np.sqrt(1 - height**2)
    return np.stack([height, around * np.cos(turn), around * np.sin(turn)], 1).astype(np.float32)
