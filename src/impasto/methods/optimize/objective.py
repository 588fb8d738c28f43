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
from impasto.losses import gram, out_of_range, relative_square, total_variation


@dataclass(frozen=True)
class Weights:
    """Weigh the terms: `content` and `style` by layer, already multiplied by the balance."""

    content: Mapping[str, float]
    style: Mapping[str, float]
    total_variation: float = 0.0
    range: float = 0.0


class Objective:
    """Compute the loss of a picture (1, 3, H, W) at one scale."""

    def __init__(
        self,
        backbone: Backbone,
        content: Tensor,
        styles: Sequence[Tensor],
        blend: Sequence[float],
        weights: Weights,
    ) -> None:
        self.backbone, self.weights = backbone, weights
        self.layers = tuple({**weights.content, **weights.style})
        with torch.no_grad():
            self.content = backbone(content, weights.content) if weights.content else {}
            self.spread = {name: _spread(f) for name, f in self.content.items()}
            self.grams = _blended_grams(backbone, styles, blend, tuple(weights.style))

    def __call__(self, x: Tensor) -> dict[str, Tensor]:
        """Return the weighted terms by name; their sum is the loss."""
        features = self.backbone(x, self.layers) if self.layers else {}
        terms = {}
        for name, weight in self.weights.content.items():
            distance = (features[name] - self.content[name]).square().sum(dtype=torch.float32)
            terms[f"content {name}"] = weight * distance / self.spread[name]
        for name, weight in self.weights.style.items():
            distance = relative_square(gram(features[name]).float(), self.grams[name]).sum()
            terms[f"style {name}"] = weight * distance
        if self.weights.total_variation:
            terms["total variation"] = self.weights.total_variation * total_variation(x)
        if self.weights.range:
            terms["range"] = self.weights.range * out_of_range(x)
        return terms

    def gradient(self, x: Tensor) -> tuple[dict[str, float], Tensor]:
        """Return the terms as numbers, and the gradient of their sum at `x`."""
        x = x.detach().requires_grad_(True)
        terms = self(x)
        (gradient,) = torch.autograd.grad(torch.stack(list(terms.values())).sum(), x)
        return {name: term.item() for name, term in terms.items()}, gradient


def _spread(features: Tensor) -> Tensor:
    """Return the energy of features about their mean; a flat content keeps a little of all."""
    features = features.float()
    energy = features.square().sum()
    varying = (features - features.mean((2, 3), keepdim=True)).square().sum()
    return torch.maximum(varying, 0.01 * energy).clamp_min(torch.finfo(energy.dtype).tiny)


def _blended_grams(
    backbone: Backbone, styles: Sequence[Tensor], blend: Sequence[float], layers: tuple[str, ...]
) -> dict[str, Tensor]:
    grams: dict[str, Tensor] = {}
    for style, share in zip(styles, blend, strict=True):
        for name, features in backbone(style, layers).items():
            grams[name] = grams.get(name, 0) + share * gram(features).float()
    return grams
