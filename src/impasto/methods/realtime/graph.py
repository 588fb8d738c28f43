"""The network as two graphs of plain tensors, for engines that are not torch.

`style`: picture -> code. `content`: picture, colours, gains and shifts -> picture. The second
also gives the moments of the content's features in cells of 16 x 16 pixels, from which the
statistics of a picture that is painted in tiles, or of a neighbourhood, are put together; it
takes such statistics in place of its own where `given` is 1.
"""

from __future__ import annotations

from copy import deepcopy

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.methods.realtime.model import CELL, MARGIN, STRIDES
from impasto.methods.realtime.network import Realtime
from impasto.methods.realtime.statistics import EPSILON
from impasto.methods.realtime.unet import UNet


class StyleGraph(nn.Module):
    """Turn a style (1, H, W, 3) into the learned part of its code."""

    outputs = ("code",)

    def __init__(self, network: Realtime) -> None:
        super().__init__()
        self.encoder = network.style

    def forward(self, style: Tensor) -> Tensor:
        """Return the code (1, N) without the colours."""
        images = style.permute(0, 3, 1, 2)
        statistics, features = self.encoder.statistics(images)
        return self.encoder.learned(statistics, features)


class ContentGraph(nn.Module):
    """Paint a content (1, H, W, 3), sides multiples of 16, but for a margin of 16 pixels.

    `white` and `color` (3, 4) are a matrix and, last, what is added: the first makes the
    content's colours white, the second colours what is painted, which is brought into `limits`
    (2,). `fine`, `coarse` and `deep` hold a gain and a shift for each layer (1, 2K, 1 or H/s,
    1 or W/s), s the scale's stride, the last then a scale of the noise for each channel;
    the `statistics` a mean and a deviation for each channel, (1, 2C, same); the `noise` is
    (1, 1, H/s, W/s).

    The network has all pixels of a colour together; here the colours of a pixel are, as they
    are in pictures.
    """

    outputs = ("picture", *(f"{scale}_moments" for scale in STRIDES))

    def __init__(self, network: UNet) -> None:
        super().__init__()
        self.encoder, self.painter = deepcopy(network.content), deepcopy(network.painter)
        self.layers = network.config.layers()
        order = torch.arange(48).view(3, 16).t().flatten()
        out = self.painter.out
        assert out.bias is not None
        self.encoder.stem = _stem(self.encoder.stem, order)
        out.weight, out.bias = nn.Parameter(out.weight[order]), nn.Parameter(out.bias[order])

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
        deep_noise: Tensor,
        given: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return the picture (1, H - 32, W - 32, 3), and moments (1, 2C, H/16, W/16)."""
        height = content.shape[1]
        rows = _recolored(content.reshape(1, height, -1, 48), white[:, :3]) + white[:, 3].repeat(16)
        features = self.encoder(rows.reshape(1, height, -1, 12).permute(0, 3, 1, 2))
        statistics = (fine_statistics, coarse_statistics, deep_statistics)
        moments = [
            _cells(x, CELL // stride) for x, stride in zip(features, STRIDES.values(), strict=True)
        ]
        seen = tuple(
            normalized(x, known, given) for x, known in zip(features, statistics, strict=True)
        )
        channels = features[2].shape[1]
        affines = [
            *_pairs(deep, self.layers["deep"]),
            *_pairs(coarse, self.layers["coarse"]),
            *_pairs(fine, self.layers["fine"]),
        ]
        grain = deep[:, -channels:] * deep_noise
        margin = MARGIN // 4
        painted = self.painter(seen, affines, grain)[:, :, margin:-margin, margin:-margin]
        rows = _rows(painted.permute(0, 2, 3, 1))
        height = rows.shape[1]
        colored = _recolored(rows.reshape(1, height, -1, 48), color[:, :3]) + color[:, 3].repeat(16)
        picture = torch.minimum(torch.maximum(colored, limits[0]), limits[1])
        picture = picture.reshape(1, height, -1, 3)
        return picture, moments[0], moments[1], moments[2]


def _stem(of_squares: nn.Conv2d, order: Tensor) -> nn.Conv2d:
    """Return the first convolution as one of four pixels beside each other, (1, 12, H, W/4)."""
    width = of_squares.out_channels
    stem = nn.Conv2d(12, width, (12, 3), stride=(4, 1), padding=(4, 1))
    weight = of_squares.weight[:, order].unflatten(1, (4, 12))  # type: ignore[no-untyped-call]
    stem.weight = nn.Parameter(weight.permute(0, 2, 3, 1, 4).reshape(width, 12, 12, 3))
    stem.bias = of_squares.bias
    return stem


def _rows(squares: Tensor) -> Tensor:
    """Return squares (1, H/4, W/4, 48) as rows of pixels, (1, H, W/4, 12)."""
    height, width = squares.shape[1:3]
    return squares.unflatten(3, (4, 12)).permute(0, 1, 3, 2, 4).reshape(1, 4 * height, width, 12)  # type: ignore[no-untyped-call, no-any-return]


def _recolored(pixels: Tensor, matrix: Tensor) -> Tensor:
    """Multiply each of 16 pixels' colours (1, H, W, 48) by a matrix (3, 3)."""
    eye = torch.eye(16, device=matrix.device, dtype=matrix.dtype)
    each = (eye[:, None, :, None] * matrix.t()[None, :, None, :]).reshape(48, 48)
    return pixels @ each


def _cells(features: Tensor, side: int) -> Tensor:
    """Return means of the features, and of their squares, in squares of places."""
    both = torch.cat([features, features * features], 1)
    return both if side == 1 else F.avg_pool2d(both, side)


def normalized(features: Tensor, known: Tensor, given: Tensor) -> Tensor:
    """Normalise by what is known where `given` is 1, else by the features' own statistics."""
    mean, deviation = known.chunk(2, 1)
    centered = features - torch.where(given > 0, mean, features.mean((2, 3), keepdim=True))
    own = (centered.square().mean((2, 3), keepdim=True) + EPSILON).sqrt()
    return centered / torch.where(given > 0, deviation, own)


def _pairs(table: Tensor, channels: tuple[int, ...]) -> list[tuple[Tensor, Tensor]]:
    starts = [2 * sum(channels[:i]) for i in range(len(channels))]
    return [
        (table[:, at : at + n], table[:, at + n : at + 2 * n])
        for at, n in zip(starts, channels, strict=True)
    ]
