"""Colours: taken away and put on, the same in numpy as in the network that is trained."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from impasto.methods.realtime import recolor
from impasto.methods.realtime.colors import (
    LEAST_VARIANCE,
    color_code,
    color_statistics,
    coloring,
    whitening,
)

Array = NDArray[np.float32]
seeds = st.integers(0, 2**32)


def picture(seed: int, height: int = 24, width: int = 31) -> Array:
    """Return noise with colours that go together."""
    rng = np.random.default_rng(seed)
    mixed = rng.random((height, width, 3)) @ rng.random((3, 3))
    return (mixed / mixed.max()).astype(np.float32)


def applied(matrix: Array, image: Array) -> Array:
    return image @ matrix[:, :3].T + matrix[:, 3]  # type: ignore[no-any-return]


def tensor(image: Array) -> torch.Tensor:
    return torch.from_numpy(image).permute(2, 0, 1)[None]


@given(seeds)
def test_white_colours_are_uncorrelated(seed: int) -> None:
    image = picture(seed)
    mean, covariance = color_statistics(applied(whitening(image), image))
    assert np.allclose(mean, 0, atol=1e-4)
    # exactly v / (v + LEAST_VARIANCE) along each axis of the colours, v the variance
    values, vectors = np.linalg.eigh(color_statistics(image)[1].astype(np.float64))
    expected = vectors * (values / (values + LEAST_VARIANCE)) @ vectors.T
    assert np.allclose(covariance, expected, atol=1e-3)


def test_strong_colours_become_white() -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 2, (40, 50, 3)).astype(np.float32)
    _, covariance = color_statistics(applied(whitening(image), image))
    assert np.allclose(covariance, np.eye(3), atol=0.01)


@given(seeds)
def test_the_own_colours_bring_the_picture_back(seed: int) -> None:
    image = picture(seed)
    back = applied(coloring(color_code(image)), applied(whitening(image), image))
    mean, covariance = color_statistics(image)
    values, vectors = np.linalg.eigh(covariance.astype(np.float64))
    kept = np.sqrt(values.clip(0) / (values.clip(0) + LEAST_VARIANCE))
    expected = (image - mean) @ (vectors * kept @ vectors.T) + mean
    assert np.allclose(back, expected, atol=1e-4)
    strong = np.random.default_rng(seed).random((40, 50, 3), dtype=np.float32)
    back = applied(coloring(color_code(strong)), applied(whitening(strong), strong))
    assert np.abs(back - strong).max() < 0.01


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_a_flat_picture_is_finite(value: float) -> None:
    flat = np.full((16, 20, 3), value, np.float32)
    assert np.abs(applied(whitening(flat), flat)).max() < 1e-3
    back = applied(coloring(color_code(flat)), applied(whitening(flat), flat))
    assert np.allclose(back, flat, atol=1e-5)


def test_the_noise_of_a_grey_picture_stays_small() -> None:
    rng = np.random.default_rng(1)
    grey = np.repeat(rng.random((40, 50, 1), dtype=np.float32), 3, 2)
    noisy = grey + rng.normal(0, 1 / 255, grey.shape).astype(np.float32)
    white = applied(whitening(noisy), noisy)
    colour = white - white.mean(2, keepdims=True)
    assert colour.std() < 0.2
    assert white.std() > 0.5


def test_a_large_picture_is_sampled() -> None:
    large = picture(3, 750, 720)
    flat = large.reshape(-1, 3).astype(np.float64)
    mean, covariance = color_statistics(large)
    assert np.allclose(mean, flat.mean(0), atol=5e-3)
    assert np.allclose(covariance, np.cov(flat.T, bias=True), atol=5e-3)


@given(seeds)
def test_numpy_and_torch_agree(seed: int) -> None:
    image = picture(seed)
    mean, covariance = recolor.color_statistics(tensor(image))
    found = color_statistics(image)
    assert np.allclose(found[0], mean[0].numpy(), atol=1e-5)
    assert np.allclose(found[1], covariance[0].numpy(), atol=1e-5)

    code: Any = torch.cat([mean, recolor.root(covariance).flatten(1)], 1)
    # a root makes a rounding of 1e-8 in the covariance one of 1e-4
    assert np.allclose(color_code(image), code[0].numpy(), atol=5e-4)

    matrix = recolor.inverse_root(covariance)
    white = recolor.recolor(tensor(image) - mean[:, :, None, None], matrix)
    mine = applied(whitening(image), image)
    assert np.allclose(mine, white[0].permute(1, 2, 0).numpy(), atol=2e-3)
    assert np.allclose(whitening(image)[:, :3], matrix[0].numpy(), atol=2e-3 * matrix.max().item())
