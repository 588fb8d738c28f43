"""What losses read of a network's features, and its gradient, in strips of rows.

What a loss knows of a layer by sums over places (Gram matrices, moments, squared distances), or
by some of the places, needs no more than a strip of the picture at a time: one pass reads it, a
second brings the loss's derivatives by it back, strip by strip. The gradient is that of the
whole picture at once, but for rounding. A stage of the network is done for all strips before
the next begins, so a strip needs only its own stage's neighbours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from impasto.backbones import Backbone
from impasto.backbones.stages import Stage, stages_of
from impasto.methods.optimize.memory import Budget, Cut, cut

Values = tuple[Tensor, ...]


@dataclass(frozen=True)
class Reader:
    """Read a layer's features (1, C, H, W) of some rows, of which the first has this number.

    Values of strips are added up; those of a reader that `gathers` are (1, C, places) and are
    put one after another.
    """

    layer: str
    read: Callable[[Tensor, int], Values]
    gathers: bool = False


@dataclass
class Found:
    """What one reader found, in so many places."""

    values: Values
    places: int


@dataclass(frozen=True)
class _Graph:
    """A strip after its way through a stage: where it came in, and all that came out."""

    low: int
    window: Tensor
    found: Mapping[int, Found]
    output: Tensor | None
    place: slice  # of the output's rows, in the next stage's input


class StripPass:
    """Take one picture through a network's stages: `forward` once, then `backward` once.

    `readers` have the layer they read; `cuts` are as `memory.cut` gives them.
    """

    def __init__(
        self, stages: Sequence[Stage], cuts: Sequence[Cut], readers: Sequence[Reader]
    ) -> None:
        self._stages, self._cuts, self._readers = stages, cuts, readers
        self._inputs: list[Tensor] = []
        self._graphs: list[dict[int, _Graph]] = []

    def forward(self, x: Tensor, learn: bool = True) -> list[Found]:
        """Return what each reader found in `x` (1, 3, H, W); without `learn` keep nothing."""
        totals: dict[int, Found] = {}
        for stage, part in zip(self._stages, self._cuts, strict=True):
            following: Tensor | None = None
            graphs: dict[int, _Graph] = {}
            for number, rows in enumerate(part.strips):
                graph = self._strip(stage, x, rows, learn and number < part.kept)
                self._join(totals, graph.found)
                if graph.output is not None:
                    count = x.shape[2] >> stage.pools
                    following = _place(graph, following, count)
                if graph.window.requires_grad:
                    graphs[number] = graph
            if learn:
                self._inputs.append(x)
                self._graphs.append(graphs)
            if following is not None:
                x = following
        return [totals[i] for i in range(len(self._readers))]

    def backward(self, derivatives: Sequence[Values]) -> Tensor:
        """Return the gradient at the picture, from the loss's derivatives by what was read."""
        gradient: Tensor | None = None
        given = [
            _Given(own, reader.gathers)
            for own, reader in zip(derivatives, self._readers, strict=True)
        ]
        while self._inputs:
            x, graphs = self._inputs.pop(), self._graphs.pop()
            stage, part = self._stages[len(self._inputs)], self._cuts[len(self._inputs)]
            before = torch.zeros_like(x) if len(part.strips) > 1 else None
            for number, rows in enumerate(part.strips):
                graph = graphs.pop(number, None) or self._strip(stage, x, rows, True)
                own = _backward(graph, given, gradient)
                if before is None:
                    before = own
                else:
                    before[:, :, graph.low : graph.low + own.shape[2]] += own
            gradient = before
        assert gradient is not None
        return gradient

    def _strip(self, stage: Stage, x: Tensor, rows: tuple[int, int], graph: bool) -> _Graph:
        start, stop = rows
        halo = stage.halo or 0
        low = max(0, start - halo)
        window = x[:, :, low : stop + halo]
        if graph:
            window = window.detach().requires_grad_()
        with nullcontext() if graph else torch.no_grad():
            features, output = stage.compute(window)
            found = {}
            for i, reader in enumerate(self._readers):
                if reader.layer in features:
                    core = features[reader.layer]
                    if stage.halo is not None:
                        core = rows_of(core, start - low, stop - low)
                    found[i] = Found(reader.read(core, start), core.shape[2] * core.shape[3])
            if output is not None:
                output = rows_of(output, (start - low) >> stage.pools, (stop - low) >> stage.pools)
        return _Graph(low, window, found, output, slice(start >> stage.pools, stop >> stage.pools))

    def _join(self, totals: dict[int, Found], found: Mapping[int, Found]) -> None:
        for i, part in found.items():
            own = tuple(value.detach() for value in part.values)
            if i in totals:
                both = zip(totals[i].values, own, strict=True)
                own = tuple(
                    torch.cat(p, 2) if self._readers[i].gathers else p[0] + p[1] for p in both
                )
            totals[i] = Found(own, part.places + (totals[i].places if i in totals else 0))


def read(backbone: Backbone, x: Tensor, readers: Sequence[Reader], budget: Budget) -> list[Found]:
    """Return what each reader finds in a picture (1, 3, H, W), without any gradient."""
    stages = stages_of(backbone, [reader.layer for reader in readers])
    cuts = cut(stages, x.shape[2], x.shape[3], Budget(0, budget.strip))
    return StripPass(stages, cuts, readers).forward(x, learn=False)


def rows_of(features: Tensor, start: int, stop: int) -> Tensor:
    """Return these rows of features (N, C, H, W), which are channels last, as their gradient is."""
    rows: Tensor = _Rows.apply(features, start, stop)  # type: ignore[no-untyped-call]
    return rows


class _Rows(torch.autograd.Function):
    """Take rows; the gradient keeps the layout, channels last, which a plain slice's does not."""

    @staticmethod
    def forward(ctx: Any, features: Tensor, start: int, stop: int) -> Tensor:
        ctx.shape, ctx.start, ctx.stop = features.shape, start, stop
        return features[:, :, start:stop]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (own,) = gradients
        if own.shape == ctx.shape:
            return own, None, None
        last = torch.channels_last
        whole = torch.empty(ctx.shape, dtype=own.dtype, device=own.device, memory_format=last)
        whole[:, :, : ctx.start] = 0
        whole[:, :, ctx.start : ctx.stop] = own
        whole[:, :, ctx.stop :] = 0
        return whole, None, None


def _place(graph: _Graph, whole: Tensor | None, rows: int) -> Tensor:
    """Put a strip's output where it belongs in the next stage's input, of so many rows."""
    assert graph.output is not None
    part = graph.output.detach()
    if whole is None:
        if part.shape[2] == rows:
            return part
        shape = (*part.shape[:2], rows, part.shape[3])
        last = torch.channels_last
        whole = torch.empty(shape, dtype=part.dtype, device=part.device, memory_format=last)
    if part.shape[2]:  # a last row alone is pooled to none
        whole[:, :, graph.place] = part
    return whole


class _Given:
    """Give each strip its part of the derivatives, in their order."""

    def __init__(self, derivatives: Values, gathered: bool) -> None:
        self.derivatives, self.gathered, self.start = derivatives, gathered, 0

    def part(self, values: Values) -> Values:
        if not self.gathered:
            return self.derivatives
        start = self.start
        self.start += values[0].shape[2]
        return tuple(own[:, :, start : self.start] for own in self.derivatives)


def _backward(graph: _Graph, given: Sequence[_Given], gradient: Tensor | None) -> Tensor:
    results = [value for part in graph.found.values() for value in part.values]
    own = [value for i, part in graph.found.items() for value in given[i].part(part.values)]
    if graph.output is not None:
        assert gradient is not None
        results.append(graph.output)
        own.append(gradient[:, :, graph.place])
    (found,) = torch.autograd.grad(results, graph.window, own)
    return found
