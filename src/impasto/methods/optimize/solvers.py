"""Solvers: given the loss and its gradient at a point, propose the next point.

A solver never calls the objective; the loop in `run` does, once a step. So every step costs
one evaluation, can be shown, stopped or undone, and all solvers are used alike.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor

from impasto.errors import OptionError

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


class Lbfgs:
    """Limited-memory BFGS (Liu & Nocedal 1989), steps of length 1, no line search.

    As in neural-style: each step is the two-loop recursion's direction. The first step, and the
    first after a retreat, goes down the gradient so far that a pixel moves by `first` on average.
    Pairs of low curvature are left out, so the direction always descends.

    Departure: the initial inverse Hessian is not a multiple of the identity but favours large
    structures, as 1 / frequency^`favour` (0 is neural-style's): a quarter fewer steps.
    """

    def __init__(self, history: int = 20, first: float = 0.01, favour: float = 0.6) -> None:
        self.history, self.first, self.favour = history, first, favour
        self.pairs: list[tuple[Tensor, Tensor, float]] = []
        self.last: tuple[Tensor, Tensor] | None = None
        self.rate = 1.0

    def propose(self, x: Tensor, gradient: Tensor) -> Tensor:
        """Return the next point after `x`."""
        if self.last is not None:
            self._remember(x - self.last[0], gradient - self.last[1])
        self.last = (x, gradient)
        if not self.pairs:
            downhill = favour_large(gradient, self.favour)
            scale = self.first / downhill.abs().mean().clamp_min(1e-30)
            return x - self.rate * scale * downhill
        step = x - self.rate * self._direction(gradient)
        self.rate = min(1.0, self.rate * 1.5)
        return step

    def retreat(self) -> None:
        """Forget the curvature, which misled, and restart with a shorter step."""
        self.pairs.clear()
        self.last = None
        self.rate = max(self.rate / 4, 1e-6)

    def resize(self, resize: Resize) -> None:
        """Forget everything: curvature pairs of another scale mislead more than they help."""
        self.pairs.clear()
        self.last = None
        self.rate = 1.0

    def result(self, x: Tensor) -> Tensor:
        """Return `x`."""
        return x

    def _remember(self, s: Tensor, y: Tensor) -> None:
        curvature, square = _dot(s, y), _dot(y, y)
        # the square of a tiny gradient may vanish
        if curvature > 1e-10 * square > 0:
            self.pairs.append((s, y, 1 / curvature))
            del self.pairs[: -self.history]

    def _direction(self, gradient: Tensor) -> Tensor:
        q = gradient.clone()
        alphas = []
        for s, y, rho in reversed(self.pairs):
            alpha = rho * _dot(s, q)
            q.add_(y, alpha=-alpha)
            alphas.append(alpha)
        _, y, rho = self.pairs[-1]
        q = favour_large(q, self.favour) / (rho * _dot(y, favour_large(y, self.favour)))
        for (s, y, rho), alpha in zip(self.pairs, reversed(alphas), strict=True):
            q.add_(s, alpha=alpha - rho * _dot(y, q))
        return q


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
            self.unit = max(gradient.square().mean().sqrt().item(), 1e-30)
        self.step += 1
        # before the move: only points that proved sound are averaged
        self.mean = (1 - self.average) * x + (0 if self.mean is None else self.average * self.mean)
        self.mean_weight = 1 - self.average + self.average * self.mean_weight
        first, second = self.moments
        first.lerp_(gradient, 1 - self.betas[0])
        second.lerp_(gradient.square(), 1 - self.betas[1])
        root = (second / (1 - self.betas[1] ** self.step)).sqrt_()
        move = first / (1 - self.betas[0] ** self.step) / root.add_(self.eps * self.unit)
        return x - self.rate * move

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


class Sgd:
    """Gradient descent with momentum; a gradient is first divided by its root mean square."""

    def __init__(self, rate: float, momentum: float = 0.9) -> None:
        self.rate, self.momentum = rate, momentum
        self.velocity: Tensor | None = None

    def propose(self, x: Tensor, gradient: Tensor) -> Tensor:
        """Return the next point after `x`."""
        unit = gradient / gradient.square().mean().sqrt().clamp_min(1e-30)
        if self.velocity is None:
            self.velocity = torch.zeros_like(x)
        self.velocity = self.momentum * self.velocity + (1 - self.momentum) * unit
        return x - self.rate * self.velocity

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


def make_solver(name: str, rate: float | None = None) -> Solver:
    """Return a new solver by name; `rate` in units of the picture's [0, 1], None for its own.

    L-BFGS finds its own step and takes no rate.

    Raises:
        OptionError: no solver has this name.
    """
    if name == "lbfgs":
        return Lbfgs()
    if name == "adam":
        return Adam(rate or 0.02, (0.9, 0.99), 0.1)
    if name == "adam-tutorial":
        return Adam(rate or 5 / 255, (0.99, 0.999), 0.1)
    if name == "sgd":
        return Sgd(rate or 0.02)
    raise OptionError(f"optimizer {name!r}: choose lbfgs, adam, adam-tutorial or sgd")


def favour_large(images: Tensor, power: float) -> Tensor:
    """Weigh each spatial frequency f of (N, C, H, W) by f^-power; a symmetric, positive map.

    The lowest frequency counts as one cycle over the longer side.
    """
    if power == 0:
        return images
    height, width = images.shape[-2:]
    down = torch.fft.fftfreq(height, device=images.device)
    right = torch.fft.rfftfreq(width, device=images.device)
    frequency = torch.hypot(down[:, None], right[None]).clamp_min(1 / max(height, width))
    spectrum = torch.fft.rfft2(images) * frequency**-power
    return torch.fft.irfft2(spectrum, s=(height, width))  # type: ignore[no-any-return]


def _dot(a: Tensor, b: Tensor) -> float:
    return torch.dot(a.flatten(), b.flatten()).item()
