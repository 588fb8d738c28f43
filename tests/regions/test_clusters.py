"""k-means and its parts, on points whose groups are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impasto.regions.clusters import coarser, kmeans, match, means
from impasto.regions.superpixels import Superpixels, oklab

NAMES = {"light": 1, "color": 2, "plain": 3, "texture": 1, "place": 1, "relu3_1": 4, "relu4_1": 4}


def made(values: list[float], area: list[float]) -> Superpixels:
    column = np.array(values)[:, None]
    groups = {name: np.repeat(column, count, 1) for name, count in NAMES.items()}
    labels = np.arange(len(values))[None]
    return Superpixels(labels, np.array(area), np.zeros((0, 2), np.int64), groups)


@given(st.integers(0, 10_000), st.integers(1, 4))
def test_groups_far_apart_are_found(seed: int, count: int) -> None:
    random = np.random.default_rng(seed)
    group = random.integers(0, count, 40)
    group[:count] = np.arange(count)
    points = group[:, None] * 10.0 + random.normal(0, 0.1, (40, 3))
    found = kmeans(points, random.uniform(0.5, 1, 40), count, seed)
    same = found[:, None] == found
    assert np.array_equal(same, group[:, None] == group)


def test_fewer_where_all_is_alike() -> None:
    assert kmeans(np.ones((9, 2)), np.ones(9), 3, 0).tolist() == [0] * 9


def test_means_are_weighted() -> None:
    found = means(np.array([[0.0], [4.0], [9.0]]), np.array([3.0, 1.0, 1.0]), np.array([0, 0, 1]))
    assert found.tolist() == [[1.0], [9.0]]


def test_the_most_alike_are_joined() -> None:
    parts = made([0.0, 0.1, 5.0], [0.3, 0.3, 0.4])
    joined = coarser(parts, np.arange(3), 2)
    assert joined[0] == joined[1] != joined[2]


@pytest.mark.parametrize("more", ["content", "style"])
def test_each_gets_one_of_its_kind(more: str) -> None:
    many, few = made([0.0, 5.0, 0.2], [0.3, 0.4, 0.3]), made([4.6, 0.3], [0.5, 0.5])
    pair = (many, few) if more == "content" else (few, many)
    numbers = [np.arange(len(parts.area)) for parts in pair]
    content, style = match(pair[0], numbers[0], pair[1], numbers[1])
    ours, theirs = (content, style) if more == "content" else (style, content)
    assert ours[0] == ours[2] == theirs[1]
    assert ours[1] == theirs[0]


def test_oklab_of_known_colors() -> None:
    colors = np.array([[[1, 1, 1], [0, 0, 0], [1, 0, 0]]], np.float32)
    expected = [[1, 0, 0], [0, 0, 0], [0.62796, 0.22486, 0.12585]]
    assert np.allclose(oklab(colors)[0], expected, atol=2e-4)
