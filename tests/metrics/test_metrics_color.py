"""Distances of colours, and likeness of edges."""

from __future__ import annotations

import numpy as np
import pytest

from impasto.errors import ImageError
from impasto.images.oklab import from_oklab, shown, to_oklab
from impasto.metrics import color_distance, edge_ssim


def noise(seed: int, height: int = 20, width: int = 30) -> np.ndarray:
    return np.random.default_rng(seed).random((height, width, 3)).astype(np.float32)


def test_colours_alone_count() -> None:
    picture = noise(0)
    assert color_distance(picture, picture[::-1, ::-1]) == 0
    assert color_distance(picture, np.repeat(picture, 2, 1)) < 0.003
    assert color_distance(picture, 0.5 * picture) > 0.1
    assert color_distance(picture, noise(1)) < 0.02
    assert color_distance(picture, 0.5 * picture) == color_distance(0.5 * picture, picture)


def test_white_and_black_are_half_apart() -> None:
    white = np.ones((4, 4, 3), np.float32)
    assert color_distance(white, 0 * white) == pytest.approx(0.5, abs=1e-3)


def test_what_is_no_picture_has_no_colours() -> None:
    with pytest.raises(ImageError, match="no colours"):
        color_distance(noise(0), noise(0)[..., 0])


def test_edges() -> None:
    picture = noise(0)
    assert edge_ssim(picture, picture) == pytest.approx(1)
    # an offset and the inverse leave the edges, less contrast does not
    assert edge_ssim(1 - picture, picture) == pytest.approx(1, abs=1e-5)
    assert edge_ssim(0.5 * picture, picture) < 0.9
    assert edge_ssim(noise(1), picture) < 0.5
    with pytest.raises(ImageError, match="resize"):
        edge_ssim(picture, picture[1:])


def test_oklab_and_back() -> None:
    colors = noise(2)
    np.testing.assert_allclose(from_oklab(to_oklab(colors)), colors, atol=1e-6)
    np.testing.assert_allclose(to_oklab(np.ones(3)), [1, 0, 0], atol=1e-6)
    # red, as Ottosson's page has it
    np.testing.assert_allclose(to_oklab([1.0, 0, 0]), [0.628, 0.225, 0.126], atol=1e-3)


def test_what_cannot_be_shown_is_faded() -> None:
    wild = np.array([[0.7, 0.4, 0.1], [1.2, 0, 0], [0.3, -0.4, 0], [0.5, 0.01, 0.02]])
    found = shown(wild)
    assert found.min() >= 0
    assert found.max() <= 1
    lab = to_oklab(found)
    np.testing.assert_allclose(lab[:, 0], wild[:, 0].clip(0, 1), atol=5e-3)
    assert np.arctan2(lab[0, 2], lab[0, 1]) == pytest.approx(np.arctan2(0.1, 0.4), abs=0.02)
    np.testing.assert_allclose(lab[3], wild[3], atol=1e-6)
