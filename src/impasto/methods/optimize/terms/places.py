"""Some of a picture's places, the same in every layer, for what is no sum over all of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from impasto.methods.optimize.strips import Found, Reader, Values, read
from impasto.methods.optimize.terms.base import Sources

Shape = tuple[int, int]


def spread(shape: Shape, count: int, generator: torch.Generator) -> Tensor:
    """Return about so many positions (n, 2) in [0, 1), one at random in each cell of a grid.

    Rows and columns as shares of height and width, in order of the rows.
    """
    height, width = shape
    side = math.sqrt(height * width / count)
    down, across = max(1, round(height / side)), max(1, round(width / side))
    grid = torch.stack(torch.meshgrid(torch.arange(down), torch.arange(across), indexing="ij"), 2)
    inside = (grid + torch.rand(down, across, 2, generator=generator)) / torch.tensor(
        (down, across)
    )
    positions = inside.flatten(0, 1).clamp_max(1 - 2**-24)
    return positions[positions[:, 0].argsort()]


class Places:
    """Take features at some places of a layer, or at all of them."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.rows: Tensor | None = None  # all places

    def choose(self, positions: Tensor) -> None:
        """Take these from now on, in order of their rows."""
        height, width = self.shape
        self.rows = (positions[:, 0] * height).long()
        self.columns = (positions[:, 1] * width).long()

    def draw(self, count: int, generator: torch.Generator) -> None:
        """Take about so many, at random but evenly spread; all, where there are no more."""
        if self.shape[0] * self.shape[1] > count:
            self.choose(spread(self.shape, count, generator))

    def take(self, features: Tensor, row: int) -> Tensor:
        """Return features (1, C, H, W) of rows from number `row` on at the places, (1, C, n)."""
        flat = features[0].permute(1, 2, 0).flatten(0, 1)
        if self.rows is not None:
            ends = torch.tensor((row, row + features.shape[2]))
            low, high = torch.searchsorted(self.rows, ends).tolist()
            numbers = (self.rows[low:high] - row) * self.shape[1] + self.columns[low:high]
            flat = flat.index_select(0, numbers.to(flat.device))
        wide = torch.promote_types(features.dtype, torch.float32)
        return flat.t()[None].to(wide)


def layer_shapes(sources: Sources, picture: Tensor, layers: Sequence[str]) -> dict[str, Shape]:
    """Return the height and width of a picture's features."""
    widths: dict[str, int] = {}

    def measure(layer: str) -> Reader:
        def note(features: Tensor, row: int) -> Values:
            widths[layer] = features.shape[3]
            return (features.new_zeros(()),)

        return Reader(layer, note)

    found = read(sources.backbone, picture, [measure(layer) for layer in layers], sources.budget)
    return {
        layer: (part.places // widths[layer], widths[layer])
        for layer, part in zip(layers, found, strict=True)
    }


class Columns:
    """Features of several layers at the same places, one below the other.

    Each layer is divided by `scales`, so that it is as heavy as its weight says.
    """

    def __init__(self, shapes: Mapping[str, Shape], scales: Mapping[str, float]) -> None:
        self.places = {layer: Places(shape) for layer, shape in shapes.items()}
        self.scales = scales

    @classmethod
    def of_content(cls, sources: Sources, weights: Mapping[str, float]) -> Columns:
        """Return columns for pictures of the content's size."""
        shapes = layer_shapes(sources, sources.content, list(weights))
        return cls(shapes, _scales(sources, weights))

    def draw(self, count: int, generator: torch.Generator) -> None:
        """Take about so many places; fewer where the finest layer has fewer."""
        finest = max((each.shape for each in self.places.values()), key=math.prod)
        positions = spread(finest, min(count, math.prod(finest)), generator)
        for each in self.places.values():
            each.choose(positions)

    def join(self, found: Sequence[Found]) -> Tensor:
        """Return the columns (1, C, n) from what `column_readers` found."""
        scales = self.scales.values()
        parts = [part.values[0] / scale for part, scale in zip(found, scales, strict=True)]
        return torch.cat(parts, 1)


def column_readers(columns: Columns) -> tuple[Reader, ...]:
    """Return a reader for each layer."""
    return tuple(_gather(layer, places) for layer, places in columns.places.items())


def _gather(layer: str, places: Places) -> Reader:
    return Reader(layer, lambda features, row: (places.take(features, row),), gathers=True)


def _scales(sources: Sources, weights: Mapping[str, float]) -> dict[str, float]:
    """Return each layer's root energy in the content, over the root of its weight."""

    def energy(features: Tensor, row: int) -> Values:
        wide = torch.promote_types(features.dtype, torch.float32)
        return (features.square().sum((1, 2, 3), dtype=wide),)

    found = sources.of_content([Reader(layer, energy) for layer in weights])
    return {
        layer: max(math.sqrt(part.values[0].item() / part.places / weight), 1e-12)
        for (layer, weight), part in zip(weights.items(), found, strict=True)
    }
