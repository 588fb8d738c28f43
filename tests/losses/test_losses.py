"""Properties of the losses, on random features and pictures."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from impasto.losses import gram, out_of_range, relative_square, total_variation

sides = st.integers(1, 7)
seeds = st.integers(0, 2**32)


def features(seed: int, channels: int, height: int, width: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(2, channels, height, width, generator=generator, dtype=torch.float64)


@given(seeds, sides, sides, sides)
def test_a_gram_is_symmetric_and_positive_semidefinite(
    seed: int, channels: int, height: int, width: int
) -> None:
    found = gram(features(seed, channels, height, width))
    assert found.shape == (2, channels, channels)
    torch.testing.assert_close(found, found.transpose(1, 2))
    assert torch.linalg.eigvalsh(found).min() >= -1e-9 * found.abs().max()


@given(st.lists(st.floats(-9, 9), min_size=1, max_size=5), sides, sides)
def test_the_gram_of_constant_features_is_their_outer_product(
    values: list[float], height: int, width: int
) -> None:
    column = torch.tensor(values, dtype=torch.float64)
    flat = column.view(1, -1, 1, 1).expand(1, -1, height, width)
    torch.testing.assert_close(gram(flat)[0], torch.outer(column, column))


@given(seeds, st.floats(-5, 5))
def test_a_gram_grows_with_the_square_of_the_features(seed: int, factor: float) -> None:
    x = features(seed, 3, 4, 5)
    torch.testing.assert_close(gram(factor * x), factor**2 * gram(x))


@given(seeds)
def test_a_gram_does_not_depend_on_places_or_on_size(seed: int) -> None:
    x = features(seed, 3, 4, 5)
    shuffled = x.flatten(2)[..., torch.randperm(20)].view_as(x)
    torch.testing.assert_close(gram(shuffled), gram(x))
    torch.testing.assert_close(gram(x.repeat(1, 1, 2, 3)), gram(x))


@given(seeds, st.floats(0.01, 100))
def test_relative_square(seed: int, factor: float) -> None:
    x, y = features(seed, 2, 3, 4), features(seed + 1, 2, 3, 4)
    assert relative_square(x, x).tolist() == [0, 0]
    torch.testing.assert_close(relative_square(0 * x, x), torch.ones(2, dtype=torch.float64))
    torch.testing.assert_close(relative_square(factor * x, factor * y), relative_square(x, y))
    torch.testing.assert_close(relative_square(x, 0 * x, x), torch.ones(2, dtype=torch.float64))


def test_relative_square_to_nothing_is_finite_at_equality() -> None:
    nothing = torch.zeros(1, 2, 3, 3)
    assert relative_square(nothing, nothing).tolist() == [0]


@given(st.floats(-1, 2), sides, sides)
def test_a_flat_picture_has_no_variation(value: float, height: int, width: int) -> None:
    assert total_variation(torch.full((1, 3, height, width), value)) == 0


@given(seeds)
def test_variation_ignores_mirrors_and_brightness(seed: int) -> None:
    x = features(seed, 3, 4, 5)
    expected = total_variation(x)
    assert expected > 0
    for other in (x.flip(2), x.flip(3), x.transpose(2, 3), x + 0.5):
        torch.testing.assert_close(total_variation(other), expected)


@given(seeds)
def test_out_of_range(seed: int) -> None:
    inside = features(seed, 3, 4, 5).sigmoid()
    assert out_of_range(inside) == 0
    assert out_of_range(torch.tensor([0.0, 1.0])) == 0
    torch.testing.assert_close(out_of_range(torch.tensor([[1.5, 0.5, -0.5, 1]])).item(), 0.125)


@pytest.mark.parametrize(
    "loss",
    [
        gram,
        total_variation,
        out_of_range,
        lambda x: relative_square(x, torch.ones_like(x), torch.full_like(x, 2)),
    ],
)
def test_gradients_are_those_of_finite_differences(loss: object) -> None:
    x = features(3, 2, 3, 4).requires_grad_(True)
    assert torch.autograd.gradcheck(loss, (x,))
