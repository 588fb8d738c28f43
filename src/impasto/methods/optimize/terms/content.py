"""Content by its features, place for place, and by how its places resemble each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from impasto.losses.likeness import self_similarity
from impasto.methods.optimize.strips import Found, Reader, Values
from impasto.methods.optimize.terms.base import Keeper, Sources, Term
from impasto.methods.optimize.terms.places import Columns, column_readers

SAMPLES = 1024  # places of which all are compared with all


class ContentTerm(Term):
    """Weigh |F - T|^2 / max(|T - mean T|^2, 0.01 |T|^2), with F the layer and T its target.

    A flat content, which has hardly any variance, keeps a hundredth of its energy below. `pull`
    (1, 1, H', W') multiplies the squares place by place.
    """

    def __init__(
        self, layer: str, weight: float, target: Tensor, spread: float, pull: Tensor | None
    ) -> None:
        self.name, self.weight = f"content {layer}", weight
        self.target, self.spread, self.pull = target, spread, pull
        self.readers = (Reader(layer, self._read),)

    def _read(self, features: Tensor, row: int) -> Values:
        target = self.target[:, :, row : row + features.shape[2]]
        wide = torch.promote_types(features.dtype, torch.float32)
        squares = (features - target).square()
        if self.pull is not None:
            squares = squares * self.pull[:, :, row : row + features.shape[2]]
        return (squares.sum(dtype=wide),)

    def loss(self, found: Sequence[Found]) -> Tensor:
        """Return the weighted relative distance."""
        return self.weight * found[0].values[0] / self.spread


def content_terms(sources: Sources, weights: Mapping[str, float]) -> list[ContentTerm]:
    """Return a term for each layer; it keeps the content's features."""
    keepers = [Keeper(layer) for layer in weights]
    found = sources.read(sources.content, [keeper.reader for keeper in keepers])
    pull = sources.maps(sources.content, sources.pull, list(weights))
    terms = []
    for (layer, weight), keeper, part in zip(weights.items(), keepers, found, strict=True):
        total, energy = part.values
        varying = energy - total.square().sum() / part.places
        tiny = torch.finfo(torch.float32).tiny
        spread = max(varying.item(), 0.01 * energy.item(), tiny)
        terms.append(ContentTerm(layer, weight, keeper.features(), spread, pull[layer]))
    return terms


class SelfSimilarityTerm(Term):
    """Weigh how differently places resemble each other, mean over places, in [0, 2].

    Kolkin et al. 2019, STROTSS, equation 4, of columns of features at `SAMPLES` places, which
    stay the same all along.
    """

    name = "self-similarity"

    def __init__(self, weight: float, columns: Columns, target: Tensor) -> None:
        self.weight, self.columns, self.target = weight, columns, target
        self.readers = column_readers(columns)

    def loss(self, found: Sequence[Found]) -> Tensor:
        """Return the weighted distance."""
        here = self_similarity(self.columns.join(found))
        return self.weight * (here - self.target).abs().sum(1).mean()


def self_similarity_terms(
    sources: Sources, weights: Mapping[str, float]
) -> list[SelfSimilarityTerm]:
    """Return one term of all the layers, each as heavy in the columns as its weight says."""
    columns = Columns.of_content(sources, weights)
    columns.draw(SAMPLES, sources.generator)
    found = sources.read(sources.content, column_readers(columns))
    target = self_similarity(columns.join(found))
    return [SelfSimilarityTerm(sum(weights.values()), columns, target)]
