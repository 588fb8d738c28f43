"""Solvers on small quadratics, where the minimum is known."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import Tensor

from impasto.errors import OptionError
from impasto.methods.optimize.lbfgs import BLOCK, Difference, Lbfgs, favour_large
from impasto.methods.optimize.options import OPTIMIZERS
from impasto.methods.optimize.solvers import Adam, Sgd, Solver, make_solver

SHAPE = (1, 3, 6, 5)
COUNT = 90
TARGET = torch.linspace(0.2, 0.8, COUNT, dtype=torch.float64).flip(0).view(SHAPE)
# the steepest direction is a hundred times as steep as the flattest
STIFFNESS = torch.logspace(-1, 1, COUNT, dtype=torch.float64).view(SHAPE)
START = torch.full(SHAPE, 0.5, dtype=torch.float64)


def loss(x: Tensor) -> float:
    return (STIFFNESS * (x - TARGET).square()).sum().item() / 2


def gradient(x: Tensor) -> Tensor:
    return STIFFNESS * (x - TARGET)


def descend(solver: Solver, steps: int, x: Tensor = START) -> list[Tensor]:
    points = [x]
    for _ in range(steps):
        points.append(solver.propose(points[-1], gradient(points[-1])))
    return points


@pytest.mark.parametrize(
    ("name", "steps", "near"),
    [("lbfgs", 80, 1e-4), ("adam", 300, 0.02), ("adam-tutorial", 900, 0.05), ("sgd", 300, 0.05)],
)
def test_every_solver_reaches_the_minimum(name: str, steps: int, near: float) -> None:
    solver = make_solver(name)
    last = descend(solver, steps)[-1]
    assert (solver.result(last) - TARGET).abs().max() < near
    assert loss(solver.result(last)) < 0.01 * loss(START)


def test_every_name_makes_a_solver() -> None:
    assert all(make_solver(name) for name in OPTIMIZERS)
    with pytest.raises(OptionError, match="newton"):
        make_solver("newton")


def test_lbfgs_is_pytorchs_with_its_first_step() -> None:
    x = torch.nn.Parameter(START.clone())
    theirs = torch.optim.LBFGS(
        [x], max_iter=1, history_size=20, tolerance_grad=0, tolerance_change=0
    )

    def closure() -> Tensor:
        theirs.zero_grad()
        value = (STIFFNESS * (x - TARGET).square()).sum() / 2
        value.backward()
        return value

    # PyTorch divides its first step by the gradient's sum where that is above 1
    assert gradient(START).abs().sum() > 1
    ours = descend(Lbfgs(first=1 / COUNT, favour=0), 25)
    for point in ours[1:]:
        theirs.step(closure)
        torch.testing.assert_close(point, x.detach(), rtol=0, atol=1e-5)
    assert loss(ours[-1]) < 1e-3 * loss(START)


def rosenbrock(x: Tensor) -> tuple[float, Tensor]:
    """Return a function that bends, of 3 x 40 x 50 values, and its gradient."""
    x = x.detach().requires_grad_(True)
    flat = x.flatten()
    value = (20 * (flat[1::2] - flat[::2].square()).square() + (1 - flat[::2]).square()).sum()
    (slope,) = torch.autograd.grad(value, x)
    return value.item(), slope


def test_lbfgs_in_half_precision_converges_as_in_single() -> None:
    ends = []
    for half_from in (0, 10**9):
        # a start of many slopes, from flat to steep
        x = torch.linspace(-0.8, 0.9, 6000).view(1, 3, 40, 50)
        solver, losses = Lbfgs(half_from=half_from, favour=0), []
        for _ in range(40):
            value, slope = rosenbrock(x)
            losses.append(value)
            x = solver.propose(x, slope)
        assert {pair.s.half for pair in solver.pairs} == {half_from == 0}
        ends.append(min(losses))
        assert ends[-1] < 1e-3 * losses[0]
    assert ends[0] < 3 * ends[1]


@pytest.mark.parametrize("size", [1e-12, 1.0, 1e12])
def test_differences_in_half_precision_are_near(size: float) -> None:
    generator = torch.Generator().manual_seed(0)
    # more than one block, and values of many sizes
    shape = (1, 3, 600, 600)
    a, b, c = size * torch.randn(3, *shape, generator=generator).pow(5)
    assert a.numel() > BLOCK
    exact, kept = Difference(a, b, half=False), Difference(a, b, half=True)
    assert kept.values.nbytes == exact.values.nbytes / 2
    assert (kept.full() - (a - b)).norm() < 1e-3 * (a - b).norm()
    assert kept.dot(c) == pytest.approx(exact.dot(c), rel=1e-2)
    assert kept.dot(kept) == pytest.approx(exact.dot(exact), rel=1e-3)
    sums = c.clone(), c.clone()
    exact.add_to(sums[0], -0.3)
    kept.add_to(sums[1], -0.3)
    assert (sums[1] - sums[0]).norm() < 1e-3 * (a - b).norm()


def test_lbfgs_never_keeps_more_than_its_history() -> None:
    solver = Lbfgs(history=3)
    descend(solver, 10)
    assert len(solver.pairs) == 3
    assert solver.bytes_per_pixel(100, 10) == 3 * 2 * 3 * 4
    assert solver.bytes_per_pixel(10**8, 10) == 3 * 2 * 3 * 2
    assert solver.bytes_per_pixel(100, 2) == 2 * 3 * 4


def test_lbfgs_leaves_out_pairs_of_no_curvature() -> None:
    solver = Lbfgs()
    slope = torch.full(SHAPE, 0.3)
    x = torch.zeros(SHAPE)
    for _ in range(5):
        x = solver.propose(x, slope)
    assert not solver.pairs
    assert x.isfinite().all()


@pytest.mark.parametrize("size", [0.0, 1e-15, 1e15])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_gradients_of_any_size_give_finite_steps(name: str, size: float) -> None:
    solver, x = make_solver(name), torch.full(SHAPE, 0.5)
    for _ in range(6):
        x = solver.propose(x, (size * gradient(x.double())).float())
        assert x.isfinite().all()
        assert (x - 0.5).abs().max() < 10


def test_adam_without_averaging_is_pytorchs() -> None:
    unit = gradient(START).square().mean().sqrt().item()
    x = torch.nn.Parameter(START.clone())
    theirs = torch.optim.Adam([x], lr=0.03, betas=(0.9, 0.99), eps=1e-3 * unit)
    for point in descend(Adam(0.03, (0.9, 0.99), 1e-3, average=0), 50)[1:]:
        x.grad = gradient(x.detach())
        theirs.step()
        torch.testing.assert_close(point, x.detach(), rtol=0, atol=1e-5)


def test_adam_shows_the_mean_of_the_points_it_left() -> None:
    solver = Adam(0.02, (0.9, 0.99), 1e-6, average=0.5)
    points = descend(solver, 3)
    expected = (points[0] + 2 * points[1] + 4 * points[2]) / 7
    torch.testing.assert_close(solver.result(points[3]), expected)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_retreats_shorten_the_step(name: str) -> None:
    solver = make_solver(name)
    x = descend(solver, 4)[-1]
    lengths = []
    for _ in range(12):
        solver.retreat()
        lengths.append((solver.propose(x, gradient(x)) - x).norm().item())
    assert all(b < a for a, b in pairwise(lengths) if a > 1e-6)
    assert lengths[-1] < 1e-2 * lengths[0]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_solvers_do_not_change_their_input(name: str) -> None:
    solver, x = make_solver(name), START.clone()
    for _ in range(3):
        slope = gradient(x)
        before = x.clone(), slope.clone()
        following = solver.propose(x, slope)
        assert torch.equal(x, before[0])
        assert torch.equal(slope, before[1])
        x = following


def doubled(t: Tensor) -> Tensor:
    return torch.nn.functional.interpolate(t, scale_factor=2, mode="bicubic")


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_solvers_go_on_at_another_size(name: str) -> None:
    solver = make_solver(name)
    x = doubled(descend(solver, 3)[-1])
    solver.resize(doubled)
    slope = torch.ones_like(x)
    following = solver.propose(x, slope)
    assert following.shape == x.shape
    assert following.isfinite().all()
    assert solver.result(following).shape == x.shape


def test_sgd_carries_its_velocity() -> None:
    solver = Sgd(0.1)
    descend(solver, 3)
    velocity = solver.velocity
    assert velocity is not None
    solver.resize(doubled)
    assert solver.velocity is not None
    torch.testing.assert_close(solver.velocity, doubled(velocity))


def test_adam_carries_its_moments_and_starts_its_mean_anew() -> None:
    solver = Adam(0.1, (0.9, 0.99), 1e-6)
    # so uneven that bicubic interpolation undershoots
    spike = torch.zeros(SHAPE).index_fill_(3, torch.tensor([2]), 1.0)
    solver.propose(torch.zeros(SHAPE), spike)
    assert solver.moments is not None
    first, second = solver.moments
    assert doubled(second).min() < 0
    solver.resize(doubled)
    assert solver.moments is not None
    torch.testing.assert_close(solver.moments[0], doubled(first))
    assert solver.moments[1].min() >= 0
    x = torch.ones(1, 3, 12, 10)
    assert torch.equal(solver.result(x), x)


@pytest.mark.parametrize("power", [0.0, 0.6, 2.0])
def test_favouring_large_structures_is_symmetric_and_positive(power: float) -> None:
    generator = torch.Generator().manual_seed(0)
    for shape in (SHAPE, (1, 3, 16, 16), (1, 3, 1, 7)):
        a, b = torch.randn(2, *shape, generator=generator)
        crossed = (a * favour_large(b, power)).sum(), (b * favour_large(a, power)).sum()
        torch.testing.assert_close(*crossed, rtol=1e-3, atol=1e-3)
        assert (a * favour_large(a, power)).sum() > 0
