"""Photographs that stay photographs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from impasto.errors import ImageError, OptionError
from impasto.images.detail import LUMA
from impasto.methods.contract import Sample
from impasto.methods.photoreal.options import PhotorealOptions
from impasto.methods.photoreal.stylizer import PhotorealStylizer, prepare
from impasto.methods.realtime.tiles import assembled
from impasto.metrics import color_distance, edge_ssim
from tests.drawings import draw

LEVEL = 1 / 255
Pixels = NDArray[np.float32]


def scene(height: int = 90, width: int = 130, seed: int = 0) -> Pixels:
    """Draw a sky over a hill, with some noise."""
    y, x = np.mgrid[0:height, 0:width] / max(height, width)
    sky = np.stack([0.3 + 0.4 * y, 0.5 + 0.3 * y, 0.9 - 0.1 * y], 2)
    grass = np.stack([0.3 + 0.2 * np.sin(40 * x), 0.4 + 0.1 * np.cos(60 * y), 0.1 + 0 * x], 2)
    hill = (y > 0.35 + 0.1 * np.sin(5 * x))[..., None]
    noise = np.random.default_rng(seed).normal(0, 0.01, (height, width, 3))
    return np.asarray((np.where(hill, grass, sky) + noise).clip(0, 1), np.float32)


def made(*styles: Pixels, **rest: Any) -> PhotorealStylizer:
    guides = {name: rest.pop(name) for name in ("masks", "strength_map") if name in rest}
    counts = rest.pop("counts", None)
    blend = rest.pop("blend", [1 / len(styles)] * len(styles))
    samples = [Sample(style, counts) for style in styles]
    return prepare(samples, blend, PhotorealOptions(threads=1, **rest), **guides)


@pytest.fixture(scope="module")
def art() -> Pixels:
    return draw("watercolor", size=200)


def test_colours_come_nearer_and_edges_stay(art: Pixels) -> None:
    content = scene()
    before = content.copy()
    result = made(art)(content)
    assert result.dtype == np.float32
    assert result.min() >= 0
    assert result.max() <= 1
    assert edge_ssim(result, content) > 0.85
    assert color_distance(result, art) < 0.4 * color_distance(content, art)
    assert (content == before).all()


def test_a_style_that_is_the_content_changes_nothing() -> None:
    content = scene()
    assert np.abs(made(content)(content) - content).max() <= 1.5 * LEVEL


def test_strength(art: Pixels) -> None:
    content = scene()
    assert (made(art, strength=0)(content) == content).all()
    full, half = made(art)(content), made(art, strength=0.5)(content)
    inside = (full > 0) & (full < 1)
    np.testing.assert_allclose(half[inside], ((content + full) / 2)[inside], atol=1e-5)


@pytest.mark.parametrize("name", ["halftone", "neon", "ink", "batik", "watercolor"])
def test_grey_ramps_stay_in_order(name: str) -> None:
    ramp = np.tile(np.linspace(0, 1, 256, dtype=np.float32)[None, :, None], (64, 1, 3))
    steps = np.diff(made(draw(name, size=160))(ramp)[32] @ LUMA)
    assert steps.min() > -0.05 * LEVEL
    assert steps.max() < 4 * LEVEL


def test_noise_in_a_plain_sky_is_not_amplified(art: Pixels) -> None:
    noise = np.random.default_rng(1).normal(0, 0.008, (60, 130, 3))
    content = scene()
    content[:25] = (np.array([0.4, 0.6, 0.9]) + noise[:25]).clip(0, 1)
    found = made(art)(content)[2:20]
    assert found.std((0, 1)).max() < 1.5 * content[2:20].std((0, 1)).max()


@settings(max_examples=12)
@given(st.integers(17, 300), st.integers(17, 300), st.sampled_from([64, 96, 256]), st.booleans())
def test_tiles_are_the_whole(height: int, width: int, tile: int, plain: bool) -> None:
    content = scene(height, width)
    guides = {} if plain else {"masks": [content[..., 0], 1 - content[..., 0]]}
    stylizer = made(scene(40, 50, 1)[::-1], draw("ink", size=64), retouch=0.6, **guides)
    fitted = stylizer._fitted_to(content)
    with pytest.MonkeyPatch.context() as patch:  # what takes the time is the same each time
        patch.setattr(PhotorealStylizer, "_fitted_to", lambda *_: fitted)
        whole, parts = stylizer(content), list(stylizer.parts(content, tile))
        rest = list(stylizer.parts(content, tile, 1))
    assert np.abs(assembled(iter(parts), content.shape) - whole).max() < 0.1 * LEVEL
    assert [part.place for part in rest] == [part.place for part in parts][1:]


@pytest.mark.parametrize("retouch", [0.0, 0.5])
def test_outside_a_mask_nothing_changes(art: Pixels, retouch: float) -> None:
    content, mask = scene(), np.zeros((90, 130), np.float32)
    mask[30:60, 40:100] = 1
    for guides in ({"masks": [mask]}, {"strength_map": mask}):
        result = made(art, retouch=retouch, **guides)(content)
        assert (result[mask == 0] == content[mask == 0]).all()
        assert np.abs(result - content)[mask == 1].mean() > 10 * LEVEL


def test_each_mask_has_its_style() -> None:
    content = np.clip(scene(), 0, 1)
    left = np.zeros((90, 130), np.float32)
    left[:, :65] = 1
    red = np.clip(content * [1.2, 0.3, 0.3], 0, 1).astype(np.float32)
    blue = np.clip(content * [0.3, 0.3, 1.2], 0, 1).astype(np.float32)
    result = made(red, blue, masks=[left, 1 - left])(content)
    assert result[:, :65, 0].mean() > 1.5 * result[:, :65, 2].mean()
    assert result[:, 65:, 2].mean() > 1.5 * result[:, 65:, 0].mean()
    # a mask that is black everywhere has no say
    alone = made(red, blue, masks=[np.ones_like(left), np.zeros_like(left)])(content)
    np.testing.assert_allclose(alone, made(red)(content), atol=2 * LEVEL)


def test_only_what_counts_of_a_style_is_taken() -> None:
    content = scene()
    style = np.concatenate([content * [1, 0.2, 0.2], content * [0.2, 0.2, 1]]).astype(np.float32)
    plane = np.zeros(style.shape[:2], np.float32)
    plane[:90] = 1
    result = made(style, counts=plane)(content)
    assert result[..., 0].mean() > 2 * result[..., 2].mean()


def test_blends_lie_between(art: Pixels) -> None:
    content, other = scene(), draw("ink", size=100)
    mixed = made(art, other, blend=[0.5, 0.5])(content)
    single = made(art)(content), made(other)(content)
    inside = np.all([(each > 0) & (each < 1) for each in (*single, mixed)], 0)
    np.testing.assert_allclose(mixed[inside], np.mean(single, 0)[inside], atol=1e-5)


def test_retouching_smooths_what_is_flat_and_keeps_edges(art: Pixels) -> None:
    content = np.full((160, 160, 3), 0.4, np.float32)
    content[:, 80:] = 0.8
    content += np.random.default_rng(0).normal(0, 0.015, content.shape).astype(np.float32)
    plain, smooth = made(content)(content), made(content, retouch=1)(content)
    assert smooth[20:140, 10:70].std(1).mean() < 0.5 * plain[20:140, 10:70].std(1).mean()
    step = smooth[:, 81].mean() - smooth[:, 78].mean()
    assert step > 0.9 * (content[:, 80:].mean() - content[:, :80].mean())


@pytest.mark.parametrize("shape", [(16, 16), (16, 200), (200, 16), (33, 47)])
def test_small_and_odd_sizes(art: Pixels, shape: tuple[int, int]) -> None:
    result = made(art, retouch=0.5)(scene(*shape))
    assert result.shape == (*shape, 3)
    assert np.isfinite(result).all()


@pytest.mark.parametrize("level", [0.0, 0.3, 1.0])
def test_a_content_of_one_colour_stays_flat(art: Pixels, level: float) -> None:
    result = made(art, retouch=0.3)(np.full((40, 60, 3), level, np.float32))
    assert np.isfinite(result).all()
    assert np.ptp(result, axis=(0, 1)).max() <= LEVEL


def test_a_grey_style_makes_grey() -> None:
    grey = np.tile(scene().mean(2, keepdims=True), (1, 1, 3))
    content = scene()
    before, after = (np.ptp(each, axis=2).mean() for each in (content, made(grey)(content)))
    assert after < 0.25 * before


def test_sizes(art: Pixels) -> None:
    assert made(art, size=64)(scene()).shape == (44, 64, 3)
    assert made(art, size=260)(scene()).shape == (180, 260, 3)


def test_what_does_not_go_is_told(art: Pixels) -> None:
    mask = np.ones((90, 130), np.float32)
    with pytest.raises(OptionError, match="1 masks for 2 styles"):
        made(art, art, masks=[mask])
    with pytest.raises(OptionError, match="not both"):
        made(art, masks=[mask], strength_map=mask)
    with pytest.raises(ImageError, match="proportions"):
        made(art, strength_map=mask[:30])(scene())
    with pytest.raises(ImageError):
        made(art)(scene()[..., :2])
    with pytest.raises(OptionError, match="memory"):
        made(art, memory="1MB")(scene())
