"""Johnson's transform network: residual blocks between a way down and a way up.

Johnson et al. 2016 (arXiv:1603.08155) with instance normalisation behind every convolution
(Ulyanov et al. 2016, arXiv:1607.08022) and resize-convolutions in place of transposed ones
(Odena et al. 2016). Departures: squares of pixels may come in as channels, which a mobile network
cannot do without; colours are dealt with apart, as in the U-Net; gains and shifts are a row of a
table (Dumoulin et al. 2017), of which row 0 gives the content back.

Statistics of every layer may be given instead of found: those of a thumbnail, so that large
pictures are painted in tiles that agree with the whole.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.methods.realtime.layers import even_out, mirrored, smooth_start
from impasto.methods.realtime.model import COLOR, MARGIN
from impasto.methods.realtime.recolor import (
    color_statistics,
    colored,
    colors_of,
    inverse_root,
    normalize,
    recolor,
)

Normalize = Callable[[int, Tensor], Tensor]


@dataclass(frozen=True)
class ResidualConfig:
    """Describe a residual network.

    `widths` are the channels at each halving, the last one those of the blocks; `square` is the
    side of the squares of pixels that come in as channels, and `kernel` the side of the first and
    the last kernels. (32, 64, 128), 5 blocks, square 1 and kernel 9 are the paper's.
    """

    widths: tuple[int, ...] = (24, 56)
    blocks: int = 4
    square: int = 2
    kernel: int = 5
    depthwise: bool = False

    def channels(self) -> tuple[int, ...]:
        """Return the channels of each normalised layer, in the order of their use."""
        return (*self.widths, *(self.widths[-1],) * (2 * self.blocks), *self.widths[-2::-1])

    @property
    def stride(self) -> int:
        """Return how much smaller than the picture the blocks' maps are."""
        return int(self.square * 2 ** (len(self.widths) - 1))

    def halo(self) -> int:
        """Return how many pixels around a tile, a multiple of 16, change what is painted in it."""
        levels = len(self.widths) - 1
        reach = 2 * self.square * (self.kernel // 2)
        reach += sum(2 * self.square * 2**level for level in range(levels + 1))
        reach += 2 * self.blocks * self.stride
        return int(-(-(reach + MARGIN) // MARGIN) * MARGIN)


class Residual(nn.Module):
    """A residual network with a table of `count` styles, and as row 0 the content itself."""

    mixed = False

    def __init__(self, config: ResidualConfig, count: int) -> None:
        super().__init__()
        self.config = config
        first, *_, inner = config.widths
        pixels = 3 * config.square**2
        self.stem = _conv(pixels, first, config.kernel)
        steps = list(zip(config.widths, config.widths[1:], strict=False))
        self.downs = nn.ModuleList(_conv(a, b, stride=2) for a, b in steps)
        conv = _separable if config.depthwise else _conv
        self.blocks = nn.ModuleList(conv(inner, inner) for _ in range(2 * config.blocks))
        self.ups = nn.ModuleList(_conv(b, a) for a, b in reversed(steps))
        self.out = _conv(first, pixels, config.kernel)
        smooth_start(self.out, config.square)
        self.table = nn.Parameter(torch.zeros(1 + count, self.values))
        self.colors: Tensor
        self.register_buffer("colors", torch.zeros(count, COLOR))

    @property
    def values(self) -> int:
        """Return how many gains and shifts say what a style is."""
        return 2 * sum(self.config.channels())

    def even_out(self) -> None:
        """Take away what a flat picture would get as a checkerboard, exactly."""
        even_out(self.out, self.config.square)

    def body(self, x: Tensor, values: Tensor, normalized: Normalize) -> Tensor:
        """Return uncoloured squares of pixels from white ones, (N, 3 square², h, w).

        `values` (N or 1, `values`) are gain less 1 and shift of each layer; `normalized` brings
        the layer of a number to mean 0 and deviation 1.
        """
        sizes = [2 * n for n in self.config.channels()]
        parts = iter(enumerate(torch.split(values[:, :, None, None], sizes, 1)))

        def styled(y: Tensor) -> Tensor:
            number, part = next(parts)
            gain, shift = part.chunk(2, 1)
            return normalized(number, y) * (1 + gain) + shift

        x = F.relu(styled(self.stem(x)))
        for down in self.downs:
            x = F.relu(styled(down(x)))
        for first, second in zip(self.blocks[::2], self.blocks[1::2], strict=True):
            x = x + styled(second(F.relu(styled(first(x)))))
        for up in self.ups:
            x = F.relu(styled(up(F.interpolate(x, scale_factor=2.0, mode="nearest"))))
        return self.out(x)  # type: ignore[no-any-return]

    def paint(
        self,
        content: Tensor,
        rows: Tensor,
        own_colors: Tensor,
        noise: Tensor | None = None,
        from_below: int = 0,
    ) -> Tensor:
        """Return contents (N, 3, H, W) painted in the styles of `rows` (N,), from 1.

        Where a row is 0 the content comes back, in `own_colors` (N, 12). `noise` and `from_below`
        are the U-Net's; here they change nothing.
        """
        mean, covariance = color_statistics(content)
        around = mirrored(content, MARGIN)
        white = recolor(around - mean[:, :, None, None], inverse_root(covariance))
        with torch.autocast(content.device.type, torch.bfloat16, enabled=self.mixed):
            squares = F.pixel_unshuffle(white, self.config.square)
            painted = F.pixel_shuffle(
                self.body(squares, self.table[rows], lambda number, x: normalize(x)),
                self.config.square,
            )
        painted = painted[:, :, MARGIN:-MARGIN, MARGIN:-MARGIN].float()
        return colored(painted, colors_of(rows, self.colors, own_colors))


def _conv(channels: int, width: int, kernel: int = 3, stride: int = 1) -> nn.Conv2d:
    conv = nn.Conv2d(channels, width, kernel, stride, kernel // 2, padding_mode="replicate")
    nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
    assert conv.bias is not None
    nn.init.zeros_(conv.bias)
    return conv


def _separable(channels: int, width: int) -> nn.Sequential:
    """Return a convolution of each channel alone, and one of all channels at each place."""
    each = nn.Conv2d(
        channels, channels, 3, padding=1, groups=channels, bias=False, padding_mode="replicate"
    )
    return nn.Sequential(each, _conv(channels, width, 1))
