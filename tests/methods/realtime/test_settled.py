"""What a painter finds in frames of a film, settled over time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from impasto.methods.realtime.settled import Settled

Array = NDArray[np.float32]


def distance(one: Array, two: Array) -> float:
    return float(np.abs(one - two).mean())


@given(st.lists(st.floats(-10, 10, width=32), min_size=1, max_size=6))
def test_the_first_values_count_alike(values: list[float]) -> None:
    settled = Settled(0.9)
    for value in values:
        last = settled("x", np.array([value], np.float32))
    assert last[0] == pytest.approx(np.mean(values), abs=1e-4)


def test_later_values_are_followed_by_so_much() -> None:
    settled, zero, one = Settled(0.5), np.zeros(2, np.float32), np.ones(2, np.float32)
    for _ in range(4):
        settled("x", zero)
    assert np.array_equal(settled("x", one), one / 2)
    assert np.array_equal(settled("x", one), one * 0.75)
    last = settled.last("x")
    assert last is not None
    assert np.array_equal(last, one * 0.75)


def test_another_shape_or_a_new_shot_begins_anew() -> None:
    settled = Settled()
    settled("x", np.zeros(2, np.float32))
    assert np.array_equal(settled("x", np.ones(3, np.float32)), np.ones(3))
    settled.forget()
    assert settled.last("x") is None
    assert np.array_equal(settled("x", np.full(2, 5, np.float32)), np.full(2, 5))


@pytest.mark.parametrize("options", [{}, {"local": 0.5}, {"strength": 0.5}], ids=str)
def test_a_film_of_one_picture_is_that_picture(
    styled: Any, scene: Array, options: dict[str, Any]
) -> None:
    plain = styled("ink", precision="float32", **options)
    film = plain.of_film(0.9)
    for _ in range(3):
        assert np.abs(film(scene) - plain(scene)).max() < 1 / 255
    assert plain.settled is None


def test_frames_are_followed_slowly_and_shots_at_once(styled: Any, scene: Array) -> None:
    plain = styled("ink", precision="float32")
    dark = np.ascontiguousarray(scene * np.float32(0.3))
    film = plain.of_film(0.9)
    for _ in range(12):
        film(scene)
    # by itself, its light would be evened out; the film's says that it is dark
    apart = distance(film(dark), plain(dark))
    assert apart > 0.02
    for _ in range(60):
        later = film(dark)
    assert distance(later, plain(dark)) < apart / 4
    film.begin_shot()
    assert np.abs(film(scene) - plain(scene)).max() < 1 / 255
