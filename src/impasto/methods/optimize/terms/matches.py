"""Style place by place: each of the picture's places takes the style's that resembles it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.losses.likeness import nearest
from impasto.methods.optimize.strips import Found, Reader, Values, read
from impasto.methods.optimize.terms.base import Keeper, Sources, Term
from impasto.methods.optimize.terms.places import spread

POOL = 2**14
"""Places of the styles to choose from, in a layer; of patches, a quarter as many."""

BLOCK = 2**22  # numbers of patches that are laid out at a time


class MatchTerm(Term):
    """A term that draws each place of a layer to what it found in the styles.

    The matches are sought when it looks, and stay until it looks again; so between two looks the
    loss is a sum over places.
    """

    title: str

    def __init__(self, layer: str, weight: float, pool: Tensor) -> None:
        """Take the styles' features (m, K, C): places, each with its K - 1 neighbours around it."""
        self.name, self.weight, self.looks = f"{self.title} {layer}", weight, layer
        self.pool = pool
        own = pool[:, pool.shape[1] // 2].float()
        self.mean = own.mean(0)
        self.spread = (own - self.mean).square().sum(1).mean().clamp_min(1e-12)
        self.target: Tensor | None = None
        self.readers = (Reader(layer, self._read),)

    def _read(self, features: Tensor, row: int) -> Values:
        assert self.target is not None
        return (self.distance(features, self.target[:, :, row : row + features.shape[2]]),)

    def distance(self, features: Tensor, target: Tensor) -> Tensor:
        """Return the sum of all places' distances."""
        raise NotImplementedError

    def loss(self, found: Sequence[Found]) -> Tensor:
        """Return the weighted mean distance."""
        return self.weight * found[0].values[0] / found[0].places


class NearestTerm(MatchTerm):
    """Weigh 1 - cosine of each place and its match, both less the style's mean, in [0, 2].

    Kolkin et al. 2022, "Neural Neighbor Style Transfer", sections 3.2 and 3.3: the capture of
    features. Departure: each layer finds its own matches, not columns of all.
    """

    title = "nearest"

    def refresh(self, generator: torch.Generator, features: Tensor | None) -> None:
        """Seek the matches."""
        assert features is not None
        found = nearest(features[0].permute(1, 2, 0).flatten(0, 1), self.pool[:, 0])
        rows = self.pool[found, 0].unflatten(0, features.shape[2:])
        self.target = rows.permute(2, 0, 1)[None]

    def distance(self, features: Tensor, target: Tensor) -> Tensor:
        """Return the sum of 1 - cosine."""
        mean = self.mean.view(1, -1, 1, 1)
        likeness = F.cosine_similarity(features.float() - mean, target.float() - mean, 1)
        return (1 - likeness).sum()


class PatchTerm(MatchTerm):
    """Weigh |F - T|^2 over the style's spread, T the mean of the matched patches of 3 x 3.

    Li & Wand 2016, "Combining Markov Random Fields and Convolutional Neural Networks", equation
    2; its sum over patches differs from this by what does not depend on the picture.
    """

    title = "patches"

    def refresh(self, generator: torch.Generator, features: Tensor | None) -> None:
        """Seek the matches, and lay the patches over each other."""
        assert features is not None
        found = self._seek(features)
        height, width = features.shape[2:]
        total = features.new_zeros(height + 2, width + 2, features.shape[1], dtype=torch.float32)
        count = features.new_zeros(height + 2, width + 2, 1, dtype=torch.float32)
        for number in range(9):
            down, across = divmod(number, 3)
            part = self.pool[found.flatten(), number].unflatten(0, (height, width))
            total[down : down + height, across : across + width] += part
            count[down : down + height, across : across + width] += 1
        mean = (total / count.clamp_min(1))[1:-1, 1:-1]
        self.target = mean.to(features.dtype).permute(2, 0, 1)[None]

    def _seek(self, features: Tensor) -> Tensor:
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
        return (features.float() - target.float()).square().sum() / self.spread


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
    """Return a term for each layer."""
    patched = kind is PatchTerm
    count = POOL // 4 if patched else POOL
    pools: dict[str, list[Tensor]] = {layer: [] for layer in weights}
    for style, share in zip(sources.styles, sources.blend, strict=True):
        for layer in weights if share > 0 else ():  # one by one: they are kept whole
            features = whole(sources, style, layer)
            pools[layer].append(_pool(features, round(share * count), patched, sources.generator))
    return [kind(layer, weight, torch.cat(pools[layer])) for layer, weight in weights.items()]


def whole(sources: Sources, picture: Tensor, layer: str) -> Tensor:
    """Return all features (1, C, H, W) of a picture's layer."""
    keeper = Keeper(layer)
    read(sources.backbone, picture, [keeper.reader], sources.budget)
    return keeper.features()


def _pool(features: Tensor, count: int, patched: bool, generator: torch.Generator) -> Tensor:
    found = patches(features) if patched and min(features.shape[2:]) > 2 else None
    if found is None:
        found = features[0].permute(1, 2, 0).flatten(0, 1)[:, None]
        found = found.expand(-1, 9, -1) if patched else found
        height, width = features.shape[2:]
    else:
        height, width = features.shape[2] - 2, features.shape[3] - 2
    if height * width <= count:
        return found
    positions = spread((height, width), max(count, 1), generator)
    rows = (positions * torch.tensor((height, width))).long()
    return found[(rows[:, 0] * width + rows[:, 1]).to(found.device)]
