"""The pyramid adds up to its picture, its gradient is the adjoint, and Adam gains by it."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from impasto.methods.optimize.lbfgs import favour_large
from impasto.methods.optimize.pyramid import LEVELS, OnPyramid, Pyramid
from impasto.methods.optimize.solvers import Adam, Solver


@pytest.mark.parametrize("shape", [(1, 3, 64, 96), (1, 3, 33, 47), (1, 1, 9, 8)])
def test_levels_add_up_to_the_picture(shape: tuple[int, ...]) -> None:
    picture = torch.rand(shape, dtype=torch.float64)
    pyramid = Pyramid(picture)
    assert torch.allclose(pyramid.join(pyramid.split(picture)), picture)


def test_the_finest_level_of_a_flat_picture_is_empty() -> None:
    picture = torch.full((1, 3, 64, 64), 0.3)
    pyramid = Pyramid(picture)
    levels = pyramid.split(picture).flatten()
    assert 1 < len(pyramid.sizes) <= LEVELS
    last = 3 * pyramid.sizes[-1][0] * pyramid.sizes[-1][1]
    assert levels[:-last].abs().max() < 1e-6
    assert torch.allclose(levels[-last:], torch.tensor(0.3))


def test_the_gradient_is_joins_adjoint() -> None:
    gradient = torch.rand((1, 3, 41, 30), dtype=torch.float64)
    pyramid = Pyramid(gradient)
    levels = torch.rand_like(pyramid.split(gradient))
    ahead = (pyramid.join(levels) * gradient).sum()
    assert torch.allclose((levels * pyramid.gradient(gradient)).sum(), ahead)


def _descend(solver: Solver, target: Tensor, steps: int) -> float:
    """Return the loss at the end, of one whose gradient favours large structures as VGG's do."""
    x = torch.full_like(target, 0.5)
    for _ in range(steps):
        x = solver.propose(x, favour_large(x - target, 0.5))
    return float((solver.result(x) - target).square().mean())


def test_adam_needs_fewer_steps_on_a_pyramid() -> None:
    generator = torch.Generator().manual_seed(0)
    target = favour_large(torch.randn((1, 3, 64, 64), generator=generator), 2.0)
    target = 0.5 + 0.2 * target / target.std()

    def adam() -> Adam:
        return Adam(0.02, (0.9, 0.99), 0.1, average=0.0)

    assert _descend(OnPyramid(adam), target, 12) < 0.7 * _descend(adam(), target, 12)


def test_a_point_given_back_after_a_retreat_is_where_it_goes_on() -> None:
    solver = OnPyramid(lambda: Adam(0.02, (0.9, 0.99), 0.1))
    start = torch.rand((1, 3, 32, 32))
    gradient = torch.rand_like(start)
    solver.propose(start, gradient)
    solver.retreat()
    assert (solver.propose(start, gradient) - start).abs().max() < 0.02 * LEVELS


def test_another_size_begins_anew() -> None:
    solver = OnPyramid(lambda: Adam(0.02, (0.9, 0.99), 0.1))
    small = torch.rand((1, 3, 16, 16))
    solver.propose(small, small)
    solver.resize(lambda plane: plane)
    large = torch.rand((1, 3, 32, 32))
    assert solver.propose(large, large).shape == large.shape


def test_it_takes_what_it_says() -> None:
    solver, x = OnPyramid(lambda: Adam(0.02, (0.9, 0.99), 0.1)), torch.rand((1, 3, 64, 64))
    moved = solver.propose(x, x)
    assert isinstance(solver.solver, Adam)
    held = [*(solver.solver.moments or ()), solver.solver.mean, *(solver.last or ())]
    taken = sum(t.nbytes for t in held if t is not None and t is not moved)
    # besides, there are the gradient and the levels to come
    assert 0.6 * 64 * 64 * solver.bytes_per_pixel(64 * 64, 9) < taken
    assert taken < 64 * 64 * solver.bytes_per_pixel(64 * 64, 9)
