"""What a term of the loss is: what it reads of layers, and what it makes of that."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from impasto.backbones import Backbone
from impasto.methods.optimize.memory import Budget
from impasto.methods.optimize.strips import Found, Reader, read

REFRESH = 10
"""Evaluations after which terms look again: for other matches, at other places."""


class Term:
    """One term of the loss, of one layer or several.

    `readers` say what it reads of a picture; `loss` makes the weighted loss of what they found, in
    their order. One that `looks` is given a layer's whole features from time to time.
    """

    name: str
    readers: tuple[Reader, ...]
    looks: str | None = None

    def loss(self, found: Sequence[Found]) -> Tensor:
        """Return the weighted loss, from what was read in all places."""
        raise NotImplementedError

    def refresh(self, generator: torch.Generator, features: Tensor | None) -> None:
        """Draw places and directions anew, and look at the features (1, C, H, W) if it `looks`."""


@dataclass(frozen=True, eq=False)
class Sources:
    """What targets are made from: pictures (1, 3, H, W), the styles' shares, the network."""

    backbone: Backbone
    content: Tensor
    styles: Sequence[Tensor]
    blend: Sequence[float]
    budget: Budget
    generator: torch.Generator

    def of_styles(self, readers: Sequence[Reader]) -> Iterator[tuple[float, list[Found]]]:
        """Yield each style's share, and what the readers find in it."""
        for style, share in zip(self.styles, self.blend, strict=True):
            yield share, read(self.backbone, style, readers, self.budget)

    def of_content(self, readers: Sequence[Reader]) -> list[Found]:
        """Return what the readers find in the content."""
        return read(self.backbone, self.content, readers, self.budget)


Build = Callable[[Sources, Mapping[str, float]], Sequence[Term]]
"""Make terms from sources and the weights of layers."""


class Keeper:
    """Read features to keep them all, and their sums and energy."""

    def __init__(self, layer: str) -> None:
        self.parts: list[Tensor] = []
        self.reader = Reader(layer, self._read)

    def _read(self, features: Tensor, row: int) -> tuple[Tensor, Tensor]:
        self.parts.append(features.detach().clone(memory_format=torch.channels_last))
        # double, because the variance is a difference of two of these; Apple's processors lack it
        wide = features.to(torch.float32 if features.device.type == "mps" else torch.float64)
        return wide.sum((2, 3)).cpu().double(), wide.square().sum().cpu().double()

    def features(self) -> Tensor:
        """Return them, (1, C, H, W)."""
        return self.parts[0] if len(self.parts) == 1 else torch.cat(self.parts, 2)
