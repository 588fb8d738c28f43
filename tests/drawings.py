"""Drawings that tests paint with, each drawn once: some take seconds."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from impasto import drawn


@cache
def _drawn(name: str, size: int, seed: int) -> NDArray[np.float32]:
    return drawn.draw(name, size=size, seed=seed)


def draw(name: str, size: int = 512, seed: int = 0) -> NDArray[np.float32]:
    """Return what `impasto.drawn.draw` does, as an array of the caller's own."""
    return _drawn(name, size, seed).copy()
