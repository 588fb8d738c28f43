"""Style by how features are distributed, known from some of the places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from impasto.losses.transport import directions, quantiles, relaxed_earth_mover, sorted_distance
from impasto.methods.optimize.strips import Found
from impasto.methods.optimize.terms.base import Region, Sources, Term
from impasto.methods.optimize.terms.places import Columns, column_readers

NUMBERS = 2**22
"""Features that are sorted at a time: all places of a small picture, some of a large one's."""

COLUMNS = 1024
"""Places of which all of the picture's are compared with all of the style's."""


class SortedTerm(Term):
    """Weigh the squared Wasserstein-2 distance along each direction, over the style's energy.

    Directions are the channels themselves (Risser et al. 2017, "Stable and Controllable Neural
    Texture Synthesis and Style Transfer Using Histogram Losses") or a random rotation of them
    (Heitz et al. 2021, "A Sliced Wasserstein Loss for Neural Texture Synthesis", equation 4).
    """

    def __init__(
        self, name: str, weight: float, columns: Columns, samples: Tensor, turned: bool
    ) -> None:
        (layer,) = columns.places
        self.name, self.weight, self.turned = f"{name} {layer}", weight, turned
        self.columns, self.samples = columns, samples
        self.readers = column_readers(columns)
        self.axes: Tensor | None = None
        self.target: Tensor | None = None

    def refresh(self, generator: torch.Generator, features: Tensor | None) -> None:
        """Draw the places and the rotation."""
        channels = self.samples.shape[1]
        self.columns.draw(NUMBERS // channels, generator)
        if self.turned:
            self.axes = directions(channels, generator).to(self.samples)
        self.target = None

    def loss(self, found: Sequence[Found]) -> Tensor:
        """Return the weighted distance."""
        samples = self._along(self.columns.join(found))
        if self.target is None:
            self.target = quantiles(self._along(self.samples), samples.shape[2])
        return self.weight * sorted_distance(samples, self.target)

    def _along(self, samples: Tensor) -> Tensor:
        return samples if self.axes is None else self.axes @ samples


class EarthMoverTerm(Term):
    """Weigh the relaxed earth mover's distance of columns of features, in [0, 2].

    Kolkin et al. 2019, STROTSS, equations 5 and 6; here without its moments and colours, which
    are terms of their own.
    """

    def __init__(self, name: str, weight: float, columns: Columns, samples: Tensor) -> None:
        self.name, self.weight, self.columns, self.samples = name, weight, columns, samples
        self.readers = column_readers(columns)

    def refresh(self, generator: torch.Generator, features: Tensor | None) -> None:
        """Draw the places."""
        self.columns.draw(COLUMNS, generator)

    def loss(self, found: Sequence[Found]) -> Tensor:
        """Return the weighted distance."""
        return self.weight * relaxed_earth_mover(self.columns.join(found), self.samples)


def sorted_terms(
    name: str, turned: bool, sources: Sources, weights: Mapping[str, float]
) -> list[SortedTerm]:
    """Return a term for each region and layer."""
    terms = []
    for region in sources.regions:
        title = name + region.title
        for layer, weight in weights.items():
            columns = Columns.of_content(sources, {layer: 1.0}, region.where)
            channels = sources.backbone.channels(layer)
            samples = style_samples(sources, region, columns, NUMBERS // channels)
            terms.append(SortedTerm(title, region.area * weight, columns, samples, turned))
    return terms


def earth_mover_terms(sources: Sources, weights: Mapping[str, float]) -> list[EarthMoverTerm]:
    """Return a term for each region, of all the layers, as heavy in the columns as weights say."""
    terms = []
    for region in sources.regions:
        title = f"earth-mover{region.title}"
        columns = Columns.of_content(sources, weights, region.where)
        samples = style_samples(sources, region, columns, COLUMNS)
        terms.append(EarthMoverTerm(title, region.area * sum(weights.values()), columns, samples))
    return terms


def style_samples(sources: Sources, region: Region, columns: Columns, count: int) -> Tensor:
    """Return columns (1, C, n) of about so many of the styles' places, shared by the blend."""
    found = []
    for part in region.styles:
        if part.share > 0:
            shapes = sources.shapes(part.picture, list(columns.places))
            where = sources.inside(part.where, list(columns.scales))
            own = Columns(shapes, columns.scales, where)
            own.draw(max(1, round(part.share * count)), sources.generator)
            found.append(own.join(sources.read(part.picture, column_readers(own))))
    return torch.cat(found, 2)
