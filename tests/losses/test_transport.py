"""Transport of distributions: against what is known exactly, and by its gradients."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from impasto.losses.transport import (
    RIDGE,
    directions,
    gaussian_transport,
    matrix_roots,
    quantiles,
    relaxed_earth_mover,
    root_trace,
    sorted_distance,
)


def covariance(channels: int, seed: int, places: int = 400) -> Tensor:
    drawn = torch.randn(channels, places, generator=torch.Generator().manual_seed(seed)).double()
    return drawn @ drawn.t() / places


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 24), st.integers(0, 99), st.floats(1e-6, 1e6))
def test_roots_are_roots(channels: int, seed: int, scale: float) -> None:
    matrix = scale * covariance(channels, seed)
    root, inverse = matrix_roots(matrix)
    torch.testing.assert_close(root @ root, matrix, rtol=1e-4, atol=1e-4 * scale)
    unit = torch.eye(channels).double()
    torch.testing.assert_close(root @ inverse, unit, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("channels", [64, 256])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_poor_covariances_have_roots_in_either_precision(channels: int, dtype: torch.dtype) -> None:
    poor = covariance(channels, 1, places=channels // 4).to(dtype)  # of rank channels / 4
    poor.diagonal().add_(RIDGE * poor.diagonal().mean())
    root, _ = matrix_roots(poor)
    values, vectors = torch.linalg.eigh(poor.double())
    exact = vectors @ values.clamp_min(0).sqrt().diag() @ vectors.t()
    assert (root.double() - exact).norm() < 1e-2 * exact.norm()


def test_the_gradient_of_the_root_is_right() -> None:
    moved = covariance(6, 2).requires_grad_()
    target_root = matrix_roots(covariance(6, 3))[0]
    (found,) = torch.autograd.grad(root_trace(moved, target_root), moved)
    change = covariance(6, 4)
    step = 1e-4
    with torch.no_grad():
        ends = [root_trace(moved + s * change, target_root) for s in (step, -step)]
    slope = (ends[0] - ends[1]) / (2 * step)
    assert (found * change).sum().item() == pytest.approx(slope.item(), rel=1e-3)


def test_gaussians_of_one_dimension_are_known_exactly() -> None:
    # (m - n)^2 + (s - t)^2, over n^2 + t^2
    mean, variance = torch.tensor([3.0]).double(), torch.tensor([[4.0]]).double()
    other, root = torch.tensor([1.0]).double(), torch.tensor([[5.0]]).double()
    found = gaussian_transport(mean, variance, other, root)
    assert found.item() == pytest.approx((2**2 + 3**2) / (1 + 25), rel=1e-3)


def test_equal_gaussians_are_near_each_other() -> None:
    same, mean = covariance(16, 5), torch.zeros(16).double()
    found = gaussian_transport(mean, same, mean, matrix_roots(same)[0])
    assert abs(found.item()) < 1e-3


def test_sorting_is_the_cheapest_transport_of_a_line() -> None:
    samples = torch.tensor([[[3.0, 0.0, 1.0]]])
    target = quantiles(torch.tensor([[[5.0, 1.0, 2.0]]]), 3)
    # 0 -> 1, 1 -> 2, 3 -> 5
    assert sorted_distance(samples, target).item() == pytest.approx((1 + 1 + 4) / 30)
    # the order does not count
    turned = samples.flip(2)
    assert sorted_distance(turned, target).equal(sorted_distance(samples, target))


def test_quantiles_of_another_number_keep_the_distribution() -> None:
    samples = torch.randn(1, 3, 4000, generator=torch.Generator().manual_seed(0))
    fewer = quantiles(samples, 250)
    assert fewer.shape == (1, 3, 250)
    assert (fewer.diff(dim=2) >= 0).all()
    torch.testing.assert_close(fewer.mean(2), samples.mean(2), rtol=0, atol=0.01)
    torch.testing.assert_close(fewer.std(2), samples.std(2), rtol=0.03, atol=0)


def test_directions_are_orthonormal_and_the_seed_s() -> None:
    found = [directions(16, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)]
    torch.testing.assert_close(found[0] @ found[0].t(), torch.eye(16), rtol=0, atol=1e-5)
    assert found[0].equal(found[1])
    assert not found[0].equal(found[2])


def test_the_earth_mover_sees_what_is_missing_on_either_side() -> None:
    axes = torch.eye(4)[None]
    both, few = axes[:, :, :2], axes[:, :, :1]
    assert relaxed_earth_mover(both, both).item() == pytest.approx(0, abs=1e-6)
    # each of the few is in both, but half of both is in none of the few
    assert relaxed_earth_mover(few, both).item() == pytest.approx(0.5)
    assert relaxed_earth_mover(both, few).item() == pytest.approx(0.5)
    # length does not count
    assert relaxed_earth_mover(3 * both, both).item() == pytest.approx(0, abs=1e-6)
