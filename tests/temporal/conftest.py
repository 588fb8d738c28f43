"""Drawings that move in a known way."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import pytest

from impasto.drawn import draw
from impasto.metrics.moving import MovingPicture

Film = Callable[..., MovingPicture]
drawing = lru_cache(lambda name: draw(name, size=400))


@pytest.fixture(scope="session")
def film() -> Film:
    """Return a function from moves, and the name of a drawing, to a film of 240x135 pixels.

    With `times`, of so many times larger ones.
    """
    return lambda moves, name="watercolor", times=1: MovingPicture(
        drawing(name), 135 * times, 240 * times, moves
    )
