"""Statistics of a picture, and of places, from moments in cells."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from impasto.methods.realtime.statistics import EPSILON, Statistics, around_places, whole_picture

Array = NDArray[np.float32]
seeds = st.integers(0, 2**32)
cells = st.integers(1, 9)


def field(seed: int, height: int, width: int, channels: int = 3) -> Array:
    rng = np.random.default_rng(seed)
    offsets = rng.normal(0, 3, (1, channels, 1, 1))
    return (rng.normal(0, 1, (1, channels, height, width)) + offsets).astype(np.float32)


def moments(values: Array, side: int = 4) -> Array:
    both = np.concatenate([values, values**2], 1)
    count, channels, height, width = both.shape
    shape = (count, channels, height // side, side, width // side, side)
    return both.reshape(shape).mean((3, 5))  # type: ignore[no-any-return]


def expected(values: Array) -> Array:
    mean = values.mean((2, 3), keepdims=True, dtype=np.float64)
    variance = values.var((2, 3), keepdims=True, dtype=np.float64)
    both = np.concatenate([mean, np.sqrt(variance + EPSILON)], 1)
    return both.astype(np.float32)


@given(seeds, cells, cells)
def test_the_whole_picture_has_the_fields_mean_and_deviation(
    seed: int, height: int, width: int
) -> None:
    values = field(seed, 4 * height, 4 * width)
    found = whole_picture(moments(values))
    assert found.shape == (1, 6, 1, 1)
    assert found.dtype == np.float32
    assert np.allclose(found, expected(values), rtol=1e-3, atol=1e-4)


def test_a_constant_field_is_finite() -> None:
    values = np.full((1, 2, 8, 8), 100, np.float32)
    for found in (whole_picture(moments(values)), around_places(moments(values), 2, 2)):
        assert np.allclose(found[:, :2], 100)
        assert np.isfinite(found).all()
        # rounding never makes a variance negative, nor the deviation smaller than this
        assert found[:, 2:].min() >= EPSILON**0.5 * (1 - 1e-5)


@given(seeds, cells, cells)
def test_a_huge_window_is_the_whole_picture(seed: int, height: int, width: int) -> None:
    table = moments(field(seed, 4 * height, 4 * width))
    found = around_places(table, 1e4, 1e4)
    assert found.shape == table.shape
    whole = np.broadcast_to(whole_picture(table), found.shape)
    assert np.allclose(found, whole, rtol=1e-3, atol=1e-4)


def test_a_window_sees_its_neighbourhood_only() -> None:
    values = np.zeros((1, 1, 64, 128), np.float32)
    values[..., 64:] = 1
    found = around_places(moments(values), 4, 4)
    assert np.allclose(found[0, 0, :, :10], 0, atol=1e-3)
    assert np.allclose(found[0, 0, :, -10:], 1, atol=1e-3)
    assert np.allclose(found[0, 0, :, 15:17].mean(), 0.5, atol=1e-3)
    # the border is not darkened by what is not there
    ones = np.ones((1, 2, 5, 7), np.float32)
    assert np.allclose(around_places(ones, 3, 3)[:, 0], 1)


def at_places(maps: Array, pitch: int, part: Any) -> Array:
    return Statistics({"fine": maps}, (pitch, pitch)).of(part)["fine"]


@given(seeds, cells, cells, st.sampled_from([1, 2, 4]))
def test_statistics_of_places_are_interpolated(
    seed: int, height: int, width: int, factor: int
) -> None:
    maps = field(seed, height, width)
    pitch = 4 * factor  # fine features lie 4 pixels from each other
    whole = slice(0, height * pitch), slice(0, width * pitch)
    found = at_places(maps, pitch, whole)
    assert found.dtype == np.float32
    wanted = torch.from_numpy(maps)
    if height * width > 1:  # one for all stays one
        wanted = torch.nn.functional.interpolate(
            wanted, scale_factor=factor, mode="bilinear", align_corners=False
        )
    assert np.allclose(found, wanted.numpy(), atol=1e-5)
    assert np.allclose(found.mean((2, 3)), maps.mean((2, 3)), atol=1e-4)


@given(seeds, st.integers(2, 9), st.integers(2, 9), st.data())
def test_statistics_of_a_part_are_a_part_of_those_of_all(
    seed: int, height: int, width: int, data: Any
) -> None:
    maps, pitch = field(seed, height, width), 24
    spans = []
    for side in (height * pitch // 8, width * pitch // 8):
        start = data.draw(st.integers(0, side - 1))
        spans.append((start, data.draw(st.integers(start + 1, side))))
    part = tuple(slice(8 * start, 8 * stop) for start, stop in spans)
    whole = slice(0, height * pitch), slice(0, width * pitch)
    inside = tuple(slice(2 * start, 2 * stop) for start, stop in spans)
    found, all_of_them = at_places(maps, pitch, part), at_places(maps, pitch, whole)
    assert np.allclose(found, all_of_them[:, :, inside[0], inside[1]], atol=1e-5)
