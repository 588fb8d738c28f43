"""Two pictures are split alike: everything is covered, the same numbers stand for the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from impasto.errors import ImageError, OptionError
from impasto.regions import Regions, find_regions, split_picture
from impasto.regions.borders import at_size, without_islands
from tests.drawings import draw

pytest.importorskip("skimage", reason="needs [regions]")
Image = NDArray[np.float32]
Halves = Callable[..., Image]


def check(regions: Regions, content: Image, style: Image, count: int) -> None:
    assert regions.content.shape == content.shape[:2]
    assert regions.style.shape == style.shape[:2]
    assert regions.content.dtype == regions.style.dtype == np.uint8
    assert 1 <= regions.count <= count
    numbers = list(range(regions.count))
    assert np.unique(regions.content).tolist() == np.unique(regions.style).tolist() == numbers
    sizes = np.bincount(regions.content.ravel())
    assert (np.diff(sizes) <= 0).all()


def test_textures_find_each_other(halves: Halves) -> None:
    content, style = halves(144, 192, upright=True), halves(160, 128, upright=False, seed=1)
    regions = find_regions(content, style, count=2)
    check(regions, content, style, 2)
    assert regions.count == 2
    smooth = regions.content[72, 10]
    left, top = np.arange(192) < 96, np.arange(160)[:, None] < 80
    assert np.mean((regions.content == smooth) == left) > 0.95
    assert np.mean((regions.style == smooth) == top) > 0.95


def test_a_style_of_other_colors_is_matched_too(halves: Halves) -> None:
    content, style = halves(144, 192, upright=True), halves(160, 128, upright=False)[..., ::-1]
    regions = find_regions(content, np.ascontiguousarray(style), count=2)
    assert (
        np.mean((regions.style == regions.content[72, 10]) == (np.arange(160)[:, None] < 80)) > 0.95
    )


def test_borders_lie_on_edges_of_large_pictures(halves: Halves) -> None:
    labels = split_picture(halves(600, 900, upright=True), count=2)
    border = np.argmax(labels != labels[:, :1], axis=1)
    assert np.abs(border - 450).max() <= 3


@pytest.mark.parametrize("count", [1, 3, 8])
def test_everything_is_covered(count: int) -> None:
    content, style = draw("watercolor", size=96), draw("seigaiha", size=80)[:64]
    check(find_regions(content, style, count), content, style, count)


def test_the_same_again_and_by_the_seed() -> None:
    content, style = draw("cubism", size=96), draw("ink", size=96)
    first, second = (find_regions(content, style, 4, seed=3) for _ in range(2))
    assert np.array_equal(first.content, second.content)
    assert np.array_equal(first.style, second.style)


def test_a_contents_regions_do_not_depend_on_the_style() -> None:
    content = draw("watercolor", size=96)
    alone = split_picture(content, 3)
    with_itself = find_regions(content, content, 3)
    assert np.array_equal(with_itself.content, alone)
    assert np.mean(with_itself.content == with_itself.style) > 0.9


def test_style_regions_are_large_enough() -> None:
    style = np.full((96, 96, 3), 0.8, np.float32)
    style[40:50, 40:50] = (0.9, 0.1, 0.1)  # 1 % of it
    content = draw("cubism", size=96)
    sizes = np.bincount(find_regions(content, style, 4).style.ravel())
    assert sizes.min() >= 0.04 * style[..., 0].size


@pytest.mark.parametrize("shape", [(16, 16), (16, 200), (17, 33)])
def test_small_pictures(shape: tuple[int, int]) -> None:
    picture = np.random.default_rng(0).random((*shape, 3)).astype(np.float32)
    check(find_regions(picture, picture, 4), picture, picture, 4)


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_flat_pictures_have_one_region(level: float) -> None:
    flat = np.full((64, 80, 3), level, np.float32)
    assert find_regions(flat, flat).count == 1
    noisy = flat + np.random.default_rng(0).normal(0, 0.004, flat.shape)
    assert split_picture(np.clip(noisy, 0, 1).astype(np.float32)).max() == 0
    assert find_regions(draw("cubism", size=64), flat).count == 1


def test_grey_pictures(halves: Halves) -> None:
    grey = halves(96, 128, upright=True).mean(2, keepdims=True).repeat(3, 2)
    regions = find_regions(grey, grey, 2)
    assert np.mean((regions.content == regions.content[0, 0]) == (np.arange(128) < 64)) > 0.95


@pytest.mark.parametrize(
    ("content", "options", "error", "message"),
    [
        (np.zeros((15, 40, 3), np.float32), {}, ImageError, "content is 40x15 px: regions need"),
        (np.zeros((40, 40), np.float32), {}, ImageError, "content has shape"),
        (np.zeros((40, 40, 3), np.float32), {"count": 0}, OptionError, "count is 0: expected 1 to"),
        (np.zeros((40, 40, 3), np.float32), {"count": 9}, OptionError, "count is 9"),
        (np.zeros((40, 40, 3), np.float32), {"count": 2.0}, OptionError, "count is 2.0"),
    ],
)
def test_what_is_refused(content: Any, options: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        find_regions(content, draw("ink", size=64), **options)


def test_islands_go_and_regions_stay() -> None:
    labels = np.zeros((100, 100), np.uint8)
    labels[50:] = 1
    labels[20:24, 20:24] = 1
    labels[70:73, 10:13] = 2  # a region that has no more
    cleaned = without_islands(labels)
    assert (cleaned[:50] == 0).all()
    assert (cleaned == 2).sum() == 9


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 1000), st.integers(16, 90), st.integers(16, 90), st.integers(1, 5))
def test_labels_at_another_size_are_labels(seed: int, height: int, width: int, count: int) -> None:
    random = np.random.default_rng(seed)
    small = random.random((24, 20, 3)).astype(np.float32)
    labels = random.integers(0, count, (24, 20)).astype(np.uint8)
    labels[:count, 0] = np.arange(count)
    grown = at_size(labels, small, random.random((height, width, 3)).astype(np.float32))
    assert grown.shape == (height, width)
    assert grown.max() < count
