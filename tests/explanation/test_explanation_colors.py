"""What became of the colours."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impasto.explanation.colors import COLORS, color_changes, from_oklab, oklab, sliced_distance
from impasto.explanation.inputs import Trio


def test_white_black_and_grey() -> None:
    lab = oklab(np.array([[1, 1, 1], [0, 0, 0], [0.5, 0.5, 0.5]], np.float32))
    assert lab[:, 0] == pytest.approx([1, 0, 0.598], abs=1e-3)
    assert np.abs(lab[:, 1:]).max() < 1e-4
    # red, as the paper's author gives it
    assert oklab(np.array([1, 0, 0], np.float32)) == pytest.approx([0.628, 0.225, 0.126], abs=1e-3)


@given(st.lists(st.floats(0, 1, width=32), min_size=3, max_size=3))
def test_there_and_back(color: list[float]) -> None:
    given_color = np.array(color, np.float32)
    assert from_oklab(oklab(given_color)) == pytest.approx(given_color, abs=2e-3)


def test_an_unchanged_picture_flows_into_itself(draw: Any) -> None:
    found = color_changes(Trio(draw(), draw(40, 56, 3), draw()))
    np.testing.assert_array_equal(found.flow, np.diag(np.diag(found.flow)))
    np.testing.assert_allclose(np.diag(found.flow), found.content.shares, atol=1e-6)
    np.testing.assert_array_equal(found.content.colors, found.result.colors)
    assert found.before == found.after
    assert found.lightness[0] == found.lightness[2]
    assert found.chroma[0] == found.chroma[2]


def test_shares_sum_to_one(draw: Any) -> None:
    found = color_changes(Trio(draw(), draw(40, 56, 3), draw(48, 64, 5)))
    for palette in (found.content, found.style, found.result):
        assert palette.colors.shape == (COLORS, 3)
        assert palette.shares.sum() == pytest.approx(1, abs=1e-5)
        lightness = oklab(palette.colors)[:, 0]
        assert (np.diff(lightness) >= -1e-3).all()
    np.testing.assert_allclose(found.flow.sum(1), found.content.shares, atol=1e-5)
    np.testing.assert_allclose(found.flow.sum(0), found.result.shares, atol=1e-5)


def test_two_colours(draw: Any) -> None:
    content = np.zeros((40, 40, 3), np.float32)
    content[:10] = (1, 0, 0)
    result = np.ones_like(content)
    result[:10] = (0, 0, 1)
    found = color_changes(Trio(content, result, result))
    assert found.content.colors == pytest.approx(np.array([[0, 0, 0], [1, 0, 0]]), abs=2e-3)
    assert found.result.colors == pytest.approx(np.array([[0, 0, 1], [1, 1, 1]]), abs=2e-3)
    assert found.flow == pytest.approx(np.array([[0, 0.75], [0.25, 0]]))
    assert found.after == 0
    assert found.before > 0.3


def test_the_distance_of_colours_that_moved() -> None:
    table = np.random.default_rng(0).random((500, 3))
    assert sliced_distance(table, table[::-1]) == pytest.approx(0, abs=1e-12)
    # the mean length of a projection in three dimensions is a half
    step = np.array([0.2, 0, 0])
    moved = sliced_distance(table, table + step)
    assert moved == pytest.approx(0.1, rel=0.15)
    assert sliced_distance(table, table + 2 * step) == pytest.approx(2 * moved)
