"""Where each style goes and how strongly, at any size: from grey pictures to the terms' regions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from impasto.errors import OptionError
from impasto.methods.contract import Image
from impasto.methods.guides import Everywhere, Guide, Shares
from impasto.methods.optimize.terms import Part, Region

LEAST_STRENGTH = 0.01  # from which down there is nothing more to see


@dataclass(frozen=True, eq=False)
class Guidance:
    """Hold the styles' shares, their masks (H, W) if there are any, and a map of the strength.

    One mask for one style means the style where it is white and the content elsewhere, as a
    strength map does.

    Raises:
        OptionError: there are masks, but not one for each style, or both for one style.
    """

    blend: Sequence[float]
    masks: Sequence[Image] = ()
    strength: Image | None = None

    def __post_init__(self) -> None:
        """Check that there is a mask for each style, or none."""
        if self.masks and len(self.masks) != len(self.blend):
            raise OptionError(
                f"{len(self.masks)} masks for {len(self.blend)} styles: give one for each"
            )
        if len(self.masks) == 1 and self.strength is not None:
            raise OptionError("one style takes a mask or a strength map, not both")

    def regions(self, styles: Sequence[Tensor], height: int, width: int) -> list[Region]:
        """Return where these styles (1, 3, H, W) go in a picture of this size.

        Raises:
            ImageError: a mask has other proportions.
        """
        parts = [Part(style, share) for style, share in zip(styles, self.blend, strict=True)]
        if len(self.masks) < 2:
            return [Region(parts)]
        everywhere = Everywhere(1.0, (height, width))
        shares = Shares(self.masks, self.blend, everywhere, everywhere)
        planes = shares.rows((slice(0, height), slice(0, width)))
        return [
            Region([Part(part.picture, 1.0)], _tensor(plane, part.picture))
            for part, plane in zip(parts, planes, strict=False)
            if plane.any()
        ]

    def pull(self, content: Tensor) -> Tensor | None:
        """Return how much heavier the content (1, 3, H, W) is at each place, (1, 1, H, W).

        1/s^2 at a strength of s, as the option `strength` has it; None where it is one everywhere.

        Raises:
            ImageError: the map has other proportions.
        """
        grey = self.masks[0] if len(self.masks) == 1 else self.strength
        if grey is None:
            return None
        height, width = content.shape[2:]
        guide = Guide(grey, (height, width), "mask 1" if self.masks else "the strength map")
        plane = _tensor(guide[slice(0, height), slice(0, width)], content)
        return plane.clamp_min(LEAST_STRENGTH).square().reciprocal()


def _tensor(plane: Image, like: Tensor) -> Tensor:
    return torch.tensor(plane, dtype=torch.float32, device=like.device)[None, None]
