"""What a term of the loss is: what it reads of layers, and what it makes of that."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.backbones import Backbone
from impasto.backbones.stages import stages_of
from impasto.methods.optimize.memory import Budget
from impasto.methods.optimize.strips import Found, Reader, Values, read

Shape = tuple[int, int]

BORDER = 6  # pixels, which is as far as relu2_1 sees
LEFT = 0.1  # of a region's area, for a layer's places to be chosen inside it

REFRESH = 10
"""Evaluations after which terms look again: for other matches, at other places."""


class Term(ABC):
    """One term of the loss, of one layer or several.

    `readers` say what it reads of a picture; `loss` makes the weighted loss of what they found, in
    their order. One that `looks` is given a layer's whole features from time to time.
    """

    name: str
    readers: tuple[Reader, ...]
    looks: str | None = None

    @abstractmethod
    def loss(self, found: Sequence[Found]) -> Tensor:
        """Return the weighted loss, from what was read in all places."""

    def refresh(self, generator: torch.Generator, features: Tensor | None) -> None:  # noqa: B027
        """Draw places and directions anew, and look at the features (1, C, H, W) if it `looks`."""


@dataclass(frozen=True, eq=False)
class Part:
    """A style picture (1, 3, H, W), its share, and which of its places count (1, 1, H, W)."""

    picture: Tensor
    share: float
    where: Tensor | None = None


@dataclass(frozen=True, eq=False)
class Region:
    """Some of the picture's places (1, 1, H, W), in [0, 1], and the styles that go there.

    Without `where` it is all of the picture. The shares of its parts sum to one. `number` tells it
    from others.
    """

    styles: Sequence[Part]
    where: Tensor | None = None
    number: int | None = None
    share: float | None = None

    @property
    def title(self) -> str:
        """Return what its terms' names end with."""
        return "" if self.number is None else f" {self.number}"

    @property
    def area(self) -> float:
        """Return its share of the picture: `share`, where only a part of that is known."""
        if self.share is not None:
            return self.share
        return 1.0 if self.where is None else float(self.where.mean())


@dataclass(frozen=True, eq=False)
class Sources:
    """What targets are made from: the content (1, 3, H, W), regions of styles, the network.

    `pull` (1, 1, H, W) says how much heavier the content is at each place.
    """

    backbone: Backbone
    content: Tensor
    regions: Sequence[Region]
    budget: Budget
    generator: torch.Generator
    pull: Tensor | None = None

    def read(self, picture: Tensor, readers: Sequence[Reader]) -> list[Found]:
        """Return what the readers find in a picture."""
        return read(self.backbone, picture, readers, self.budget)

    def shapes(self, picture: Tensor, layers: Sequence[str]) -> dict[str, Shape]:
        """Return the height and width of a picture's features."""
        widths: dict[str, int] = {}

        def measure(layer: str) -> Reader:
            def note(features: Tensor, row: int) -> Values:
                widths[layer] = features.shape[3]
                return (features.new_zeros(()),)

            return Reader(layer, note)

        found = self.read(picture, [measure(layer) for layer in layers])
        return {
            layer: (part.places // widths[layer], widths[layer])
            for layer, part in zip(layers, found, strict=True)
        }

    def maps(
        self, picture: Tensor, where: Tensor | None, layers: Sequence[str]
    ) -> dict[str, Tensor | None]:
        """Return for each layer which of a picture's places count there, (1, 1, H', W')."""
        if where is None:
            return dict.fromkeys(layers)
        shapes = self.shapes(picture, layers)
        return {layer: F.adaptive_avg_pool2d(where, shape) for layer, shape in shapes.items()}

    def inside(self, where: Tensor | None, layers: Sequence[str]) -> Tensor | None:
        """Return a style's region (1, 1, H, W) less the margin in which layers see what is beyond.

        They may look `BORDER` pixels over it. Of a region that would lose nearly all, the margin
        is halved until it does not. Gatys et al. 2017, "Controlling Perceptual Factors in Neural
        Style Transfer", section 4.
        """
        if where is None or where.min() == where.max():
            return where
        margin, area = reach(self.backbone, layers) - BORDER, LEFT * where.sum()
        while margin > 0:
            eroded = _eroded(where, margin)
            if eroded.sum() >= area:
                return eroded
            margin //= 2
        return where


def reach(backbone: Backbone, layers: Sequence[str]) -> int:
    """Return how many pixels around its own the deepest layer sees, 0 where that is not known."""
    return sum((stage.halo or 0) << stage.depth for stage in stages_of(backbone, layers))


def _eroded(where: Tensor, margin: int) -> Tensor:
    """Return the least of each place's square; beyond the picture there is nothing."""
    side = 2 * margin + 1
    down = F.max_pool2d(-where, (side, 1), stride=1, padding=(margin, 0))
    return -F.max_pool2d(down, (1, side), stride=1, padding=(0, margin))


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
