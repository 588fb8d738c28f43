"""Grey pictures that are read in parts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from impasto.errors import ImageError
from impasto.images import resize
from impasto.methods.guides import Everywhere, Guide, Shares

Array = NDArray[np.float32]
PLACE = slice(7, 29), slice(11, 40)
CONTENT = np.zeros((50, 60, 3), np.float32)


def grey(height: int, width: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).random((height, width), np.float32)


@pytest.mark.parametrize("shape", [(50, 60), (25, 30), (100, 120), (17, 20)])
def test_a_guide_is_resized_to_the_content(shape: tuple[int, int]) -> None:
    guide = Guide(grey(*shape), CONTENT.shape, "a mask")
    assert guide.shape == (50, 60)
    expected = grey(*shape) if shape == (50, 60) else resize(grey(*shape), 50, 60)
    np.testing.assert_allclose(guide[PLACE], expected[PLACE], atol=1e-5)


@pytest.mark.parametrize(("shape", "told"), [((50, 62), "62x50"), ((60, 50), "50x60")])
def test_other_proportions_are_told(shape: tuple[int, int], told: str) -> None:
    with pytest.raises(ImageError, match=f"mask 2 is {told}, the content 60x50"):
        Shares([grey(50, 60), grey(*shape)], (0.5, 0.5), Everywhere(1, CONTENT.shape), CONTENT)


@given(
    st.integers(1, 3), st.booleans(), st.sampled_from([1.0, 0.3]), st.sampled_from([0.0, 0.5, 1.0])
)
def test_shares_sum_to_one_everywhere(
    count: int, masked: bool, strength: float, least: float
) -> None:
    masks = [(grey(50, 60, i) > least).astype(np.float32) for i in range(count)] if masked else []
    blend = np.arange(1, count + 1) / sum(range(count + 1))
    shares = Shares(masks, blend.tolist(), Everywhere(strength, CONTENT.shape), CONTENT)
    each = [shares.of_style(i)[PLACE] for i in range(count)]
    own = shares.of_content()[PLACE]
    assert all(part.shape == (22, 29) and part.min() >= 0 for part in each)
    np.testing.assert_allclose(sum(each) + own, 1, atol=1e-6)
    np.testing.assert_allclose(own, 1 - strength, atol=1e-6)


def test_parts_are_those_of_the_whole_in_any_order() -> None:
    masks = [grey(25, 30, 1), grey(50, 60, 2)]
    strength = Guide(grey(100, 120, 3), CONTENT.shape, "the strength map")
    shares = Shares(masks, (0.25, 0.75), strength, CONTENT)
    whole = shares.rows((slice(0, 50), slice(0, 60))).copy()
    for place in (PLACE, (slice(0, 5), slice(0, 60)), PLACE):
        for number, row in enumerate([shares.of_style(0), shares.of_style(1), shares.of_content()]):
            assert row.shape == (50, 60)
            np.testing.assert_allclose(row[place], whole[number][place], atol=1e-5)
