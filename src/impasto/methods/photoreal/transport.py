"""Where colours should go: from the distribution of one picture to that of another."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_FAINT = 1e-5  # variance under which a direction of colour is noise, (0.3 % of the range) squared
_GAINS = (0.3, 3.0)  # least and largest stretch of a direction of colour


def sampled(colors: Array, count: int, weights: NDArray[Any] | None = None) -> Array:
    """Return so many of the colours (N, 3), each as often as its weight (N,) says.

    They are taken at equal steps of the weights' running sum, so nothing is random.
    """
    steps = (np.arange(count) + 0.5) / count
    if weights is None:
        return np.asarray(colors[(steps * len(colors)).astype(int)])
    total = np.cumsum(weights, dtype=np.float64)
    found = np.searchsorted(total, steps * total[-1])
    return np.asarray(colors[np.minimum(found, len(colors) - 1)])


def affine(colors: Array, wanted: Array) -> tuple[Array, Array]:
    """Return the matrix (3, 3) and the shift (3,) that bring colours to a mean and a covariance.

    The Monge-Kantorovich map between Gaussians, which moves colours least: Pitie and Kokaram 2007,
    "The linear Monge-Kantorovitch linear colour mapping". Departure: no direction is stretched or
    squeezed more than threefold, so that noise and motif stay as they are.
    """
    have, want = (np.cov(c.T, bias=True) + _FAINT * np.eye(3) for c in (colors, wanted))
    root, inverse = _power(have, 0.5), _power(have, -0.5)
    matrix = inverse @ _power(root @ want @ root, 0.5) @ inverse
    gains, directions = np.linalg.eigh((matrix + matrix.T) / 2)
    matrix = (directions * gains.clip(*_GAINS)) @ directions.T
    return matrix, wanted.mean(0) - matrix @ colors.mean(0)


def moved(colors: Array, wanted: Array, rounds: int, seed: int) -> Array:
    """Return the colours (N, 3), moved until they are spread as as many others are.

    Each round brings the distributions along three axes at right angles to the wanted ones, in
    one dimension each, by sorting: Pitie, Kokaram and Dahyot 2007, "Automated colour grading using
    colour distribution transfer". `seed` draws the axes.
    """
    drawn = np.random.default_rng(seed)
    colors = colors.copy()
    for _ in range(rounds):
        axes, _ = np.linalg.qr(drawn.normal(size=(3, 3)))
        here, there = colors @ axes, np.sort(wanted @ axes, 0)
        order = np.argsort(here, 0, kind="stable")
        change = np.empty_like(here)
        np.put_along_axis(change, order, there - np.take_along_axis(here, order, 0), 0)
        colors += change @ axes.T
    return colors


def _power(matrix: Array, power: float) -> Array:
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.maximum(values, 1e-12) ** power) @ vectors.T)
