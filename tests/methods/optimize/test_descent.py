"""The loop: bad points are undone, and no bad picture ever comes out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from impasto.backbones import load_backbone
from impasto.errors import DivergedError
from impasto.methods.contract import Sample
from impasto.methods.optimize.guidance import Guidance
from impasto.methods.optimize.objective import Weights
from impasto.methods.optimize.options import OPTIMIZERS
from impasto.methods.optimize.run import PATIENCE, Descent, Run
from impasto.methods.optimize.schedule import plan
from impasto.methods.optimize.solvers import Sgd, make_solver

START = torch.full((1, 3, 8, 8), 0.5)
TARGET = torch.linspace(0, 1, 192).view(1, 3, 8, 8)


class Bowl:
    """A quadratic that goes wrong at the evaluations named in `faults`."""

    def __init__(self, faults: dict[int, float]) -> None:
        self.faults, self.count = faults, 0

    def gradient(self, x: Tensor) -> tuple[dict[str, float], Tensor]:
        self.count += 1
        fault = self.faults.get(self.count, 0.0)
        loss = (x - TARGET).square().sum().item() / 2 + fault
        gradient = x - TARGET if math.isfinite(fault) else torch.full_like(x, math.nan)
        return {"bowl": loss}, gradient


def descend(solver: str, faults: dict[int, float]) -> Descent:
    bowl: Any = Bowl(faults)
    return Descent(bowl, make_solver(solver), START)


@pytest.mark.parametrize("fault", [math.nan, math.inf, 1e6])
@pytest.mark.parametrize("solver", OPTIMIZERS)
def test_a_bad_point_is_undone_and_told(solver: str, fault: float) -> None:
    descent = descend(solver, {4: fault})
    messages = [descent.step()[1] for _ in range(3)]
    before = descent.picture()
    _, message = descent.step()
    assert messages == [None] * 3
    assert message is not None
    assert "stepped back" in message
    # Adam starts its mean anew, from the last sound point
    assert (descent.picture() - before).abs().max() < 0.05
    later = [descent.step() for _ in range(8)]
    assert all(told is None for _, told in later)
    assert later[-1][0]["bowl"] < later[0][0]["bowl"]


@pytest.mark.parametrize("solver", OPTIMIZERS)
def test_a_cliff_is_not_stepped_over(solver: str) -> None:
    class Cliff(Bowl):
        def gradient(self, x: Tensor) -> tuple[dict[str, float], Tensor]:
            terms, gradient = super().gradient(x)
            over = (x - START).abs().max() > 0.2
            return ({"bowl": 1e9}, 1e9 * gradient) if over else (terms, gradient)

    cliff: Any = Cliff({})
    descent = Descent(cliff, make_solver(solver), START)
    for _ in range(60):
        descent.step()
        assert (descent.picture() - START).abs().max() <= 0.2 + 1e-6


@pytest.mark.parametrize("solver", OPTIMIZERS)
def test_a_loss_that_stays_undefined_is_an_error(solver: str) -> None:
    with pytest.raises(DivergedError, match="nan"):
        descend(solver, {1: math.nan}).step()
    descent = descend(solver, dict.fromkeys(range(4, 100), math.nan))
    for _ in range(3):
        descent.step()
    for _ in range(PATIENCE):
        descent.step()
    with pytest.raises(DivergedError, match=f"{PATIENCE + 1} retreats"):
        descent.step()
    assert descent.picture().isfinite().all()


faults = st.dictionaries(st.integers(1, 30), st.sampled_from([math.nan, math.inf, -math.inf, 1e9]))


@given(st.sampled_from(OPTIMIZERS), faults)
def test_no_picture_is_ever_undefined(solver: str, faults: dict[int, float]) -> None:
    descent = descend(solver, faults)
    try:
        for _ in range(30):
            descent.step()
            assert descent.picture().isfinite().all()
    except DivergedError:
        assert descent.picture().isfinite().all()


def run_of(image: Any) -> Run:
    style = image[::-1].copy()
    backbone = load_backbone("compact")
    return Run(
        backbone, image, [lambda longest: Sample(style)], Guidance((1.0,)), torch.device("cpu")
    )


WEIGHTS = Weights(
    {"features": {"relu3_1": 0.1}, "gram": {"relu1_1": 0.5, "relu2_1": 0.5}}, 0.5, 50.0
)


def test_a_run_counts_its_steps_and_its_work(compact: object, draw: Any) -> None:
    image = draw(64, 64)
    steps = list(run_of(image).iterate(image, plan(64, 64, 32, 5), WEIGHTS, make_solver("adam")))
    assert [step.number for step in steps] == [1, 2, 3, 4, 5]
    assert {step.total for step in steps} == {5}
    assert [step.width for step in steps] == sorted(step.width for step in steps)
    shares = [step.done for step in steps]
    assert shares == sorted(set(shares))
    assert shares[-1] == 1
    assert all(step.loss == sum(step.losses.values()) for step in steps)
    for step in steps:
        assert step.image().shape == (step.height, step.width, 3)


@pytest.mark.parametrize("solver", OPTIMIZERS)
def test_a_step_keeps_its_picture(compact: object, draw: Any, solver: str) -> None:
    image, early = draw(64, 64), []
    steps = []
    for step in run_of(image).iterate(image, plan(64, 64, 32, 5), WEIGHTS, make_solver(solver)):
        steps.append(step)
        early.append(step.image())
    for step, then in zip(steps, early, strict=True):
        assert np.array_equal(step.image(), then)


def test_an_interrupt_within_a_step_leaves_the_picture_of_the_step_before(
    compact: object, draw: Any
) -> None:
    class Interrupted(Sgd):
        count = 0

        def propose(self, x: Tensor, gradient: Tensor) -> Tensor:
            self.count += 1
            if self.count == 4:
                raise KeyboardInterrupt
            return super().propose(x, gradient)

    image = draw()
    steps = run_of(image).iterate(image, plan(48, 64, 64, 9), WEIGHTS, Interrupted(0.02))
    _, _, third = (next(steps) for _ in range(3))
    then = third.image()
    with pytest.raises(KeyboardInterrupt):
        next(steps)
    assert third.number == 3
    assert np.array_equal(third.image(), then)
