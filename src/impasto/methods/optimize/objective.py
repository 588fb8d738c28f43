"""The objective: how far a picture is from the content's features and the styles' Grams.

Gatys, Ecker & Bethge, "Image Style Transfer Using Convolutional Neural Networks", CVPR 2016.

Deviations: distances are relative (content to the variance of its features, style to the
target Gram's energy), so that weights carry over between backbones and sizes; several styles
are blended in their Grams, which has the same minimum as the weighted sum of their losses; a
range loss is added.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from impasto.backbones import Backbone
from impasto.backbones.stages import stages_of
from impasto.losses import squared_excess, squared_variation
from impasto.methods.optimize.memory import Budget, cut
from impasto.methods.optimize.strips import Found, StripPass, Sums
from impasto.methods.optimize.terms import Term, content_terms, style_terms

PIXELS = 2**19  # of a strip for the losses of the picture itself


@dataclass(frozen=True)
class Weights:
    """Weigh the terms: `content` and `style` by layer, already multiplied by the balance."""

    content: Mapping[str, float]
    style: Mapping[str, float]
    total_variation: float = 0.0
    range: float = 0.0


class Objective:
    """Compute the loss of a picture (1, 3, H, W) at one scale, in strips that fit the budget."""

    def __init__(
        self,
        backbone: Backbone,
        content: Tensor,
        styles: Sequence[Tensor],
        blend: Sequence[float],
        weights: Weights,
        budget: Budget | None = None,
    ) -> None:
        self.weights, budget = weights, budget or Budget()
        self.terms: list[Term] = [
            *content_terms(backbone, content, weights.content, budget),
            *style_terms(backbone, styles, blend, weights.style, budget),
        ]
        self._stages = stages_of(backbone, (*weights.content, *weights.style))
        self._cuts = cut(self._stages, content.shape[2], content.shape[3], budget)

    def gradient(self, x: Tensor) -> tuple[dict[str, float], Tensor]:
        """Return the weighted terms by name, whose sum is the loss, and its gradient at `x`."""
        readers = [(term.layer, term.read) for term in self.terms]
        strips = StripPass(self._stages, self._cuts, readers)
        values, derivatives = self._losses(strips.forward(x.detach()))
        gradient = strips.backward(derivatives) if self.terms else torch.zeros_like(x)
        return values | self._of_picture(x.detach(), gradient), gradient

    def _losses(self, found: Sequence[Found]) -> tuple[dict[str, float], list[Sums]]:
        """Return the terms, and the derivatives of their sum by what was found."""
        values, derivatives = {}, []
        for term, part in zip(self.terms, found, strict=True):
            sums = tuple(value.requires_grad_() for value in part.sums)
            loss = term.loss(Found(sums, part.places))
            values[term.name] = loss.item()
            derivatives.append(torch.autograd.grad(loss, sums))
        return values, derivatives

    def _of_picture(self, x: Tensor, gradient: Tensor) -> dict[str, float]:
        """Return the picture's own terms, and add their gradient to `gradient`."""
        found: dict[str, float] = {}
        height, width = x.shape[2:]
        rows = max(1, PIXELS // width)
        for start in range(0, height, rows):
            stop = min(start + rows, height)
            window = x[:, :, start : stop + 1].detach().requires_grad_()
            terms = self._of_rows(window, stop - start, x.numel())
            if not terms:
                break
            (own,) = torch.autograd.grad(torch.stack(list(terms.values())).sum(), window)
            gradient[:, :, start : stop + 1] += own
            for name, term in terms.items():
                found[name] = found.get(name, 0.0) + term.item()
        return found

    def _of_rows(self, window: Tensor, rows: int, values: int) -> dict[str, Tensor]:
        terms = {}
        if self.weights.total_variation:
            variation = squared_variation(window, rows) / values
            terms["total variation"] = self.weights.total_variation * variation
        if self.weights.range:
            terms["range"] = self.weights.range * squared_excess(window[:, :, :rows]) / values
        return terms
