"""Coarse to fine: which sizes, and how many steps at each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """Optimise at this size for so many steps."""

    height: int
    width: int
    steps: int

    @property
    def cost(self) -> int:
        """Return the work at this scale, in pixels."""
        return self.steps * self.height * self.width


def plan(height: int, width: int, coarsest: int, steps: int, ratio: float = 0.6) -> list[Scale]:
    """Return the scales of a (height, width) picture from coarse to fine.

    The longest side doubles from between `coarsest` and twice that up to its full length; each
    scale has `ratio` of the steps of the one before, at least one, so most steps are cheap.

    >>> [(s.height, s.width, s.steps) for s in plan(512, 384, 128, 300)]
    [(128, 96, 153), (256, 192, 92), (512, 384, 55)]
    """
    sizes = [(height, width)]
    while max(sizes[0]) >= 2 * coarsest and min(sizes[0]) >= 32 and len(sizes) < steps:
        half = 2 ** len(sizes)
        sizes.insert(0, (round(height / half), round(width / half)))
    shares = [ratio**i for i in range(len(sizes))]
    counts = [max(1, round(steps * share / sum(shares))) for share in shares]
    counts[0] = max(1, counts[0] + steps - sum(counts))
    return [Scale(h, w, count) for (h, w), count in zip(sizes, counts, strict=True)]
