"""Style by sums over places: Gram matrices, moments, the transport of Gaussians."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from impasto.losses import channel_products, relative_square
from impasto.losses.transport import RIDGE, gaussian_transport, matrix_roots
from impasto.methods.optimize.strips import Found, Reader, Values
from impasto.methods.optimize.terms.base import Sources, Term


class StatisticTerm(Term):
    """A term whose target is the styles' mean of what it reads of itself."""

    def __init__(self, name: str, layer: str, weight: float) -> None:
        self.name, self.weight = f"{name} {layer}", weight
        self.readers = (Reader(layer, self.read),)

    def read(self, features: Tensor, row: int) -> Values:
        """Return sums over places."""
        raise NotImplementedError

    def aim(self, means: Values) -> None:
        """Keep the target: means over places, of all styles."""
        raise NotImplementedError


class GramTerm(StatisticTerm):
    """Weigh |G - A|^2 / |A|^2, with G the layer's Gram matrix and A its target (1, C, C)."""

    def read(self, features: Tensor, row: int) -> Values:
        """Return F F^T."""
        return (channel_products(features),)

    def aim(self, means: Values) -> None:
        """Keep the styles' Gram matrix."""
        self.target = means[0]

    def loss(self, found: list[Found]) -> Tensor:  # type: ignore[override]
        """Return the weighted relative distance."""
        return (
            self.weight * relative_square(found[0].values[0] / found[0].places, self.target).sum()
        )


class MomentsTerm(StatisticTerm):
    """Weigh (|m - n|^2 + |s - t|^2) / (|n|^2 + |t|^2), of channels' means and deviations.

    Huang & Belongie 2017, AdaIN, equation 13; relative here.
    """

    def read(self, features: Tensor, row: int) -> Values:
        """Return the sums of features and of their squares, (1, C) each."""
        wide = features.to(torch.promote_types(features.dtype, torch.float32))
        return wide.sum((2, 3)), wide.square().sum((2, 3))

    def aim(self, means: Values) -> None:
        """Keep the styles' means and deviations."""
        self.target = _moments(means)

    def loss(self, found: list[Found]) -> Tensor:  # type: ignore[override]
        """Return the weighted relative distance."""
        means = tuple(value / found[0].places for value in found[0].values)
        return self.weight * relative_square(_moments(means), self.target).sum()


class TransportTerm(StatisticTerm):
    """Weigh the squared Wasserstein-2 distance of Gaussians, over the style's energy.

    crowsonkb's style-transfer-pytorch; see `gaussian_transport`.
    """

    def read(self, features: Tensor, row: int) -> Values:
        """Return the sum of features (1, C), and F F^T."""
        wide = torch.promote_types(features.dtype, torch.float32)
        return features.sum((2, 3), dtype=wide), channel_products(features)

    def aim(self, means: Values) -> None:
        """Keep the styles' mean and the root of their covariance."""
        self.mean, covariance = _gaussian(means)
        ridge = RIDGE * covariance.diagonal().mean().clamp_min(torch.finfo(covariance.dtype).tiny)
        covariance.diagonal().add_(ridge)
        self.root = matrix_roots(covariance)[0]

    def loss(self, found: list[Found]) -> Tensor:  # type: ignore[override]
        """Return the weighted distance."""
        mean, covariance = _gaussian(tuple(value / found[0].places for value in found[0].values))
        return self.weight * gaussian_transport(mean, covariance, self.mean, self.root)


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
    """Return a term for each layer; several styles are blended in what is read of them."""
    terms = [kind(name, layer, weight) for layer, weight in weights.items()]
    means: list[Values | None] = [None] * len(terms)
    for share, found in sources.of_styles([term.readers[0] for term in terms]):
        for i, part in enumerate(found):
            own = tuple(share * value / part.places for value in part.values)
            before = means[i]
            if before is not None:
                own = tuple(a + b for a, b in zip(before, own, strict=True))
            means[i] = own
    for term, mean in zip(terms, means, strict=True):
        assert mean is not None
        term.aim(mean)
    return terms
