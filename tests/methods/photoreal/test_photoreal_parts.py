"""The table of colours, the grid of light, and the filter."""

from __future__ import annotations

import numpy as np
import pytest

from impasto.methods.photoreal.base import Base
from impasto.methods.photoreal.retouch import smoothed
from impasto.methods.photoreal.table import NODES, changes, looked_up


def random(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random(shape).astype(np.float32)


def cube() -> np.ndarray:
    steps = np.linspace(0, 1, NODES, dtype=np.float32)
    return np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), -1)


def test_a_linear_table_is_read_exactly() -> None:
    matrix = random(3, 3)
    colors = random(40, 50, 3, seed=1)
    np.testing.assert_allclose(looked_up(cube() @ matrix, colors), colors @ matrix, atol=1e-6)


def test_nodes_and_ties_are_read_exactly() -> None:
    table = random(NODES, NODES, NODES, 3)
    np.testing.assert_allclose(looked_up(table, cube()), table, atol=1e-5)


def test_greys_depend_on_the_nodes_of_greys_alone() -> None:
    table, nodes = random(NODES, NODES, NODES, 3), np.arange(NODES)
    greys = np.repeat(random(100, 1), 3, 1)
    found = looked_up(table, greys)
    diagonal = table[nodes, nodes, nodes]
    for channel in range(3):
        expected = np.interp(greys[:, 0], nodes / (NODES - 1), diagonal[:, channel])
        np.testing.assert_allclose(found[:, channel], expected, atol=1e-5)


def test_neighbours_in_a_table_stay_neighbours() -> None:
    drawn = np.random.default_rng(0)
    here = (0.5 + 0.1 * drawn.normal(size=(5000, 3)) @ drawn.normal(size=(3, 3))).clip(0, 1)
    there = (0.4 + 0.1 * drawn.normal(size=(5000, 3)) @ drawn.normal(size=(3, 3))).clip(0, 1)
    table = cube() + changes(here, there, None, None)
    assert table.min() >= -1e-6
    assert table.max() <= 1 + 1e-6
    steps = [np.abs(np.diff(table, axis=axis)).max(-1).ravel() for axis in range(3)]
    assert np.percentile(np.concatenate(steps), 99) < 6 / (NODES - 1)
    assert max(step.max() for step in steps) < 0.5


def test_the_base_of_what_is_flat_is_that() -> None:
    for level in (0.0, 0.37, 1.0):
        picture = np.full((30, 40, 3), level, np.float32)
        base = Base.of(picture, 40)(picture, (slice(0, 30), slice(0, 40)))
        np.testing.assert_allclose(base, picture, atol=2e-3)


def test_the_base_has_edges_and_no_noise() -> None:
    picture = np.full((120, 160, 3), 0.25, np.float32)
    picture[:, 80:] = 0.75
    picture += np.random.default_rng(0).normal(0, 0.02, picture.shape).astype(np.float32)
    base = Base.of(picture, 160)(picture, (slice(0, 120), slice(0, 160)))
    assert base[:, :75].std() < 0.5 * picture[:, :75].std()
    assert base[:, 82:].mean() - base[:, :78].mean() > 0.47


@pytest.mark.parametrize("radius", [1, 3, 50])
def test_the_filter_is_that_of_its_definition(radius: int) -> None:
    picture = random(14, 17, 3)
    guide = (picture @ np.array([0.299, 0.587, 0.114], np.float32)).astype(float)

    def means(plane: np.ndarray) -> np.ndarray:
        out = np.empty_like(plane)
        for i, j in np.ndindex(plane.shape):
            rows, columns = (slice(max(0, k - radius), k + radius + 1) for k in (i, j))
            out[i, j] = plane[rows, columns].mean()
        return out

    variance = means(guide**2) - means(guide) ** 2
    expected = np.empty_like(picture)
    for channel in range(3):
        plane = picture[..., channel].astype(float)
        slope = (means(guide * plane) - means(guide) * means(plane)) / (variance + 0.04**2)
        shift = means(plane) - slope * means(guide)
        expected[..., channel] = means(slope) * guide + means(shift)
    np.testing.assert_allclose(smoothed(picture, radius), expected.clip(0, 1), atol=1e-5)
