"""Solvers: given the loss and its gradient at a point, propose the next point.

A solver never calls the objective; the loop in `run` does, once a step. So every step costs
one evaluation, can be shown, stopped or undone, and all solvers are used alike.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor

from impasto.errors import OptionError
from impasto.methods.optimize.lbfgs import Lbfgs
from impasto.methods.optimize.pyramid import OnPyramid

Resize = Callable[[Tensor], Tensor]


class Solver(Protocol):
    """Propose points; keep whatever memory that takes."""

    def propose(self, x: Tensor, gradient: Tensor) -> Tensor:
        """Return the next point after `x`, where the loss has this gradient."""
        ...

    def retreat(self) -> None:
        """Take smaller steps from now on: the last one led nowhere."""
        ...

    def resize(self, resize: Resize) -> None:
        """Carry the memory over to another picture size."""
        ...

    def result(self, x: Tensor) -> Tensor:
        """Return the picture to show for the point `x`."""
        ...

    def bytes_per_pixel(self, pixels: int, steps: int) -> int:
        """Return what the memory takes at most, for a picture of so many pixels and steps."""
        ...


class Adam:
    """Adam (Kingma & Ba 2015) with averaging of the iterates, as crowsonkb does.

    `eps` is relative to the root mean square of the first gradient, because losses here are
    relative: a departure from the paper, where it is absolute. It is large: with a small one
    pixels that seldom get a gradient, behind a maximum pooling, turn into coloured specks.
    """

    def __init__(
        self, rate: float, betas: tuple[float, float], eps: float, average: float = 0.99
    ) -> None:
        self.rate, self.betas, self.eps, self.average = rate, betas, eps, average
        self.step = 0
        self.unit = 1.0
        self.moments: tuple[Tensor, Tensor] | None = None
        self.mean: Tensor | None = None
        self.mean_weight = 0.0

    def propose(self, x: Tensor, gradient: Tensor) -> Tensor:
        """Return the next point after `x`."""
        if self.moments is None:
            self.moments = (torch.zeros_like(x), torch.zeros_like(x))
            self.unit = max(_rms(gradient), 1e-30)
        self.step += 1
        # before the move: only points that proved sound are averaged
        self.mean = torch.zeros_like(x) if self.mean is None else self.mean
        self.mean.lerp_(x, 1 - self.average)
        self.mean_weight = 1 - self.average + self.average * self.mean_weight
        first, second = self.moments
        first.lerp_(gradient, 1 - self.betas[0])
        second.mul_(self.betas[1]).addcmul_(gradient, gradient, value=1 - self.betas[1])
        root = second.div(1 - self.betas[1] ** self.step).sqrt_().add_(self.eps * self.unit)
        rate = self.rate / (1 - self.betas[0] ** self.step)
        return torch.addcdiv(x, first, root, value=-rate)

    def retreat(self) -> None:
        """Halve the rate and forget the momentum and the average."""
        self.rate /= 2
        self.moments = self.mean = None
        self.step, self.mean_weight = 0, 0.0

    def resize(self, resize: Resize) -> None:
        """Carry both moments over; the average starts anew, as it would blur the new scale."""
        if self.moments is not None:
            self.moments = (resize(self.moments[0]), resize(self.moments[1]).clamp_min(0))
        self.mean, self.mean_weight = None, 0.0

    def result(self, x: Tensor) -> Tensor:
        """Return the average of the iterates at this scale."""
        return x if self.mean is None else self.mean / self.mean_weight

    def bytes_per_pixel(self, pixels: int, steps: int) -> int:
        """Return 36: two moments and the average."""
        return 36


class Sgd:
    """Gradient descent with momentum; a gradient is first divided by its root mean square."""

    def __init__(self, rate: float, momentum: float = 0.9) -> None:
        self.rate, self.momentum = rate, momentum
        self.velocity: Tensor | None = None

    def propose(self, x: Tensor, gradient: Tensor) -> Tensor:
        """Return the next point after `x`."""
        if self.velocity is None:
            self.velocity = torch.zeros_like(x)
        unit = 1 / max(_rms(gradient), 1e-30)
        self.velocity.mul_(self.momentum).add_(gradient, alpha=(1 - self.momentum) * unit)
        return torch.add(x, self.velocity, alpha=-self.rate)

    def retreat(self) -> None:
        """Halve the rate and forget the velocity."""
        self.rate /= 2
        self.velocity = None

    def resize(self, resize: Resize) -> None:
        """Carry the velocity over."""
        self.velocity = None if self.velocity is None else resize(self.velocity)

    def result(self, x: Tensor) -> Tensor:
        """Return `x`."""
        return x

    def bytes_per_pixel(self, pixels: int, steps: int) -> int:
        """Return 12: the velocity."""
        return 12


def make_solver(name: str, rate: float | None = None, history: int = 20) -> Solver:
    """Return a new solver by name; `rate` in units of the picture's [0, 1], None for its own.

    L-BFGS finds its own step and takes no rate; `history` is the number of its pairs.

    Raises:
        OptionError: no solver has this name.
    """
    if name == "lbfgs":
        return Lbfgs(history)
    if name == "adam":
        return OnPyramid(lambda: Adam(rate or 0.02, (0.9, 0.99), 0.1))
    if name == "adam-tutorial":
        return Adam(rate or 5 / 255, (0.99, 0.999), 0.1)
    if name == "sgd":
        return Sgd(rate or 0.02)
    raise OptionError(f"optimizer {name!r}: choose lbfgs, adam, adam-tutorial or sgd")


def _rms(gradient: Tensor) -> float:
    norm: float = torch.linalg.vector_norm(gradient).item()
    return norm / math.sqrt(gradient.numel())
