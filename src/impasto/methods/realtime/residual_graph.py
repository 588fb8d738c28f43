"""The residual network as a graph of plain tensors, for engines that are not torch."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.methods.realtime.graph import normalized
from impasto.methods.realtime.residual import Residual
from impasto.methods.realtime.statistics import EPSILON


class ResidualGraph(nn.Module):
    """Paint a content (1, H, W, 3) with its margin; sides are multiples of 16.

    `white`, `color` (3, 4) and `limits` (2,) are as in `ContentGraph`. `values` (1, V, 1, 1) are
    gain less 1 and shift of each layer; `statistics` (1, 2K, 1, 1) mean and deviation of each
    channel of each layer, taken in place of its own where `given` is 1.
    """

    outputs = ("picture", "found")

    def __init__(self, network: Residual) -> None:
        super().__init__()
        self.network, self.square = network, network.config.square

    def forward(
        self,
        content: Tensor,
        white: Tensor,
        color: Tensor,
        limits: Tensor,
        values: Tensor,
        statistics: Tensor,
        given: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Return the picture (1, H, W, 3), margin and all, and what statistics it took."""
        sizes = [2 * n for n in self.network.config.channels()]
        known = torch.split(statistics, sizes, 1)
        found: list[Tensor] = []

        def normalize(number: int, x: Tensor) -> Tensor:
            mean = x.mean((2, 3), keepdim=True)
            deviation = ((x - mean).square().mean((2, 3), keepdim=True) + EPSILON).sqrt()
            found.append(torch.cat([mean, deviation], 1))
            return normalized(x, known[number], given)

        x = (content @ white[:, :3].t() + white[:, 3]).permute(0, 3, 1, 2)
        squares = F.pixel_unshuffle(x, self.square)
        painted = F.pixel_shuffle(
            self.network.body(squares, values.flatten(1), normalize), self.square
        )
        colored = painted.permute(0, 2, 3, 1) @ color[:, :3].t() + color[:, 3]
        picture = torch.minimum(torch.maximum(colored, limits[0]), limits[1])
        return picture, torch.cat(found, 1)
