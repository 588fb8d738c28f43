"""Style by sums over places: Gram matrices, moments, the transport of Gaussians."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping

import torch
from torch import Tensor

from impasto.losses import channel_products, relative_square
from impasto.losses.transport import covariance_root, gaussian_transport
from impasto.methods.optimize.strips import Found, Reader, Values
from impasto.methods.optimize.terms.base import Region, Sources, Term


class StatisticTerm(Term):
    """A term whose target is the mean of what it reads of the styles.

    In a region, where places count more or less (1, 1, H, W), each is read as often as it counts.
    """

    def __init__(self, name: str, layer: str, weight: float, where: Tensor | None = None) -> None:
        self.name, self.weight = f"{name} {layer}", weight
        self.readers = (self.reader(layer, where),)
        self.count = None if where is None else max(float(where.sum()), 1e-6)

    def reader(self, layer: str, where: Tensor | None) -> Reader:
        """Return a reader of a picture in which these places count."""
        if where is None:
            return Reader(layer, lambda features, row: self.sums(features, None))
        root = where.sqrt()[0, 0]

        def read(features: Tensor, row: int) -> Values:
            own = root[row : row + features.shape[2]].flatten()
            numbers = own.nonzero()[:, 0]
            flat = features[0].permute(1, 2, 0).flatten(0, 1).index_select(0, numbers)
            factors = own[numbers].to(flat.dtype)
            weighted = (flat * factors[:, None]).t()[None, :, None]
            return self.sums(weighted, factors)

        return Reader(layer, read)

    @abstractmethod
    def sums(self, features: Tensor, roots: Tensor | None) -> Values:
        """Return sums over places, whose features are multiplied already by these roots."""

    @abstractmethod
    def aim(self, means: Values) -> None:
        """Keep the target: means over places, of all styles."""

    def means(self, found: Found) -> Values:
        """Return means over the places that count."""
        count = found.places if self.count is None else self.count
        return tuple(value / count for value in found.values)


class GramTerm(StatisticTerm):
    """Weigh |G - A|^2 / |A|^2, with G the layer's Gram matrix and A its target (1, C, C)."""

    def sums(self, features: Tensor, roots: Tensor | None) -> Values:
        """Return F F^T."""
        return (channel_products(features),)

    def aim(self, means: Values) -> None:
        """Keep the styles' Gram matrix."""
        self.target = means[0]

    def loss(self, found: list[Found]) -> Tensor:  # type: ignore[override]
        """Return the weighted relative distance."""
        (found_gram,) = self.means(found[0])
        return self.weight * relative_square(found_gram, self.target).sum()


class MomentsTerm(StatisticTerm):
    """Weigh (|m - n|^2 + |s - t|^2) / (|n|^2 + |t|^2), of channels' means and deviations.

    Huang & Belongie 2017, AdaIN, equation 13; relative here.
    """

    def sums(self, features: Tensor, roots: Tensor | None) -> Values:
        """Return the sums of features and of their squares, (1, C) each."""
        wide = features.to(torch.promote_types(features.dtype, torch.float32))
        return _total(wide, roots), wide.square().sum((2, 3))

    def aim(self, means: Values) -> None:
        """Keep the styles' means and deviations."""
        self.target = _moments(means)

    def loss(self, found: list[Found]) -> Tensor:  # type: ignore[override]
        """Return the weighted relative distance."""
        return self.weight * relative_square(_moments(self.means(found[0])), self.target).sum()


class TransportTerm(StatisticTerm):
    """Weigh the squared Wasserstein-2 distance of Gaussians, over the style's energy.

    crowsonkb's style-transfer-pytorch; see `gaussian_transport`.
    """

    def sums(self, features: Tensor, roots: Tensor | None) -> Values:
        """Return the sum of features (1, C), and F F^T.

        In float32: products that are rounded to bfloat16 make no covariance, which has no root.
        """
        wide = features.to(torch.promote_types(features.dtype, torch.float32))
        return _total(wide, roots), channel_products(wide)

    def aim(self, means: Values) -> None:
        """Keep the styles' mean and the root of their covariance."""
        self.mean, covariance = _gaussian(means)
        self.root = covariance_root(covariance)

    def loss(self, found: list[Found]) -> Tensor:  # type: ignore[override]
        """Return the weighted distance."""
        mean, covariance = _gaussian(self.means(found[0]))
        return self.weight * gaussian_transport(mean, covariance, self.mean, self.root)


def _total(features: Tensor, roots: Tensor | None) -> Tensor:
    wide = torch.promote_types(features.dtype, torch.float32)
    return (features if roots is None else features * roots).sum((2, 3), dtype=wide)


def _moments(means: Values) -> Tensor:
    mean, square = means
    variance = square - mean.square()
    # the root's gradient is infinite at 0: a dead channel is taken as one of hardly any variance
    return torch.cat((mean, variance.clamp_min(1e-6 * square.mean() + 1e-12).sqrt()), 1)


def _gaussian(means: Values) -> tuple[Tensor, Tensor]:
    mean, products = means[0][0], means[1][0]
    return mean, products - mean[:, None] * mean


def statistic_terms(
    kind: type[StatisticTerm], name: str, sources: Sources, weights: Mapping[str, float]
) -> list[StatisticTerm]:
    """Return a term for each region and layer; its styles are blended in what is read of them."""
    return [
        term
        for region in sources.regions
        for term in _of_region(kind, name + region.title, sources, region, weights)
    ]


def _of_region(
    kind: type[StatisticTerm],
    name: str,
    sources: Sources,
    region: Region,
    weights: Mapping[str, float],
) -> list[StatisticTerm]:
    layers, area = list(weights), region.area
    maps = sources.maps(sources.content, region.where, layers)
    terms = [kind(name, layer, area * weights[layer], maps[layer]) for layer in layers]
    sums: list[Values] = []
    for part in region.styles:
        maps = {
            layer: sources.maps(part.picture, sources.inside(part.where, [layer]), [layer])[layer]
            for layer in layers
        }
        seen = [kind(name, layer, 1.0, maps[layer]) for layer in layers]
        found = sources.read(part.picture, [each.readers[0] for each in seen])
        own = [each.means(f) for each, f in zip(seen, found, strict=True)]
        shared = [tuple(part.share * value for value in values) for values in own]
        sums = [_plus(a, b) for a, b in zip(sums, shared, strict=True)] if sums else shared
    for term, mean in zip(terms, sums, strict=True):
        term.aim(mean)
    return terms


def _plus(first: Values, second: Values) -> Values:
    return tuple(a + b for a, b in zip(first, second, strict=True))
