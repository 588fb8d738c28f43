"""How much memory an optimisation takes, and what is cut and kept so that it is enough."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from impasto.backbones.stages import Stage
from impasto.images.picture import MIN_SIDE

PROGRAM = 500 * 2**20
"""Bytes of Python, PyTorch, a network and what their libraries set aside."""

PICTURES = 120
"""Bytes for each pixel: the content twice, points and gradients of two steps, a direction and
what is weighed for it, each three numbers of four bytes."""

AT_WORK = 4  # times its graph is what a strip takes while its gradient is found
WHOLE_AT_WORK = 1.1  # the same of a network that is not cut, whose graph is only supposed
SLOW = 250  # multiplications for each byte of a graph: VGG has more but at first, compact nowhere
HISTORY = 20  # pairs of L-BFGS, where there is memory for so many


@dataclass(frozen=True)
class Budget:
    """Bound the bytes of graphs.

    `workspace` is for those that are kept from the first pass to the second; of slow networks it
    is more (`Demand.workspace`). `strip` is for that of one strip: small enough for caches, large
    enough to be shared among cores. Strips that would be mostly halo take up to twice as much.
    """

    workspace: int = 9 * 2**27
    strip: int = 64 * 2**20


@dataclass(frozen=True)
class Cut:
    """How a stage's input is cut: rows [start, stop) of each strip; of so many, graphs are kept."""

    strips: tuple[tuple[int, int], ...]
    kept: int


def cut(stages: Sequence[Stage], height: int, width: int, budget: Budget) -> list[Cut]:
    """Return how each stage's input is cut into strips, for a picture of this size.

    A graph that is not kept is computed twice. The deepest stages come first, because they
    compute most for each byte.
    """
    cuts: list[Cut] = []
    left = budget.workspace
    for stage in reversed(stages):
        high, wide = height >> stage.depth, width >> stage.depth
        each = stage.held * wide
        rows = high if stage.halo is None else _rows(high, stage.halo, budget.strip // max(each, 1))
        strips = tuple((start, min(start + rows, high)) for start in range(0, high, rows))
        cost = each * min(high, rows + 2 * (stage.halo or 0))
        kept = min(len(strips), left // max(cost, 1))
        left -= kept * cost
        cuts.append(Cut(strips, kept))
    return cuts[::-1]


def _rows(height: int, halo: int, affordable: int) -> int:
    """Return an even number of rows, so that strips are about equal and most is not halo."""
    most = max(affordable - 2 * halo, min(8 * halo, 2 * affordable - 2 * halo), 2 * halo, 2)
    count = -(-height // most)
    rows = -(-height // count)
    return rows + rows % 2


@dataclass(frozen=True)
class Arrangement:
    """How an optimisation is fitted into memory: `needed` bytes beside the program itself."""

    budget: Budget
    history: int
    needed: int


@dataclass(frozen=True)
class Demand:
    """What an optimisation asks of memory, at its largest size.

    `kept` is bytes for each pixel of what is kept of the content's features, `solver` those of
    the solver's memory by the length of its history, `style` bytes while the styles are read.
    """

    stages: Sequence[Stage]
    height: int
    width: int
    kept: int
    solver: Callable[[int], int]
    style: int

    def workspace(self) -> int:
        """Return the bytes for graphs where memory is not short.

        Those that take long to compute again for what they hold, up to 3 GB of them. The others
        are written to fresh memory, which takes about as long as computing them.
        """
        slow = sum(
            stage.held * (self.height >> stage.depth) * (self.width >> stage.depth)
            for stage in self.stages
            if stage.work > SLOW * stage.held
        )
        return min(max(slow, Budget().workspace), 3 * 2**30)

    def bytes(self, budget: Budget, history: int) -> int:
        """Return the peak, beside the program itself."""
        each = PICTURES + self.kept + self.solver(history) + self._between()
        reading = self.style + PICTURES * self.height * self.width
        return max(self.height * self.width * each + self._graphs(budget), reading)

    def _between(self) -> int:
        """Return bytes for each pixel of what stages pass on, and of two of its gradients."""
        passed = [stage.passed / 4 ** (stage.depth + stage.pools) for stage in self.stages]
        return int(sum(passed) + sum(sorted(passed)[-2:]))

    def _graphs(self, budget: Budget) -> int:
        """Return bytes of the graphs that are kept, and of one at work with all that it makes."""
        kept, largest = 0, 0
        cuts = cut(self.stages, self.height, self.width, budget)
        for stage, part in zip(self.stages, cuts, strict=True):
            high, wide = self.height >> stage.depth, self.width >> stage.depth
            rows = max((stop - start for start, stop in part.strips), default=0)
            cost = stage.held * wide * min(high, rows + 2 * (stage.halo or 0))
            kept += part.kept * cost
            # what is kept of a network in one piece is what is at work
            at_work = WHOLE_AT_WORK - part.kept if stage.halo is None else AT_WORK
            largest = max(largest, int(at_work * cost))
        return kept + largest


def arrange(demand: Demand, limit: int | None, budget: Budget | None = None) -> Arrangement:
    """Return the arrangement of least work that takes no more than `limit` bytes.

    It only depends on the limit where memory is short: first fewer graphs are kept, then strips
    are cut finer, at last L-BFGS keeps fewer pairs. Where nothing fits, `needed` of what is
    returned is above the limit.
    """
    budget = budget or Budget(demand.workspace())
    workspaces = [budget.workspace >> shift for shift in (0, 1, 2, 3, 4)]
    choices = [(Budget(workspace, budget.strip), HISTORY) for workspace in (*workspaces, 0)]
    smallest = Budget(0, 2**23)
    choices += [(smallest, history) for history in (HISTORY, 12, 8, 5)]
    for chosen, history in choices:
        needed = demand.bytes(chosen, history)
        if limit is None or needed <= limit:
            break
    return Arrangement(chosen, history, needed)


def advice(demand: Demand, limit: int) -> str:
    """Return what would fit into so many bytes: a smaller picture, or else more memory."""
    for share in range(95, 0, -5):
        height, width = (side * share // 100 for side in (demand.height, demand.width))
        if min(height, width) < MIN_SIDE:
            break
        if arrange(replace(demand, height=height, width=width), limit).needed <= limit:
            return f"use --size {max(height, width)}"
    return "close other programs, or allow more with --memory"
