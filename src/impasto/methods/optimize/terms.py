"""Terms of the loss: what each reads from a layer's features, and how far that is from its target.

A term reads sums over places, so that a picture can be read in strips; its loss is a function
of those sums. Whatever can be said so (moments, covariances) can be another term.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import torch
from torch import Tensor

from impasto.backbones import Backbone
from impasto.losses import channel_products, relative_square
from impasto.methods.optimize.memory import Budget
from impasto.methods.optimize.strips import Found, Sums, read


class Term(Protocol):
    """One term of the loss, of one layer."""

    name: str
    layer: str

    def read(self, features: Tensor, row: int) -> Sums:
        """Return sums over the places of features (1, C, H, W) of rows from number `row` on."""
        ...

    def loss(self, found: Found) -> Tensor:
        """Return the weighted loss, from the sums over all places."""
        ...


class StyleTerm:
    """Weigh |G - A|^2 / |A|^2, with G the layer's Gram matrix and A its target (1, C, C)."""

    def __init__(self, layer: str, weight: float, target: Tensor) -> None:
        self.name, self.layer = f"style {layer}", layer
        self.weight, self.target = weight, target

    def read(self, features: Tensor, row: int) -> Sums:
        """Return F F^T."""
        return (channel_products(features),)

    def loss(self, found: Found) -> Tensor:
        """Return the weighted relative distance."""
        gram = found.sums[0] / found.places
        return self.weight * relative_square(gram, self.target).sum()


class ContentTerm:
    """Weigh |F - T|^2 / max(|T - mean T|^2, 0.01 |T|^2), with F the layer and T its target.

    A flat content, which has hardly any variance, keeps a hundredth of its energy below.
    """

    def __init__(self, layer: str, weight: float, target: Tensor, spread: float) -> None:
        self.name, self.layer = f"content {layer}", layer
        self.weight, self.target, self.spread = weight, target, spread

    def read(self, features: Tensor, row: int) -> Sums:
        """Return |F - T|^2."""
        target = self.target[:, :, row : row + features.shape[2]]
        wide = torch.promote_types(features.dtype, torch.float32)
        return ((features - target).square().sum(dtype=wide),)

    def loss(self, found: Found) -> Tensor:
        """Return the weighted relative distance."""
        return self.weight * found.sums[0] / self.spread


def style_terms(
    backbone: Backbone,
    styles: Sequence[Tensor],
    blend: Sequence[float],
    weights: Mapping[str, float],
    budget: Budget,
) -> list[StyleTerm]:
    """Return a term for each layer; several styles are blended in their Grams."""
    grams: dict[str, Tensor] = {}
    readers = [(layer, lambda features, row: (channel_products(features),)) for layer in weights]
    for style, share in zip(styles, blend, strict=True):
        for layer, found in zip(weights, read(backbone, style, readers, budget), strict=True):
            grams[layer] = grams.get(layer, 0) + share * (found.sums[0] / found.places)
    return [StyleTerm(layer, weight, grams[layer]) for layer, weight in weights.items()]


def content_terms(
    backbone: Backbone, content: Tensor, weights: Mapping[str, float], budget: Budget
) -> list[ContentTerm]:
    """Return a term for each layer; it keeps the content's features."""
    keepers = {layer: _Keeper() for layer in weights}
    found = read(backbone, content, list(keepers.items()), budget)
    terms = []
    for (layer, keeper), part in zip(keepers.items(), found, strict=True):
        total, energy = part.sums
        varying = energy - total.square().sum() / part.places
        tiny = torch.finfo(torch.float32).tiny
        spread = max(varying.item(), 0.01 * energy.item(), tiny)
        terms.append(ContentTerm(layer, weights[layer], keeper.features(), spread))
    return terms


class _Keeper:
    """Read features to keep them all, and their sums and energy."""

    def __init__(self) -> None:
        self.parts: list[Tensor] = []

    def __call__(self, features: Tensor, row: int) -> Sums:
        self.parts.append(features.clone(memory_format=torch.channels_last))
        # double, because the variance is a difference of two of these; Apple's processors lack it
        wide = features.to(torch.float32 if features.device.type == "mps" else torch.float64)
        return wide.sum((2, 3)).cpu().double(), wide.square().sum().cpu().double()

    def features(self) -> Tensor:
        return self.parts[0] if len(self.parts) == 1 else torch.cat(self.parts, 2)
