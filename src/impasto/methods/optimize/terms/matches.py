"""Style place by place: each of the picture's places takes the style's that resembles it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.losses.likeness import nearest
from impasto.methods.optimize.strips import Found, Reader, Values
from impasto.methods.optimize.terms.base import Keeper, Region, Sources, Term
from impasto.methods.optimize.terms.places import Places

POOL = 2**14
"""Places of the styles to choose from, in a layer; of patches, a quarter as many."""

BLOCK = 2**22  # numbers of patches that are laid out at a time


class MatchTerm(Term):
    """A term that draws each place of a layer to what it found in the styles.

    The matches are sought when it looks, and stay until it looks again; so between two looks the
    loss is a sum over places.
    """

    title: str

    def __init__(
        self, number: str, layer: str, weight: float, pool: Tensor, where: Tensor | None
    ) -> None:
        """Take the styles' features (m, K, C): places, each with its K - 1 neighbours around it.

        `where` (1, 1, H, W) says which places of the picture are matched, all without it.
        """
        self.name, self.weight, self.looks = f"{self.title}{number} {layer}", weight, layer
        self.pool, self.where = pool, where
        own = pool[:, pool.shape[1] // 2].float()
        self.mean = own.mean(0)
        self.spread = (own - self.mean).square().sum(1).mean().clamp_min(1e-12)
        self.places: Places | None = None
        self.target: Tensor | None = None  # (places, C)
        self.readers = (Reader(layer, self._read),)

    def refresh(self, generator: torch.Generator, features: Tensor | None) -> None:
        """Seek the matches."""
        assert features is not None
        if self.places is None:
            self.places = Places((features.shape[2], features.shape[3]))
            if self.where is not None:
                self.places.choose_within(self.where)
        self.target = self.seek(features)

    @abstractmethod
    def seek(self, features: Tensor) -> Tensor:
        """Return what the places are drawn to, (n, C)."""

    @abstractmethod
    def distance(self, features: Tensor, target: Tensor) -> Tensor:
        """Return the sum of all places' distances, both (n, C) in float32."""

    def loss(self, found: Sequence[Found]) -> Tensor:
        """Return the weighted mean distance."""
        assert self.target is not None
        return self.weight * found[0].values[0] / len(self.target)

    def _read(self, features: Tensor, row: int) -> Values:
        assert self.target is not None
        assert self.places is not None
        target = self.target[self.places.span(row, features.shape[2])]
        return (self.distance(self.places.take(features, row)[0].t(), target.float()),)


class NearestTerm(MatchTerm):
    """Weigh 1 - cosine of each place and its match, both less the style's mean, in [0, 2].

    Kolkin et al. 2022, "Neural Neighbor Style Transfer", sections 3.2 and 3.3: the capture of
    features. Departure: each layer finds its own matches, not columns of all.
    """

    title = "nearest"

    def seek(self, features: Tensor) -> Tensor:
        """Return the likest places of the styles."""
        assert self.places is not None
        own = self.places.rows(features, 0)
        return self.pool[nearest(own, self.pool[:, 0]), 0]

    def distance(self, features: Tensor, target: Tensor) -> Tensor:
        """Return the sum of 1 - cosine."""
        return (1 - F.cosine_similarity(features - self.mean, target - self.mean, 1)).sum()


class PatchTerm(MatchTerm):
    """Weigh |F - T|^2 over the style's spread, T the mean of the matched patches of 3 x 3.

    Li & Wand 2016, "Combining Markov Random Fields and Convolutional Neural Networks", equation
    2; its sum over patches differs from this by what does not depend on the picture.
    """

    title = "patches"

    def seek(self, features: Tensor) -> Tensor:
        """Return the mean of all matched patches that lie over each place."""
        assert self.places is not None
        found = self._numbers(features)
        height, width = features.shape[2:]
        total = features.new_zeros(height + 2, width + 2, features.shape[1], dtype=torch.float32)
        for number in range(9):
            down, across = divmod(number, 3)
            part = self.pool[found, number].view(height, width, -1)
            total[down : down + height, across : across + width] += part
        count = F.conv_transpose2d(
            features.new_ones(1, 1, height, width, dtype=torch.float32),
            features.new_ones(1, 1, 3, 3, dtype=torch.float32),
        )
        mean = (total / count[0, 0, :, :, None])[1:-1, 1:-1].permute(2, 0, 1)[None]
        return self.places.take(mean, 0)[0].t().to(features.dtype)

    def _numbers(self, features: Tensor) -> Tensor:
        pool, mean = self.pool.flatten(1), features.mean((2, 3)).repeat(1, 9)[0]
        rows = max(1, BLOCK // (9 * features.shape[1] * features.shape[3]))
        padded = F.pad(features, (1, 1, 1, 1), mode="replicate")
        return torch.cat(
            [
                nearest(patches(padded[:, :, top : top + rows + 2]).flatten(1), pool, mean)
                for top in range(0, features.shape[2], rows)
            ]
        )

    def distance(self, features: Tensor, target: Tensor) -> Tensor:
        """Return the sum of squared differences, over the spread."""
        return (features - target).square().sum() / self.spread


def patches(features: Tensor) -> Tensor:
    """Return the patches of 3 x 3 of features (1, C, H, W), without padding: (n, 9, C)."""
    height, width = features.shape[2] - 2, features.shape[3] - 2
    shifted = [
        features[0, :, down : down + height, across : across + width]
        for down in range(3)
        for across in range(3)
    ]
    return torch.stack(shifted).permute(2, 3, 0, 1).flatten(0, 1)


def match_terms(
    kind: type[MatchTerm], sources: Sources, weights: Mapping[str, float]
) -> list[MatchTerm]:
    """Return a term for each region and layer."""
    terms = []
    for region in sources.regions:
        maps = sources.maps(sources.content, region.where, list(weights))
        for layer, weight in weights.items():  # one by one: features are kept whole
            pool = _pool_of(kind, sources, region, layer)
            terms.append(kind(region.title, layer, region.area * weight, pool, maps[layer]))
    return terms


def _pool_of(kind: type[MatchTerm], sources: Sources, region: Region, layer: str) -> Tensor:
    """Return places of a region's styles (m, K, C), shared by the blend."""
    count = POOL // 4 if kind is PatchTerm else POOL
    pools = []
    for part in region.styles:
        if part.share > 0:
            keeper = Keeper(layer)
            sources.read(part.picture, [keeper.reader])
            features = keeper.features()
            height, width = features.shape[2:]
            if kind is PatchTerm:
                found = patches(F.pad(features, (1, 1, 1, 1), mode="replicate"))
            else:
                found = features[0].permute(1, 2, 0).flatten(0, 1)[:, None]
            places = Places((height, width))
            where = sources.inside(part.where, [layer])
            places.draw(where, max(1, round(part.share * count)), sources.generator)
            numbers = places.numbers
            pools.append(found if numbers is None else found[numbers.to(found.device)])
    return torch.cat(pools)
