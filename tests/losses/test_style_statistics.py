"""The style statistics with a gradient of their own, beside what autograd makes of the formula."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from impasto.losses import gram
from impasto.losses.style import style_statistics

sides = st.integers(1, 6)
seeds = st.integers(0, 2**32)


def random(seed: int, *shape: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def plainly(features: Tensor, target: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the same three by the formula, for autograd to differentiate."""
    found = gram(features)
    energy = target.square().sum((1, 2))
    energy = energy.clamp_min(0.01 * energy.mean())
    distance = (found - target).square().sum((1, 2)) / energy
    return distance, features.mean((2, 3)), features.square().mean((2, 3))


@given(seeds, st.integers(1, 3), sides, sides, sides)
def test_values_and_gradients_are_those_of_the_formula(
    seed: int, count: int, channels: int, height: int, width: int
) -> None:
    features = random(seed, count, channels, height, width)
    target = gram(random(seed + 1, count, channels, 5, 4))
    weights = [random(seed + 2, count), *(random(seed + i, count, channels) for i in (3, 4))]
    gradients = []
    for function in (style_statistics, plainly):
        x = features.clone().requires_grad_(True)
        found = function(x, target)
        gradients.append(
            torch.autograd.grad(sum((a * b).sum() for a, b in zip(found, weights, strict=True)), x)
        )
    for mine, expected in zip(style_statistics(features, target), plainly(features, target),
                              strict=True):  # fmt: skip
        torch.testing.assert_close(mine, expected)
    torch.testing.assert_close(*gradients)


@pytest.mark.parametrize("output", [0, 1, 2])
def test_the_gradient_of_each_part_alone(output: int) -> None:
    target = gram(random(1, 2, 3, 4, 4))
    x = random(0, 2, 3, 4, 5).requires_grad_(True)
    assert torch.autograd.gradcheck(lambda y: style_statistics(y, target)[output], (x,))


def test_the_target_is_left_as_it_is_and_takes_no_gradient() -> None:
    target = gram(random(1, 2, 3, 4, 4)).requires_grad_(True)
    before = target.detach().clone()
    x = random(0, 2, 3, 4, 5).requires_grad_(True)
    style_statistics(x, target)[0].sum().backward()
    assert torch.equal(target, before)
    assert target.grad is None
    assert x.grad is not None


def test_channels_last_stay_so() -> None:
    last = random(0, 2, 8, 5, 4).contiguous(memory_format=torch.channels_last)
    assert not last.is_contiguous()
    x = last.requires_grad_(True)
    target = gram(random(1, 2, 8, 4, 4))
    distance, mean, square = style_statistics(x, target)
    (gradient,) = torch.autograd.grad(distance.sum() + mean.sum() + square.sum(), x)
    assert gradient.is_contiguous(memory_format=torch.channels_last)


def test_half_precision_is_summed_in_full() -> None:
    x, style = random(0, 2, 8, 16, 16).float(), random(1, 2, 8, 16, 16).float()
    exact = style_statistics(x, gram(style))
    half = x.bfloat16().requires_grad_(True)
    found = style_statistics(half, gram(style.bfloat16()))
    for mine, expected in zip(found, exact, strict=True):
        assert mine.dtype == torch.float32
        torch.testing.assert_close(mine.detach(), expected, rtol=0.03, atol=0.03)
    found[0].sum().backward()
    assert half.grad is not None
    assert half.grad.dtype == torch.bfloat16


def test_equal_features_have_no_distance() -> None:
    x = random(0, 2, 3, 4, 5)
    assert style_statistics(x, gram(x))[0].tolist() == [0, 0]


def test_a_black_picture_counts_by_a_hundredth_of_the_mean() -> None:
    x = random(0, 4, 3, 4, 5)
    target = gram(random(1, 4, 3, 4, 5))
    target[2] = 0
    floor = 0.01 * target.square().sum((1, 2)).mean()
    distance = style_statistics(x, target)[0]
    torch.testing.assert_close(distance[2], gram(x)[2].square().sum() / floor)
    assert torch.isfinite(distance).all()


def test_a_batch_of_black_pictures_is_finite() -> None:
    x = torch.zeros(2, 3, 4, 5, requires_grad=True)
    distance = style_statistics(x, torch.zeros(2, 3, 3))[0]
    distance.sum().backward()
    assert distance.tolist() == [0, 0]
    assert x.grad is not None
    assert torch.isfinite(x.grad).all()
