"""Colours brought to other distributions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impasto.methods.photoreal.transport import affine, moved, sampled


def cloud(seed: int, count: int = 500) -> np.ndarray:
    drawn = np.random.default_rng(seed)
    return drawn.normal(size=(count, 3)) @ (drawn.normal(size=(3, 3)) * 0.1 + np.eye(3) * 0.15)


@given(st.integers(0, 99))
def test_the_affine_map_meets_mean_and_covariance(seed: int) -> None:
    colors = cloud(seed)
    wanted = 0.4 + colors @ np.diag([1.5, 0.7, 1.2])  # within the limits of the gains
    matrix, shift = affine(colors, wanted)
    found = colors @ matrix.T + shift
    np.testing.assert_allclose(found.mean(0), wanted.mean(0), atol=1e-9)
    np.testing.assert_allclose(np.cov(found.T), np.cov(wanted.T), rtol=0.05, atol=2e-4)
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-9)


def test_no_direction_is_stretched_more_than_threefold() -> None:
    matrix, _ = affine(cloud(1) * 0.01, cloud(2))
    assert np.linalg.eigvalsh(matrix).max() <= 3 + 1e-9
    matrix, _ = affine(cloud(1), np.full((10, 3), 0.5))
    assert np.linalg.eigvalsh(matrix).min() >= 0.3 - 1e-9


def test_colours_are_moved_to_the_others() -> None:
    here, there = cloud(1), cloud(2) + 0.5
    found = moved(here, there, rounds=30, seed=0)
    for axis in (*np.eye(3), np.ones(3) / 3**0.5):
        gap = np.abs(np.sort(found @ axis) - np.sort(there @ axis)).mean()
        assert gap < 0.1 * np.abs(np.sort(here @ axis) - np.sort(there @ axis)).mean()


def test_what_is_there_already_stays() -> None:
    colors = cloud(3)
    np.testing.assert_allclose(moved(colors, colors[::-1], 5, 0), colors, atol=1e-12)


def test_samples_are_as_frequent_as_their_weights() -> None:
    colors = np.eye(3)
    found = sampled(colors, 1000, np.array([1.0, 0.0, 3.0]))
    assert found.sum(0).tolist() == pytest.approx([250, 0, 750], abs=1)
    assert sampled(colors, 6).tolist() == np.repeat(colors, 2, 0).tolist()
    assert len(sampled(colors, 2)) == 2
