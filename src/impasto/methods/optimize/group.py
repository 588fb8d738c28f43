"""Terms that go through the network together: what they read is read once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from impasto.backbones.stages import stages_of
from impasto.methods.optimize.memory import cut
from impasto.methods.optimize.strips import Found, StripPass, Values, read
from impasto.methods.optimize.terms import BUILD, REFRESH, Keeper, Sources, Term, reach

FAINT = 0.02  # of a place that a mask says, when resized, of places beyond its border
CELL = 16  # pixels that the deepest layers' poolings make one place of


class Group:
    """Compute the loss of some terms, and its gradient."""

    def __init__(self, sources: Sources, losses: Mapping[str, Mapping[str, float]]) -> None:
        self.terms: list[Term] = [
            term
            for name, layers in losses.items()
            if layers
            for term in BUILD[name](sources, layers)
        ]
        self._sources, self._evaluations = sources, 0
        self._stages = stages_of(sources.backbone, _layers(losses))
        height, width = sources.content.shape[2:]
        self._cuts = cut(self._stages, height, width, sources.budget)

    def gradient(self, x: Tensor) -> tuple[dict[str, float], Tensor]:
        """Return the weighted terms by name, and the gradient of their sum at `x`."""
        if self._evaluations % REFRESH == 0:
            self._refresh(x)
        self._evaluations += 1
        readers = [reader for term in self.terms for reader in term.readers]
        strips = StripPass(self._stages, self._cuts, readers)
        values, derivatives = self._losses(strips.forward(x))
        return values, strips.backward(derivatives)

    def _refresh(self, x: Tensor) -> None:
        looked = dict.fromkeys(term.looks for term in self.terms if term.looks is not None)
        keepers = {layer: Keeper(layer) for layer in looked}
        if keepers:
            readers = [keeper.reader for keeper in keepers.values()]
            read(self._sources.backbone, x, readers, self._sources.budget)
        features = {layer: keeper.features() for layer, keeper in keepers.items()}
        for term in self.terms:
            term.refresh(self._sources.generator, features[term.looks] if term.looks else None)

    def _losses(self, found: Sequence[Found]) -> tuple[dict[str, float], list[Values]]:
        """Return the terms, and the derivatives of their sum by what was read."""
        values: dict[str, float] = {}
        derivatives: list[Values] = []
        for term in self.terms:
            own = found[len(derivatives) : len(derivatives) + len(term.readers)]
            own = [Found(tuple(v.requires_grad_() for v in f.values), f.places) for f in own]
            loss = term.loss(own)
            values[term.name] = loss.item()
            flat = [value for part in own for value in part.values]
            grads = iter(torch.autograd.grad(loss, flat))
            derivatives += [tuple(next(grads) for _ in part.values) for part in own]
        return values, derivatives


class RegionGroup(Group):
    """The terms of one region's styles, which see what is beyond its border, and paint inside.

    Only as much of the picture goes through the network as they see.
    """

    def __init__(
        self, sources: Sources, losses: Mapping[str, Mapping[str, float]], number: int
    ) -> None:
        region = sources.regions[number]
        assert region.where is not None
        self._inside = (region.where > FAINT).to(region.where.dtype)
        self._box = _box(self._inside[0, 0], reach(sources.backbone, _layers(losses)))
        seen = replace(region, where=region.where[self._box], number=number + 1, share=region.area)
        pull = None if sources.pull is None else sources.pull[self._box]
        own = replace(sources, content=sources.content[self._box], regions=[seen], pull=pull)
        super().__init__(own, losses)

    def gradient(self, x: Tensor) -> tuple[dict[str, float], Tensor]:
        """Return the weighted terms by name, and the gradient of their sum in the region."""
        values, own = super().gradient(x[self._box])
        gradient = torch.zeros_like(x)
        gradient[self._box] = own * self._inside[self._box]
        return values, gradient


def _layers(losses: Mapping[str, Mapping[str, float]]) -> list[str]:
    return list(dict.fromkeys(layer for layers in losses.values() for layer in layers))


def _box(inside: Tensor, margin: int) -> tuple[slice, ...]:
    """Return the part of a picture that has all that is inside (H, W), and a margin around it.

    It begins and ends where the poolings of the whole do, so that its features are the whole's.
    """
    sides = []
    for axis, length in enumerate(inside.shape):
        there = inside.amax(1 - axis).nonzero()[:, 0]
        low = max(0, int(there[0]) - margin) // CELL * CELL
        high = -(-(int(there[-1]) + 1 + margin) // CELL) * CELL
        sides.append(slice(low, min(high, length)))
    return (slice(None), slice(None), *sides)
