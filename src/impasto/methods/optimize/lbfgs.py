"""Limited-memory BFGS for pictures: its pairs are most of what a large one takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from impasto.methods.optimize.solvers import Resize

BLOCK = 2**20  # values that are brought to float32 at a time
TOP = 2.0**14  # what the largest value becomes in float16: small ones then keep their digits


class Lbfgs:
    """Limited-memory BFGS (Liu & Nocedal 1989), steps of length 1, no line search.

    As in neural-style: each step is the two-loop recursion's direction. The first step, and the
    first after a retreat, goes down the gradient so far that a pixel moves by `first` on average.
    Pairs of low curvature are left out, so the direction always descends.

    Departures: the initial inverse Hessian is not a multiple of the identity but favours large
    structures, as 1 / frequency^`favour` (0 is neural-style's): a quarter fewer steps. Pairs of
    pictures of more than `half_from` pixels are kept in float16.
    """

    def __init__(
        self,
        history: int = 20,
        first: float = 0.01,
        favour: float = 0.6,
        half_from: int = 2**21,
    ) -> None:
        self.history, self.first, self.favour = history, first, favour
        self.half_from = half_from
        self.pairs: list[_Pair] = []
        self.last: tuple[Tensor, Tensor] | None = None
        self.rate = 1.0

    def bytes_per_pixel(self, pixels: int, steps: int) -> int:
        """Return what the pairs take at most, for a picture of so many pixels and steps."""
        pairs = min(self.history, max(steps - 1, 0))
        return pairs * 2 * 3 * (2 if pixels > self.half_from else 4)

    def propose(self, x: Tensor, gradient: Tensor) -> Tensor:
        """Return the next point after `x`."""
        if self.last is not None:
            self._remember(x, gradient, *self.last)
        self.last = (x, gradient)
        if not self.pairs:
            downhill = favour_large(gradient, self.favour)
            scale = self.first / downhill.abs().mean().clamp_min(1e-30)
            return x - self.rate * scale * downhill
        step = self._direction(gradient).mul_(-self.rate).add_(x)
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

    def _remember(self, x: Tensor, gradient: Tensor, x_before: Tensor, before: Tensor) -> None:
        # before there is another, so that there is never one too many
        del self.pairs[: max(0, len(self.pairs) - self.history + 1)]
        half = x.shape[-2] * x.shape[-1] > self.half_from
        s, y = Difference(x, x_before, half), Difference(gradient, before, half)
        curvature, square = s.dot(y), y.dot(y)
        # the square of a tiny gradient may vanish
        if curvature > 1e-10 * square > 0:
            self.pairs.append(_Pair(s, y, 1 / curvature))

    def _direction(self, gradient: Tensor) -> Tensor:
        q = gradient.clone(memory_format=torch.contiguous_format)
        alphas = []
        for pair in reversed(self.pairs):
            alpha = pair.rho * pair.s.dot(q)
            pair.y.add_to(q, -alpha)
            alphas.append(alpha)
        last = self.pairs[-1]
        q = favour_large(q, self.favour).div_(last.rho * _energy(last.y, self.favour))
        for pair, alpha in zip(self.pairs, reversed(alphas), strict=True):
            pair.s.add_to(q, alpha - pair.rho * pair.y.dot(q))
        return q


class Difference:
    """Keep a difference of two pictures, as it is or in float16 with a scale of its own."""

    def __init__(self, a: Tensor, b: Tensor, half: bool) -> None:
        if not half:
            self.values, self.scale = (a - b).contiguous(), 1.0
            return
        a, b = a.contiguous(), b.contiguous()
        largest = max((p - q).abs().max().item() for p, q in _blocks(a, b))
        self.scale = largest / TOP or 1.0
        self.values = torch.empty_like(a, dtype=torch.float16)
        for own, p, q in _blocks(self.values, a, b):
            own.copy_((p - q).div_(self.scale))

    @property
    def half(self) -> bool:
        """Tell whether it is in float16."""
        return self.values.dtype == torch.float16

    def dot(self, other: Tensor | Difference) -> float:
        """Return the scalar product."""
        scale = self.scale
        if isinstance(other, Difference):
            scale, other = scale * other.scale, other.values
        if not self.half:
            return torch.dot(self.values.flatten(), other.flatten()).item()
        return scale * sum(
            torch.dot(p.float(), q.float()).item() for p, q in _blocks(self.values, other)
        )

    def add_to(self, target: Tensor, factor: float) -> None:
        """Add so many times this to a contiguous picture."""
        if not self.half:
            target.add_(self.values, alpha=factor)
            return
        for own, values in _blocks(target, self.values):
            own.add_(values.float(), alpha=factor * self.scale)

    def full(self) -> Tensor:
        """Return it as it was."""
        return self.values.float().mul_(self.scale) if self.half else self.values


@dataclass(frozen=True)
class _Pair:
    """A move, the change of the gradient along it, and 1 / their product."""

    s: Difference
    y: Difference
    rho: float


def favour_large(images: Tensor, power: float) -> Tensor:
    """Weigh each spatial frequency f of (N, C, H, W) by f^-power; a symmetric, positive map.

    The lowest frequency counts as one cycle over the longer side.
    """
    if power == 0:
        return images.clone()
    height, width = images.shape[-2:]
    down = torch.fft.fftfreq(height, device=images.device)
    right = torch.fft.rfftfreq(width, device=images.device)
    weight = torch.hypot(down[:, None], right[None]).clamp_min_(1 / max(height, width))
    weight.pow_(-power)
    weighed = torch.empty_like(images, memory_format=torch.contiguous_format)
    for own, plane in zip(weighed.flatten(0, 1), images.flatten(0, 1), strict=True):
        # one by one, because spectra are large
        own.copy_(torch.fft.irfft2(torch.fft.rfft2(plane).mul_(weight), s=(height, width)))
    return weighed


def _energy(values: Difference, power: float) -> float:
    full = values.full()
    return torch.dot(full.flatten(), favour_large(full, power).flatten()).item()


def _blocks(*tensors: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """Yield the same parts of contiguous tensors, flat, of at most `BLOCK` values."""
    flat = [tensor.view(-1) for tensor in tensors]
    for start in range(0, flat[0].numel(), BLOCK):
        yield tuple(values[start : start + BLOCK] for values in flat)
