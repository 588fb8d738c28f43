"""The U-Net that paints: adaptive instance normalisation where content crosses to the picture.

The content encoder, convolutions only, turns a content into features at 1/4, 1/8 and 1/16 of its
size. The painter normalises these by their mean and deviation over the whole picture, or around
each place (AdaIN: Huang & Belongie 2017, arXiv:1703.06868, equation 8), gives them and its own
layers gains and shifts that say which style it is (Dumoulin et al. 2017, arXiv:1610.07629), and
leads them back to a picture. Colours are dealt with apart: the content comes in whitened, and what
is painted goes out with the mean and covariance of the style's colours, so that the network in
between need only learn to paint. Noise, as much of it as a style wants, is added at 1/16
(Ulyanov et al. 2016; Karras et al. 2019): an empty sky has nothing that strokes could grow from.

Nothing in the painter is normalised again, so once the content's statistics are known every layer
sees only a neighbourhood and a picture may be painted in tiles.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.methods.realtime.layers import (
    Block,
    Conv,
    Joint,
    even_out,
    leaky,
    mirrored,
    smooth_start,
)
from impasto.methods.realtime.model import MARGIN, modulated_layers
from impasto.methods.realtime.recolor import (
    color_statistics,
    colored,
    inverse_root,
    normalize,
    recolor,
)


@dataclass(frozen=True)
class UNetConfig:
    """Describe a U-Net: channels at 1/4, 1/8 and 1/16, residual blocks.

    `last` are the channels of the layer before the last.
    """

    fine: int = 32
    coarse: int = 64
    deep: int = 80
    last: int = 16
    encoder_blocks: int = 0
    coarse_blocks: int = 1
    deep_blocks: int = 2
    fine_blocks: int = 1

    def layers(self) -> dict[str, tuple[int, ...]]:
        """Return the channels of each modulated layer by scale, in the order of their use."""
        return modulated_layers(asdict(self))


class ContentEncoder(nn.Module):
    """Turn whitened contents into features at 1/4, 1/8 and 1/16 of their size.

    Contents come with the 16 pixels of a square as channels, (N, 48, H/4, W/4); H and W are
    multiples of 16.
    """

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        self.stem: nn.Conv2d = Conv(48, config.fine)
        self.down = Conv(config.fine, config.coarse, stride=2, repeated=True)
        self.blocks = nn.ModuleList(Block(config.coarse) for _ in range(config.encoder_blocks))
        self.deeper = Conv(config.coarse, config.deep, stride=2, repeated=True)

    def forward(self, content: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the features, fine, coarse, deep."""
        # what the first convolution finds beside zeros is no part of any picture: where it is dark,
        # that would be seen as an edge, and painted as a rope along the border
        inner = F.relu(self.stem(content))[:, :, 1:-1, 1:-1]
        fine = F.pad(inner, (1, 1, 1, 1), mode="replicate")
        coarse = leaky(self.down(fine))
        for block in self.blocks:
            coarse = leaky(block(coarse))
        return fine, coarse, leaky(self.deeper(coarse))


class Painter(nn.Module):
    """Turn features and affines into a picture; every layer sees a neighbourhood only."""

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        fine, coarse, deep = config.fine, config.coarse, config.deep
        deep_blocks = (Block(deep, repeated=True) for _ in range(config.deep_blocks))
        self.deep_blocks = nn.ModuleList(deep_blocks)
        self.up_deep = Conv(deep, coarse, repeated=True)
        self.coarse_blocks = nn.ModuleList(Block(coarse) for _ in range(config.coarse_blocks))
        self.up_coarse = Conv(coarse, 4 * fine)
        self.fine_blocks = nn.ModuleList(Block(fine, F.relu) for _ in range(config.fine_blocks))
        self.mid = Conv(fine, config.last)
        self.out = Joint(fine + config.last, 48, gain=0.5)
        self.shuffled = ((self.up_coarse, 2), (self.out, 4))
        for conv, factor in self.shuffled:
            smooth_start(conv, factor)

    def even_out(self) -> None:
        """Take away what a flat picture would get as a checkerboard, exactly."""
        for conv, factor in self.shuffled:
            even_out(conv, factor)

    def forward(
        self,
        features: tuple[Tensor, Tensor, Tensor],
        affines: list[tuple[Tensor, Tensor]],
        grain: Tensor,
    ) -> Tensor:
        """Return uncoloured pictures, to be shuffled: (N, 48, H/4, W/4), all of a colour together.

        Affines are (1 or N, C, 1 or H', 1 or W'); `grain` is what noise adds at deep.
        """
        fine, coarse, deep = features
        each = iter(affines)
        x = _affine(deep, next(each)) + grain
        for block in self.deep_blocks:
            x = block(x, next(each))
        x = F.interpolate(leaky(x), scale_factor=2.0, mode="nearest")
        x = _affine(self.up_deep(x), next(each)) + _affine(coarse, next(each))
        for block in self.coarse_blocks:
            x = block(x, next(each))
        x = F.pixel_shuffle(self.up_coarse(leaky(x)), 2)
        x = F.relu(_affine(x, next(each)) + _affine(fine, next(each)))
        for block in self.fine_blocks:
            x = block(x, next(each))
        y = F.relu(_affine(self.mid(x), next(each)))
        return self.out(x, y)  # type: ignore[no-any-return]


class UNet(nn.Module):
    """Content encoder and painter; who inherits says where gains and shifts come from.

    With `mixed`, as in training, the convolutions compute in bfloat16; colours never.
    """

    mixed = False

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        self.config = config
        self.content = ContentEncoder(config)
        self.painter = Painter(config)
        self.channels = sum(config.layers().values(), ())
        self.grains = config.deep

    def even_out(self) -> None:
        """Take away what a flat picture would get as a checkerboard, exactly."""
        self.painter.even_out()

    @property
    def values(self) -> int:
        """Return how many gains, shifts and scales of noise say what a style is."""
        return 2 * sum(self.channels) + self.grains

    def paint_as(
        self,
        content: Tensor,
        values: Tensor,
        colors: Tensor,
        noise: Tensor | None = None,
        from_below: int = 0,
    ) -> Tensor:
        """Return contents painted with `values`, by statistics of the whole pictures.

        `values` (N or 1, `values`) hold gain less 1 and shift of each modulated layer in turn,
        then the scales of the noise; `colors` (N or 1, 12) the mean of the style's colours and
        the root of their covariance. Contents are continued by a mirrored margin of 16 pixels, H
        and W with it below, and the margin is cut off again. `noise` is (N, 1, H/16, W/16), of
        deviation 1; none without it. The last `from_below` contents are
        painted without their fine features, so that in training the layers below learn to do
        without.
        """
        mean, covariance = color_statistics(content)
        around = mirrored(content, MARGIN)
        white = recolor(around - mean[:, :, None, None], inverse_root(covariance))
        affines, grain = self.split(values)
        grain = torch.zeros_like(grain) if noise is None else grain * noise
        with torch.autocast(content.device.type, torch.bfloat16, enabled=self.mixed):
            seen = self.content(F.pixel_unshuffle(white, 4))
            fine, coarse, deep = (normalize(f) for f in seen)
            if from_below:
                fine = torch.cat([fine[:-from_below], torch.zeros_like(fine[-from_below:])])
            painted = F.pixel_shuffle(self.painter((fine, coarse, deep), affines, grain), 4)
        painted = painted[:, :, MARGIN:-MARGIN, MARGIN:-MARGIN]
        return colored(painted, colors)

    def split(self, values: Tensor) -> tuple[list[tuple[Tensor, Tensor]], Tensor]:
        """Return gain and shift (N, C, 1, 1) of each modulated layer, and the noise's scales."""
        sizes = [*(2 * n for n in self.channels), self.grains]
        *parts, grain = torch.split(values[:, :, None, None], sizes, 1)
        pairs = (part.chunk(2, 1) for part in parts)
        return [(1 + gain, shift) for gain, shift in pairs], grain


def _affine(x: Tensor, pair: tuple[Tensor, Tensor]) -> Tensor:
    return x * pair[0] + pair[1]
