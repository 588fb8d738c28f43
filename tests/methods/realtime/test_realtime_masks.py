"""Masks say where each style goes, a strength map how strongly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from impasto.errors import ImageError

Array = NDArray[np.float32]
LEVEL = 1 / 255


def ones(content: Array) -> Array:
    return np.ones(content.shape[:2], np.float32)


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize(
    "options", [{}, {"strength": 0.4}, {"strength": 0.1}, {"preserve_color": "statistics"}]
)
def test_one_mask_of_ones_is_that_style(
    styled: Any, scene: Array, which: int, options: dict[str, Any]
) -> None:
    names = ("ink", "batik")
    masks = [ones(scene) * (i == which) for i in (0, 1)]
    found = styled(*names, masks=masks, **options)(scene)
    assert np.abs(found - styled(names[which], **options)(scene)).max() < LEVEL


def test_each_half_far_from_the_border_is_as_without_masks(
    styled: Any, model: Any, draw: Any
) -> None:
    content = draw(32, 2 * model.halo + 160, 2)
    middle = content.shape[1] // 2
    left = ones(content)
    left[:, middle:] = 0
    found = styled("ink", "batik", masks=[left, 1 - left])(content)
    # the statistics are the whole picture's, whatever is painted where
    ink, batik = (styled(name)(content) for name in ("ink", "batik"))
    far = middle - model.halo, middle + model.halo
    assert far[0] >= 64
    assert np.abs(found[:, : far[0]] - ink[:, : far[0]]).max() < LEVEL
    assert np.abs(found[:, far[1] :] - batik[:, far[1] :]).max() < LEVEL
    assert np.abs(ink - batik).mean() > 4 * LEVEL


def test_grey_masks_blend(styled: Any, scene: Array) -> None:
    even = ones(scene) / 2
    blended = styled("ink", "batik")(scene)
    assert np.abs(styled("ink", "batik", masks=[even, even])(scene) - blended).max() < LEVEL
    # only their proportion counts
    low = [0.1 * even, 0.3 * even]
    found = styled("ink", "batik", masks=low)(scene)
    expected = styled("ink", "batik", blend=(0.25, 0.75))(scene)
    assert np.abs(found - expected).max() < LEVEL


def test_masks_are_multiplied_by_the_blend(styled: Any, scene: Array) -> None:
    every = [ones(scene)] * 2
    found = styled("ink", "batik", blend=(0.25, 0.75), masks=every)(scene)
    assert np.abs(found - styled("ink", "batik", blend=(0.25, 0.75))(scene)).max() < LEVEL


def test_where_no_mask_wants_anything_all_styles_share(styled: Any, scene: Array) -> None:
    nothing = [0 * ones(scene)] * 2
    found = styled("ink", "batik", masks=nothing)(scene)
    assert np.abs(found - styled("ink", "batik")(scene)).max() < LEVEL


def test_masks_of_hardly_anything_are_no_hole(styled: Any, scene: Array) -> None:
    hardly = [1e-8 * ones(scene), 0 * ones(scene)]
    found = styled("ink", "batik", masks=hardly)(scene)
    expected = [styled("ink")(scene), styled("ink", "batik")(scene)]
    assert min(np.abs(found - e).max() for e in expected) < LEVEL


def test_noisy_masks_are_finite(styled: Any, scene: Array) -> None:
    rng = np.random.default_rng(0)
    masks = [rng.random(scene.shape[:2], dtype=np.float32) for _ in range(3)]
    for options in ({}, {"strength": 0.5}, {"local": 0.4}, {"preserve_color": "luminance"}):
        found = styled("ink", "batik", "mosaic", masks=masks, **options)(scene)
        assert np.isfinite(found).all()
        assert 0 <= found.min() < found.max() <= 1


@pytest.mark.parametrize("strength", [1.0, 0.4])
@pytest.mark.parametrize("styles", [("ink",), ("ink", "batik")])
def test_a_strength_map_of_ones_is_none(
    styled: Any, scene: Array, styles: tuple[str, ...], strength: float
) -> None:
    found = styled(*styles, strength=strength, strength_map=ones(scene))(scene)
    assert np.abs(found - styled(*styles, strength=strength)(scene)).max() < LEVEL


@pytest.mark.parametrize("styles", [("ink",), ("ink", "batik")])
def test_a_strength_map_of_zeros_is_the_content(
    styled: Any, scene: Array, styles: tuple[str, ...]
) -> None:
    found = styled(*styles, strength_map=0 * ones(scene))(scene)
    assert np.allclose(found, scene, atol=1e-6)


def test_a_strength_map_is_multiplied_by_the_strength(styled: Any, scene: Array) -> None:
    found = styled("ink", strength=0.8, strength_map=ones(scene) / 2)(scene)
    assert np.abs(found - styled("ink", strength=0.4)(scene)).max() < LEVEL


def test_a_strength_map_says_where(styled: Any, scene: Array) -> None:
    ramp = np.tile(np.linspace(0, 1, scene.shape[1], dtype=np.float32), (len(scene), 1))
    found = styled("ink", strength_map=ramp)(scene)
    assert np.array_equal(found[:, 0], scene[:, 0])
    change = np.abs(found - scene).mean((0, 2))
    third = len(change) // 3
    assert change[:third].mean() < change[-third:].mean()


def test_masks_and_a_strength_map_together(styled: Any, scene: Array) -> None:
    left = ones(scene)
    left[:, 56:] = 0
    masks = [left, 1 - left]
    found = styled("ink", "batik", masks=masks, strength_map=left)(scene)
    assert np.array_equal(found[:, 56:], scene[:, 56:])
    assert np.abs(found[:, :56] - scene[:, :56]).mean() > LEVEL


@pytest.mark.parametrize("guide", ["mask", "map"])
def test_guides_of_other_proportions_are_told(styled: Any, scene: Array, guide: str) -> None:
    for shape in ((80, 80), (112, 80), (40, 60)):
        wrong = np.ones(shape, np.float32)
        rest = {"strength_map": wrong} if guide == "map" else {"masks": [ones(scene), wrong]}
        name = "the strength map" if guide == "map" else "mask 2"
        size = f"{shape[1]}x{shape[0]}, the content 112x80"
        with pytest.raises(ImageError, match=f"{name} is {size}: .*proportions"):
            styled("ink", "batik", **rest)(scene)


@pytest.mark.parametrize("shape", [(40, 56), (160, 224), (41, 57), (80, 113), (20, 28)])
def test_guides_of_other_sizes_are_brought_to_the_contents(
    styled: Any, scene: Array, shape: tuple[int, int]
) -> None:
    mask = np.zeros(shape, np.float32)
    mask[:, : shape[1] // 2] = 1
    found = styled("ink", "batik", masks=[mask, 1 - mask])(scene)
    exact = np.zeros(scene.shape[:2], np.float32)
    exact[:, :56] = 1
    wanted = styled("ink", "batik", masks=[exact, 1 - exact])(scene)
    assert np.abs(found - wanted).mean() < 4 * LEVEL
    assert styled("ink", "batik", masks=[mask, 1 - mask], size=48)(scene).shape == (34, 48, 3)
