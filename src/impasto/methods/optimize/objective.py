"""The objective: how far a picture is from the content's features and the styles' statistics.

Gatys, Ecker & Bethge, "Image Style Transfer Using Convolutional Neural Networks", CVPR 2016;
the losses that came after it are terms likewise, each with its source.

Deviations: distances are relative (content to the variance of its features, style to the
target's energy), so that weights carry over between losses, backbones and sizes; several styles
are blended in their statistics, which for Gram matrices has the same minimum as the weighted
sum of their losses; a range loss is added.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from impasto.backbones import Backbone
from impasto.losses import laplacian, squared_excess, squared_variation
from impasto.methods.optimize.catalog import CONTENT_LOSSES
from impasto.methods.optimize.group import Group, RegionGroup
from impasto.methods.optimize.memory import Budget
from impasto.methods.optimize.terms import Part, Region, Sources, Term

PIXELS = 2**19  # of a strip for the losses of the picture itself
FAINT = 1e-4  # energy of a value of edges that a flat content is taken to have: 1 % squared
POOLS = (4, 16)  # squares whose Laplacians are compared: edges of shapes, not of texture


@dataclass(frozen=True)
class Weights:
    """Weigh the terms: `losses` by name and layer, and those of the picture itself."""

    losses: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    total_variation: float = 0.0
    range: float = 0.0
    laplacian: float = 0.0

    @property
    def layers(self) -> tuple[str, ...]:
        """Return all layers that a loss reads."""
        return tuple(dict.fromkeys(layer for layers in self.losses.values() for layer in layers))


def everywhere(styles: Sequence[Tensor], blend: Sequence[float]) -> list[Region]:
    """Return one region, all of the picture, for these styles' blend."""
    return [Region([Part(style, share) for style, share in zip(styles, blend, strict=True)])]


def _groups(sources: Sources, losses: Mapping[str, Mapping[str, float]]) -> list[Group]:
    """Return one group of all terms; of several regions one for the content and one for each."""
    if len(sources.regions) == 1:
        return [Group(sources, losses)] if losses else []
    content = {name: layers for name, layers in losses.items() if name in CONTENT_LOSSES}
    style = {name: layers for name, layers in losses.items() if name not in CONTENT_LOSSES}
    groups = [Group(sources, content)] if content else []
    return groups + [RegionGroup(sources, style, number) for number in range(len(sources.regions))]


class Objective:
    """Compute the loss of a picture (1, 3, H, W) at one scale, in strips that fit the budget."""

    def __init__(
        self,
        backbone: Backbone,
        content: Tensor,
        regions: Sequence[Region],
        weights: Weights,
        budget: Budget | None = None,
        seed: int = 0,
        pull: Tensor | None = None,
        anchors: Sequence[tuple[Tensor, Tensor]] = (),
    ) -> None:
        """Make the terms' targets; `pull` (1, 1, H, W) makes the content heavier at places.

        `anchors` are pictures (1, 3, H, W) to stay near, with weights (1, 1, H, W).
        """
        self._anchors = anchors
        self.weights, budget = weights, budget or Budget()
        generator = torch.Generator().manual_seed(seed)
        sources = Sources(backbone, content, regions, budget, generator, pull)
        self._groups = _groups(sources, weights.losses)
        self._edges = [laplacian(content, p) for p in POOLS] if weights.laplacian else []

    @property
    def terms(self) -> list[Term]:
        """Return the terms that see the picture through the network."""
        return [term for group in self._groups for term in group.terms]

    def gradient(self, x: Tensor) -> tuple[dict[str, float], Tensor]:
        """Return the weighted terms by name, whose sum is the loss, and its gradient at `x`.

        Terms that look, or that know some places only, do so anew every `REFRESH` calls.
        """
        x = x.detach()
        values: dict[str, float] = {}
        gradient: Tensor | None = None
        for group in self._groups:
            found, own = group.gradient(x)
            values |= found
            gradient = own if gradient is None else gradient.add_(own)
        if gradient is None:
            gradient = torch.zeros_like(x)
        return values | self._of_picture(x, gradient), gradient

    def _of_picture(self, x: Tensor, gradient: Tensor) -> dict[str, float]:
        """Return the picture's own terms, and add their gradient to `gradient`."""
        found = self._of_edges(x, gradient)
        height, width = x.shape[2:]
        rows = max(1, PIXELS // width)
        for start in range(0, height, rows):
            stop = min(start + rows, height)
            window = x[:, :, start : stop + 1].detach().requires_grad_()
            terms = self._of_rows(window, slice(start, stop), x.numel())
            if not terms:
                break
            (own,) = torch.autograd.grad(torch.stack(list(terms.values())).sum(), window)
            gradient[:, :, start : stop + 1] += own
            for name, term in terms.items():
                found[name] = found.get(name, 0.0) + term.item()
        return found

    def _of_edges(self, x: Tensor, gradient: Tensor) -> dict[str, float]:
        """Return the Laplacians' distance, whole as it is of small pictures; add its gradient."""
        if not self._edges:
            return {}
        x, apart = x.detach().requires_grad_(), []
        for pool, edges in zip(POOLS, self._edges, strict=True):
            energy = edges.square().sum().clamp_min(FAINT * edges.numel())
            apart.append((laplacian(x, pool) - edges).square().sum() / energy)
        loss = self.weights.laplacian * torch.stack(apart).mean()
        gradient += torch.autograd.grad(loss, x)[0]
        return {"laplacian": loss.item()}

    def _of_rows(self, window: Tensor, place: slice, values: int) -> dict[str, Tensor]:
        """Return the terms of some rows; `window` is one row more, where there is one."""
        terms, rows = {}, place.stop - place.start
        if self.weights.total_variation:
            variation = squared_variation(window, rows) / values
            terms["total variation"] = self.weights.total_variation * variation
        if self.weights.range:
            terms["range"] = self.weights.range * squared_excess(window[:, :, :rows]) / values
        if self._anchors:  # Ruder 2016, (7): w (x - a)^2, its mean over all values
            terms["temporal"] = (
                torch.stack(
                    [
                        (
                            weight[:, :, place]
                            * (window[:, :, :rows] - anchor[:, :, place]).square()
                        ).sum()
                        for anchor, weight in self._anchors
                    ]
                ).sum()
                / values
            )
        return terms
