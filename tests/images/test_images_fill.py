"""What is hidden is filled with what is seen, and that stays as it is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impasto.images import fill_hidden


def test_a_row_goes_on_to_and_fro() -> None:
    row = np.arange(8, dtype=np.float32)[None, :, None].repeat(3, 2) / 8
    shown = np.zeros((1, 8), bool)
    shown[0, 2:4] = True
    found = fill_hidden(row, shown)[0, :, 0] * 8
    assert found.tolist() == [3, 2, 2, 3, 3, 2, 2, 3]
    shown[0, 7] = True
    assert (fill_hidden(row, shown)[0, :, 0] * 8).tolist() == [3, 2, 2, 3, 3, 2, 7, 7]


def test_rows_that_show_little_are_filled_from_others(draw: Any) -> None:
    picture, shown = draw(48, 64), np.zeros((48, 64), bool)
    shown[10:20] = True
    shown[30, :8] = True
    found = fill_hidden(picture, shown)
    assert np.array_equal(found[20:30], picture[19:9:-1])
    assert np.array_equal(found[30, :8], picture[30, :8])
    assert np.array_equal(found[30, 8:], picture[10, 8:])
    assert fill_hidden(picture, np.ones_like(shown)) is picture


@given(st.integers(0, 2**32 - 1), st.floats(0.01, 0.9))
def test_only_what_is_seen_is_in_it(seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    shown = rng.random((9, 7)) < share
    shown[rng.integers(9), rng.integers(7)] = True
    picture = rng.random((9, 7, 3), dtype=np.float32)
    hidden = np.where(shown[..., None], picture, -1).astype(np.float32)
    found = fill_hidden(hidden, shown)
    assert found.min() >= 0
    assert np.array_equal(found[shown], picture[shown])
    seen = {tuple(color) for color in picture[shown].tolist()}
    assert {tuple(color) for color in found.reshape(-1, 3).tolist()} <= seen


@pytest.mark.parametrize("side", ["left", "top"])
def test_texture_goes_on(side: str, draw: Any) -> None:
    """The statistics of a half that is filled are those of the whole texture."""
    rng = np.random.default_rng(1)
    texture = (0.5 + 0.2 * rng.standard_normal((64, 64, 3))).astype(np.float32)
    shown = np.zeros((64, 64), bool)
    shown[(slice(None), slice(20)) if side == "left" else slice(20)] = True
    found = fill_hidden(np.where(shown[..., None], texture, 0), shown)
    assert np.abs(found.std((0, 1)) - texture.std((0, 1))).max() < 0.02
    assert np.abs(np.diff(found, axis=1)).mean() > 0.9 * np.abs(np.diff(texture, axis=1)).mean()
