"""Colours as they are seen: Ottosson 2020, "A perceptual color space for image processing"."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_OPPONENTS = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
_FROM_CONES, _FROM_OPPONENTS = np.linalg.inv(_CONES), np.linalg.inv(_OPPONENTS)


def to_oklab(colors: NDArray[Any]) -> Array:
    """Return Oklab (..., 3) of sRGB (..., 3): lightness 0 to 1, then green to red, blue to yellow.

    Chroma is at most about 0.32.
    """
    colors = np.asarray(colors, np.float64)
    light = np.where(
        colors <= 0.04045, colors / 12.92, ((np.maximum(colors, 0) + 0.055) / 1.055) ** 2.4
    )
    return np.asarray(np.cbrt(light @ _CONES.T) @ _OPPONENTS.T)


def from_oklab(lab: NDArray[Any]) -> Array:
    """Return sRGB (..., 3) of Oklab (..., 3); what no screen shows is outside [0, 1]."""
    light = (np.asarray(lab, np.float64) @ _FROM_OPPONENTS.T) ** 3 @ _FROM_CONES.T
    bright = 1.055 * np.maximum(light, 0.0031308) ** (1 / 2.4) - 0.055
    return np.where(light <= 0.0031308, 12.92 * light, bright)


def shown(lab: NDArray[Any]) -> Array:
    """Return the nearest sRGB (..., 3) in [0, 1] of the same lightness and hue.

    Chroma is reduced, by bisection, to what a screen shows.
    """
    lab = np.array(lab, np.float64)
    lab[..., 0] = lab[..., 0].clip(0, 1)
    low, high = np.zeros(lab.shape[:-1]), np.ones(lab.shape[:-1])
    share = high
    for _ in range(12):
        colors = from_oklab(_faded(lab, share))
        fits = (np.abs(colors - 0.5) <= 0.5001).all(-1)
        low, high = np.where(fits, share, low), np.where(fits, high, share)
        share = np.where(low == 1, 1, (low + high) / 2)
    return np.asarray(from_oklab(_faded(lab, low)).clip(0, 1))


def _faded(lab: Array, share: Array) -> Array:
    return np.concatenate([lab[..., :1], lab[..., 1:] * share[..., None]], -1)
