"""Coarse to fine: which sizes, how many steps at each, and the style for each."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import accumulate, pairwise

from impasto.images import fit
from impasto.images.picture import MIN_SIDE
from impasto.methods.contract import Sample


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
    scale has one step, and of the others `ratio` of the scale's before: most steps are cheap.

    >>> [(s.height, s.width, s.steps) for s in plan(512, 384, 128, 300)]
    [(128, 96, 153), (256, 192, 91), (512, 384, 56)]
    """
    sizes = [(height, width)]
    while max(sizes[0]) >= 2 * coarsest and min(sizes[0]) >= 32 and len(sizes) < steps:
        half = 2 ** len(sizes)
        sizes.insert(0, (round(height / half), round(width / half)))
    shares = [ratio**i for i in range(len(sizes))]
    ends = [round((steps - len(sizes)) * part / sum(shares)) for part in accumulate(shares)]
    counts = [1 + end - start for start, end in pairwise([0, *ends])]
    return [Scale(h, w, count) for (h, w), count in zip(sizes, counts, strict=True)]


@dataclass(frozen=True, eq=False)
class StyleAtScale:
    """Give the style for a content of a longest side; never enlarged, for that would blur it."""

    style: Sample
    scale: float

    def __call__(self, longest: int) -> Sample:
        """Return it for a content of this longest side."""
        pixels, counts = self.style.pixels, self.style.counts
        long, short = max(pixels.shape[:2]), min(pixels.shape[:2])
        # a narrow style keeps enough for the backbone's four halvings
        side = max(round(longest * self.scale), math.ceil(2 * MIN_SIDE * long / short))
        if side >= long:
            return self.style
        return Sample(fit(pixels, side), None if counts is None else fit(counts, side))
