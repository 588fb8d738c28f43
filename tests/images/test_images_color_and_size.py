"""Resizing and colour transfer."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from image_samples import smooth

from impasto.errors import ImageError
from impasto.images import fit, keep_luminance, match_color, resize

LUMA = np.array([0.299, 0.587, 0.114])


def _noise(seed: int, height: int = 20, width: int = 30) -> Any:
    rng = np.random.default_rng(seed)
    turned = np.linalg.qr(rng.normal(size=(3, 3)))[0] * [[0.02], [0.05], [0.1]]
    mixed = rng.normal(size=(height, width, 3)) @ turned
    return np.clip(0.5 + mixed, 0, 1).astype(np.float32)


@settings(deadline=None, max_examples=30)
@given(height=st.integers(1, 60), width=st.integers(1, 60), value=st.floats(0, 1, width=32))
def test_flat_stays_flat(height: int, width: int, value: float) -> None:
    flat = np.full((20, 30, 3), value, np.float32)
    resized = resize(flat, height, width)
    assert resized.shape == (height, width, 3)
    assert resized.dtype == np.float32
    np.testing.assert_allclose(resized, value, atol=1e-6)


def test_resize_planes_and_range() -> None:
    step = np.zeros((20, 30), np.float32)
    step[:, 15:] = 1
    resized = resize(step, 47, 61)
    assert resized.shape == (47, 61)
    assert resized.min() == 0
    assert resized.max() == 1
    colored = resize(np.repeat(step[..., None], 3, axis=2), 47, 61)
    np.testing.assert_array_equal(colored[..., 1], resized)


def test_resize_is_antialiased_and_keeps_the_array() -> None:
    stripes = np.zeros((64, 64), np.float32)
    stripes[:, ::2] = 1
    before = stripes.copy()
    np.testing.assert_allclose(resize(stripes, 16, 16)[:, 2:-2], 0.5, atol=0.02)
    np.testing.assert_array_equal(stripes, before)
    same = resize(smooth(), 24, 32)
    np.testing.assert_allclose(same, smooth(), atol=1e-6)
    assert not np.shares_memory(same, smooth())


def test_the_same_size_is_the_same_picture_in_the_range() -> None:
    wild = smooth().transpose(1, 0, 2) * 1.5 - 0.25
    same = resize(wild, *wild.shape[:2])
    assert np.array_equal(same, np.clip(wild, 0, 1).astype(np.float32))
    assert same.flags.c_contiguous
    inside = smooth()
    assert not np.shares_memory(resize(inside, *inside.shape[:2]), inside)


@settings(deadline=None, max_examples=30)
@given(height=st.integers(1, 50), width=st.integers(1, 50), longest=st.integers(1, 90))
def test_fit(height: int, width: int, longest: int) -> None:
    fitted = fit(np.zeros((height, width, 3), np.float32), longest)
    assert max(fitted.shape[:2]) == longest
    ideal = longest * min(height, width) / max(height, width)
    assert abs(min(fitted.shape[:2]) - max(1, ideal)) <= 0.5


def test_bad_sizes() -> None:
    for call in (lambda: resize(smooth(), 0, 5), lambda: fit(smooth(), 0)):
        with pytest.raises(ImageError, match=r"at least 1|needs 1"):
            call()
    with pytest.raises(ImageError, match="shape"):
        resize(np.zeros(5), 4, 4)
    with pytest.raises(ImageError, match="shape"):
        fit(np.zeros(5), 4)


@settings(deadline=None, max_examples=30)
@given(first=st.integers(0, 1000), second=st.integers(0, 1000))
def test_keep_luminance_keeps_luma_and_hue(first: int, second: int) -> None:
    rng = np.random.default_rng([first, second])
    result, content = rng.random((2, 16, 16, 3)).astype(np.float32)
    kept = keep_luminance(result, content)
    assert kept.min() >= 0
    assert kept.max() <= 1
    np.testing.assert_allclose(kept @ LUMA, result @ LUMA, atol=1e-5)
    chroma, wanted = kept - (kept @ LUMA)[..., None], content - (content @ LUMA)[..., None]
    np.testing.assert_allclose(np.cross(chroma, wanted), 0, atol=1e-5)


def test_keep_luminance_of_itself_and_extremes() -> None:
    np.testing.assert_allclose(keep_luminance(smooth(), smooth()), smooth(), atol=1e-6)
    for value in (0.0, 1.0):
        flat = np.full((24, 32, 3), value, np.float32)
        np.testing.assert_allclose(keep_luminance(flat, smooth()), value, atol=1e-6)
    with pytest.raises(ImageError, match="same size"):
        keep_luminance(smooth(), smooth(10, 10))


@settings(deadline=None, max_examples=30)
@given(first=st.integers(0, 1000), second=st.integers(0, 1000))
def test_match_color_gives_mean_and_covariance(first: int, second: int) -> None:
    source, reference = _noise(first), _noise(second, 25, 17)
    matched = match_color(source, reference).reshape(-1, 3)
    wanted = reference.reshape(-1, 3)
    np.testing.assert_allclose(matched.mean(0), wanted.mean(0), atol=2e-3)
    np.testing.assert_allclose(np.cov(matched.T), np.cov(wanted.T), atol=2e-4)


def test_match_color_of_itself_and_flat_pictures() -> None:
    np.testing.assert_allclose(match_color(smooth(), smooth()), smooth(), atol=1e-5)
    flat = np.full((20, 20, 3), 0.3, np.float32)
    np.testing.assert_allclose(
        match_color(flat, smooth()), np.broadcast_to(smooth().mean((0, 1)), flat.shape), atol=1e-5
    )
    assert np.abs(match_color(smooth(), flat) - 0.3).max() < 3 / 255
    np.testing.assert_allclose(match_color(flat, flat), 0.3, atol=1e-6)


def test_match_color_leaves_its_arguments() -> None:
    source, reference = _noise(1), _noise(2)
    copies = source.copy(), reference.copy()
    match_color(source, reference)
    np.testing.assert_array_equal(source, copies[0])
    np.testing.assert_array_equal(reference, copies[1])
