"""Where each style goes and how strongly, at any size: from grey pictures to the terms' regions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from impasto.methods.contract import Image
from impasto.methods.guides import Everywhere, Guide, Shares, check_masks
from impasto.methods.optimize.terms import Part, Region

LEAST_STRENGTH = 0.2  # for the content's weight: more than 25 times makes the search slow


@dataclass(frozen=True, eq=False)
class Guidance:
    """Hold the styles' shares, their masks (H, W) if there are any, and a map of the strength.

    Places of little strength count little for the style's statistics, and the content is heavier
    there. One mask for one style is such a map: the content where it is black.

    Raises:
        OptionError: there are masks, but not one for each style, or both for one style.
    """

    blend: Sequence[float]
    masks: Sequence[Image] = ()
    strength: Image | None = None

    def __post_init__(self) -> None:
        """Check that there is a mask for each style, or none."""
        check_masks(self.masks, self.blend, self.strength)

    def regions(self, styles: Sequence[Part], height: int, width: int) -> list[Region]:
        """Return where these styles go in a picture of this size; their shares are the blend.

        Raises:
            ImageError: a mask has other proportions.
        """
        guide = self._guide((height, width))
        like = styles[0].picture
        if len(self.masks) < 2:
            whole = (slice(0, height), slice(0, width))
            return [Region(styles, None if guide is None else _tensor(guide[whole], like))]
        return [
            Region([replace(style, share=1.0)], _tensor(plane, like))
            for style, plane in zip(styles, self._shares(height, width, guide), strict=True)
            if plane.any()
        ]

    def compose(self, pictures: Iterator[Image], height: int, width: int) -> Image:
        """Return pictures of each style alone (H, W, 3) put together, by masks that there are."""
        shares = self._shares(height, width, None)
        parts = (share[..., None] * one for share, one in zip(shares, pictures, strict=True))
        return np.asarray(sum(parts), np.float32)

    def _shares(self, height: int, width: int, guide: Guide | None) -> Image:
        """Return each style's share of each place, (N, H, W)."""
        everywhere = Everywhere(1.0, (height, width))
        shares = Shares(self.masks, self.blend, guide or everywhere, everywhere)
        return shares.rows((slice(0, height), slice(0, width)))[:-1]

    def pull(self, content: Tensor) -> Tensor | None:
        """Return how much heavier the content (1, 3, H, W) is at each place, (1, 1, H, W).

        1/s^2 at a strength of s, as the option `strength` has it; None where it is one everywhere.

        Raises:
            ImageError: the map has other proportions.
        """
        height, width = content.shape[2:]
        guide = self._guide((height, width))
        if guide is None:
            return None
        plane = _tensor(guide[slice(0, height), slice(0, width)], content)
        return plane.clamp_min(LEAST_STRENGTH).square().reciprocal()

    def _guide(self, size: tuple[int, int]) -> Guide | None:
        """Return how strong the styles are at each place."""
        if len(self.masks) == 1:
            return Guide(self.masks[0], size, "mask 1")
        return None if self.strength is None else Guide(self.strength, size, "the strength map")


def _tensor(plane: Image, like: Tensor) -> Tensor:
    return torch.tensor(plane, dtype=torch.float32, device=like.device)[None, None]
