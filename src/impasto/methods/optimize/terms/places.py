"""Some of a picture's places, the same in every layer, for what is no sum over all of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.methods.optimize.strips import Found, Reader, Values
from impasto.methods.optimize.terms.base import Shape, Sources


def spread(shape: Shape, count: int, generator: torch.Generator) -> Tensor:
    """Return about so many positions (n, 2) in [0, 1), one at random in each cell of a grid.

    Rows and columns as shares of height and width, in order of the rows.
    """
    height, width = shape
    side = math.sqrt(height * width / count)
    down, across = max(1, round(height / side)), max(1, round(width / side))
    grid = torch.stack(torch.meshgrid(torch.arange(down), torch.arange(across), indexing="ij"), 2)
    inside = grid + torch.rand(down, across, 2, generator=generator)
    positions = (inside / torch.tensor((down, across))).flatten(0, 1).clamp_max(1 - 2**-24)
    return positions[positions[:, 0].argsort()]


def spread_within(
    where: Tensor | None, shape: Shape, count: int, generator: torch.Generator
) -> Tensor:
    """Return about so many positions where `where` (1, 1, H, W) is at least a half; see `spread`.

    One place at least: that which counts most.
    """
    if where is None:
        return spread(shape, count, generator)
    plane = where[0, 0].cpu()
    inside = max((plane >= HALF).float().mean().item(), 1 / plane.numel())
    positions = spread(shape, min(math.ceil(count / inside), 16 * math.prod(shape)), generator)
    rows = (positions * torch.tensor(plane.shape)).long()
    kept = positions[plane[rows[:, 0], rows[:, 1]] >= HALF]
    if len(kept):
        return kept
    most = divmod(int(plane.argmax()), plane.shape[1])
    return ((torch.tensor(most) + 0.5) / torch.tensor(plane.shape))[None]


HALF = 0.5  # of a place, to belong to a region


class Places:
    """Take features at some places of a layer, in order of their rows, or at all of them."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.numbers: Tensor | None = None  # all places

    def choose(self, positions: Tensor) -> None:
        """Take these from now on, in order of their rows."""
        rows = (positions * torch.tensor(self.shape)).long()
        self.numbers = rows[:, 0] * self.shape[1] + rows[:, 1]
        self._starts = rows[:, 0].contiguous()

    def choose_within(self, where: Tensor) -> None:
        """Take all places from now on where this (1, 1, H, W) is at least a half, or one."""
        flat = where.flatten().cpu()
        numbers = (flat >= HALF).nonzero()[:, 0]
        self.numbers = numbers if len(numbers) else flat.argmax()[None]
        self._starts = self.numbers // self.shape[1]

    def draw(self, where: Tensor | None, count: int, generator: torch.Generator) -> None:
        """Take about so many, at random but evenly spread; all, where there are no more."""
        plane = None if where is None else F.adaptive_avg_pool2d(where, self.shape)
        inside = math.prod(self.shape) if plane is None else int((plane >= HALF).sum())
        if inside > count:
            self.choose(spread_within(plane, self.shape, count, generator))
        elif plane is not None:
            self.choose_within(plane)

    def span(self, row: int, rows: int) -> slice:
        """Return which of the places lie in so many rows from number `row` on."""
        if self.numbers is None:
            return slice(row * self.shape[1], (row + rows) * self.shape[1])
        return slice(*torch.searchsorted(self._starts, torch.tensor((row, row + rows))).tolist())

    def take(self, features: Tensor, row: int) -> Tensor:
        """Return features (1, C, H, W) of rows from number `row` on at the places, (1, C, n)."""
        wide = torch.promote_types(features.dtype, torch.float32)
        return self.rows(features, row).t()[None].to(wide)

    def rows(self, features: Tensor, row: int) -> Tensor:
        """Return the same as (n, C), as exact as they are."""
        flat = features[0].permute(1, 2, 0).flatten(0, 1)
        if self.numbers is None:
            return flat
        numbers = self.numbers[self.span(row, features.shape[2])] - row * self.shape[1]
        return flat.index_select(0, numbers.to(flat.device))


class Columns:
    """Features of several layers at the same places, one below the other.

    Each layer is divided by `scales`, so that it is as heavy as its weight says.
    """

    def __init__(
        self,
        shapes: Mapping[str, Shape],
        scales: Mapping[str, float],
        where: Tensor | None = None,
    ) -> None:
        self.places = {layer: Places(shape) for layer, shape in shapes.items()}
        self.scales, self.where = scales, where

    @classmethod
    def of_content(
        cls, sources: Sources, weights: Mapping[str, float], where: Tensor | None = None
    ) -> Columns:
        """Return columns for pictures of the content's size, at places that count."""
        shapes = sources.shapes(sources.content, list(weights))
        return cls(shapes, _scales(sources, weights), where)

    def draw(self, count: int, generator: torch.Generator) -> None:
        """Take about so many places; fewer where the finest layer has fewer."""
        layers = list(self.places.values())
        if len(layers) == 1:
            layers[0].draw(self.where, count, generator)
            return
        finest = max((each.shape for each in layers), key=math.prod)
        count = min(count, math.prod(finest))
        positions = spread_within(self.where, finest, count, generator)
        for each in layers:
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

    found = sources.read(sources.content, [Reader(layer, energy) for layer in weights])
    return {
        layer: max(math.sqrt(part.values[0].item() / part.places / weight), 1e-12)
        for (layer, weight), part in zip(weights.items(), found, strict=True)
    }
