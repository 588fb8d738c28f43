"""Means and covariances of colours, and the matrices that take them away or put them on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from impasto.methods.contract import Pixels
from impasto.methods.realtime.settled import Settled

Array = NDArray[np.float32]

LEAST_VARIANCE = 1e-3  # so that the noise of a grey content is not made colourful
_SAMPLES = 2**14


def color_statistics(image: Pixels) -> tuple[Array, Array]:
    """Return the mean (3,) and the covariance (3, 3) of the colours of (H, W, 3).

    Of large pictures, pixels of a regular grid are looked at, some sixteen thousand.
    """
    step = max(1, int((image.shape[0] * image.shape[1] / _SAMPLES) ** 0.5))
    planes = image[::step, ::step].transpose(2, 0, 1).reshape(3, -1).astype(np.float64)
    mean = planes.mean(1)
    planes -= mean[:, None]
    covariance = planes @ planes.T / planes.shape[1]
    return mean.astype(np.float32), covariance.astype(np.float32)


def color_code(image: Pixels, settled: Settled | None = None) -> Array:
    """Return the colours' part of a code: mean and root of the covariance, (12,)."""
    mean, covariance = _settled_statistics(image, settled, "colors")
    values, vectors = np.linalg.eigh(covariance.astype(np.float64))
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    return np.concatenate([mean, root.astype(np.float32).ravel()])


def whitening(image: Pixels, settled: Settled | None = None) -> Array:
    """Return (3, 4): the matrix that makes the colours white, and what is added after."""
    mean, covariance = _settled_statistics(image, settled, "white")
    values, vectors = np.linalg.eigh(covariance.astype(np.float64))
    matrix = (vectors / np.sqrt(values.clip(0) + LEAST_VARIANCE)) @ vectors.T
    return np.column_stack([matrix, -matrix @ mean]).astype(np.float32)


def coloring(code: Array) -> Array:
    """Return (3, 4): the matrix that gives white colours those of a code, and its mean."""
    return np.column_stack([code[-9:].reshape(3, 3), code[-12:-9]]).astype(np.float32)


def _settled_statistics(image: Pixels, settled: Settled | None, name: str) -> tuple[Array, Array]:
    mean, covariance = color_statistics(image)
    if settled is not None:
        mean = settled(f"{name}_mean", mean)
        covariance = settled(f"{name}_covariance", covariance)
    return mean, covariance
