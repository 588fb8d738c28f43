"""The network as two graphs of plain tensors, for engines that are not torch.

`style`: picture -> code. `content`: picture, colours, gains and shifts -> picture. The second
also gives the moments of the content's features in cells of 16 x 16 pixels, from which the
statistics of a picture that is painted in tiles, or of a neighbourhood, are put together; it
takes such statistics in place of its own where `given` is 1.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.methods.realtime.model import CELL, STRIDES
from impasto.methods.realtime.network import Realtime
from impasto.methods.realtime.statistics import EPSILON


class StyleGraph(nn.Module):
    """Turn a style (1, H, W, 3) into the learned part of its code."""

    def __init__(self, network: Realtime) -> None:
        super().__init__()
        self.encoder = network.style

    def forward(self, style: Tensor) -> Tensor:
        """Return the code (1, N) without the colours."""
        images = style.permute(0, 3, 1, 2)
        statistics, features = self.encoder.statistics(images)
        return self.encoder.learned(statistics, features)


class ContentGraph(nn.Module):
    """Paint a content (1, H, W, 3), sides multiples of 16.

    `white` and `color` (3, 4) are a matrix and, last, what is added: the first makes the
    content's colours white, the second colours what is painted, which is brought into `limits`
    (2,). `fine`, `coarse` and `deep` hold a gain and a shift for each layer (1, 2K, 1 or H/s,
    1 or W/s), s the scale's stride, the first two then a scale of the noise for each channel;
    the `statistics` a mean and a reciprocal deviation for each channel, (1, 2C, same); the
    `noise` is (1, 1, H/s, W/s).
    """

    def __init__(self, network: Realtime) -> None:
        super().__init__()
        self.encoder, self.painter = network.content, network.painter
        self.layers = network.config.layers()

    def forward(
        self,
        content: Tensor,
        white: Tensor,
        color: Tensor,
        limits: Tensor,
        fine: Tensor,
        coarse: Tensor,
        deep: Tensor,
        fine_statistics: Tensor,
        coarse_statistics: Tensor,
        deep_statistics: Tensor,
        coarse_noise: Tensor,
        fine_noise: Tensor,
        given: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return the picture (1, H, W, 3), and moments (1, 2C, H/16, W/16) at each scale."""
        features = self.encoder(_recolored(content.permute(0, 3, 1, 2), white))
        statistics = (fine_statistics, coarse_statistics, deep_statistics)
        moments = [
            _cells(x, CELL // stride) for x, stride in zip(features, STRIDES.values(), strict=True)
        ]
        normalized = tuple(
            _normalized(x, known, given) for x, known in zip(features, statistics, strict=True)
        )
        fine_channels, coarse_channels = features[0].shape[1], features[1].shape[1]
        affines = [
            *_pairs(deep, self.layers["deep"]),
            *_pairs(coarse, self.layers["coarse"]),
            *_pairs(fine, self.layers["fine"]),
        ]
        grain = coarse[:, -coarse_channels:] * coarse_noise, fine[:, -fine_channels:] * fine_noise
        painted = _recolored(self.painter(normalized, affines, grain), color)
        painted = torch.minimum(torch.maximum(painted, limits[0]), limits[1])
        picture = F.pixel_shuffle(painted, 4).permute(0, 2, 3, 1)
        return picture, moments[0], moments[1], moments[2]


def _recolored(images: Tensor, color: Tensor) -> Tensor:
    """Multiply colours (1, 3K, H, W) by a matrix and add a mean.

    Written as sums: a product of matrices would be computed in half precision, and is slower.
    """
    red, green, blue = images.chunk(3, 1)
    parts = [red * c[0] + green * c[1] + blue * c[2] + c[3] for c in color]
    return torch.cat(parts, 1)


def _cells(features: Tensor, side: int) -> Tensor:
    """Return means of the features, and of their squares, in squares of places."""
    both = torch.cat([features, features * features], 1)
    return both if side == 1 else F.avg_pool2d(both, side)


def _normalized(features: Tensor, known: Tensor, given: Tensor) -> Tensor:
    """Normalise by what is known where `given` is 1, else by the features' own statistics."""
    mean, scale = known.chunk(2, 1)
    mean = given * mean + (1 - given) * features.mean((2, 3), keepdim=True)
    centered = features - mean
    own = (centered.square().mean((2, 3), keepdim=True) + EPSILON).rsqrt()
    return centered * (given * scale + (1 - given) * own)


def _pairs(table: Tensor, channels: tuple[int, ...]) -> list[tuple[Tensor, Tensor]]:
    starts = [2 * sum(channels[:i]) for i in range(len(channels))]
    return [
        (table[:, at : at + n], table[:, at + n : at + 2 * n])
        for at, n in zip(starts, channels, strict=True)
    ]
