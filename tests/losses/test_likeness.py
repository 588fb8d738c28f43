"""Nearest neighbours and self-similarity."""

from __future__ import annotations

import pytest
import torch

from impasto.losses import likeness
from impasto.losses.likeness import nearest, self_similarity


def some(places: int, channels: int, seed: int) -> torch.Tensor:
    return torch.randn(places, channels, generator=torch.Generator().manual_seed(seed))


def test_each_finds_itself() -> None:
    pool = some(50, 12, 0)
    assert nearest(pool, pool).equal(torch.arange(50))


def test_the_nearest_is_by_cosine_about_the_means(monkeypatch: pytest.MonkeyPatch) -> None:
    features, pool = some(40, 8, 1) + 5, 3 * some(30, 8, 2) - 2
    a = torch.nn.functional.normalize(features - features.mean(0), dim=1)
    b = torch.nn.functional.normalize(pool - pool.mean(0), dim=1)
    expected = (a @ b.t()).argmax(1)
    assert nearest(features, pool).equal(expected)
    # in chunks of two places it is the same
    monkeypatch.setattr(likeness, "NUMBERS", 60)
    assert nearest(features, pool).equal(expected)


def test_a_part_of_all_places_is_matched_about_the_mean_of_all() -> None:
    features, pool = some(40, 8, 3) + 5, some(30, 8, 4)
    whole = nearest(features, pool)
    assert nearest(features[:7], pool, features.mean(0)).equal(whole[:7])


def test_half_precision_finds_nearly_the_same() -> None:
    features, pool = some(400, 64, 5), some(300, 64, 6)
    found = nearest(features.bfloat16(), pool.bfloat16())
    assert (found == nearest(features, pool)).float().mean() > 0.8


def test_self_similarity_is_of_rows_that_sum_to_one_and_ignores_length() -> None:
    features = some(20, 8, 7).t()[None]
    found = self_similarity(features)
    torch.testing.assert_close(found.sum(1), torch.ones(20))
    assert found.diagonal().abs().max() < 1e-6
    torch.testing.assert_close(self_similarity(4 * features), found)


def test_a_flat_picture_has_a_self_similarity() -> None:
    assert self_similarity(torch.ones(1, 4, 10)).isfinite().all()
