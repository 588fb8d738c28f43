"""The real-time network: any style in one pass, by adaptive instance normalisation.

Three parts. The style encoder turns a style into a code. The content encoder, convolutions
only, turns a content into features at 1/4, 1/8 and 1/16 of its size. The painter normalises
these by their mean and deviation over the whole picture (AdaIN: Huang & Belongie 2017,
arXiv:1703.06868, equation 8), gives them and its own layers gains and shifts that are linear in
the code (FiLM: Perez et al. 2018), and leads them back to a picture. Colours are dealt with
apart: the content comes in whitened, and what is painted goes out with the mean and covariance
of the style's colours, so that the networks in between need only learn to paint. Noise, as much
of it as a style wants, is added at 1/16 (Ulyanov et al. 2016; Karras et al. 2019): an empty sky has
nothing that strokes could grow from.

Departures from AdaIN and MicroAST (Wang et al., AAAI 2023): nothing in the painter is
normalised again, so once the content's statistics are known every layer sees only a
neighbourhood and a picture may be painted in tiles; gains and shifts come from a code of fixed
size and not from the style's feature maps, so styles are stored, blended and placed by masks.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.backbones.vgg import Vgg, VggConfig
from impasto.methods.realtime.layers import (
    Block,
    Conv,
    Joint,
    even_out,
    leaky,
    mirrored,
    smooth_start,
)
from impasto.methods.realtime.model import COLOR, MARGIN, modulated_layers
from impasto.methods.realtime.recolor import (
    color_statistics,
    inverse_root,
    normalize,
    recolor,
    root,
)
from impasto.methods.realtime.statistics import EPSILON


@dataclass(frozen=True)
class RealtimeConfig:
    """Describe a real-time network: channels at 1/4, 1/8 and 1/16, residual blocks, code.

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
    code: int = 128
    style_widths: tuple[int, ...] = (24, 40, 72)
    style_top: int = 80

    def layers(self) -> dict[str, tuple[int, ...]]:
        """Return the channels of each modulated layer by scale, in the order of their use."""
        return modulated_layers(asdict(self))


class StyleEncoder(nn.Module):
    """Turn styles (N, 3, H, W) into codes (N, code + 12).

    The first stages are those of the perceptual network `compact`, as it was trained; one more
    is learned. The code is a linear map of the mean and deviation of each stage's channels;
    the last twelve numbers say how the colours are spread.
    """

    def __init__(self, config: RealtimeConfig) -> None:
        super().__init__()
        widths = config.style_widths
        self.stages = Vgg(VggConfig(widths, (2,) * len(widths), "unit", residual=True))
        self.names = tuple(f"relu{i}_2" for i in range(1, len(widths) + 1))
        self.top = Conv(widths[-1], config.style_top)
        found = 2 * (3 + sum(widths) + config.style_top)
        self.center: Tensor
        self.scale: Tensor
        self.register_buffer("center", torch.zeros(found))
        self.register_buffer("scale", torch.ones(found))
        self.project = nn.Linear(found, config.code)

    def look(self, style: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return what the fixed stages find: statistics (N, S), the last features, colours."""
        mean, covariance = color_statistics(style)
        return *self.statistics(style), torch.cat([mean, root(covariance).flatten(1)], 1)

    def statistics(self, style: Tensor) -> tuple[Tensor, Tensor]:
        """Return the fixed stages' statistics (N, S) and their last features."""
        features = self.stages(style, self.names)
        statistics = [_moments(f.float()) for f in (style, *features.values())]
        return torch.cat(statistics, 1), features[self.names[-1]]

    def code(self, statistics: Tensor, features: Tensor, color: Tensor) -> Tensor:
        """Return the code of what `look` found."""
        return torch.cat([self.learned(statistics, features), color], 1)

    def learned(self, statistics: Tensor, features: Tensor) -> Tensor:
        """Return the learned part of the code."""
        found = (self.found(statistics, features) - self.center) / self.scale
        return self.project(found)  # type: ignore[no-any-return]

    def found(self, statistics: Tensor, features: Tensor) -> Tensor:
        """Return the statistics of all stages, the learned one too."""
        top = F.relu(self.top(F.max_pool2d(features, 2)))
        return torch.cat([statistics, _moments(top)], 1)

    def forward(self, style: Tensor) -> Tensor:
        """Return the code."""
        return self.code(*self.look(style))


class ContentEncoder(nn.Module):
    """Turn whitened contents into features at 1/4, 1/8 and 1/16 of their size.

    Contents come with the 16 pixels of a square as channels, (N, 48, H/4, W/4); H and W are
    multiples of 16.
    """

    def __init__(self, config: RealtimeConfig) -> None:
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

    def __init__(self, config: RealtimeConfig) -> None:
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


class Realtime(nn.Module):
    """The whole network; see the module.

    With `mixed`, as in training, the content's convolutions compute in bfloat16; colours never.
    """

    mixed = False

    def __init__(self, config: RealtimeConfig | None = None) -> None:
        super().__init__()
        self.config = config or RealtimeConfig()
        self.style = StyleEncoder(self.config)
        self.content = ContentEncoder(self.config)
        self.painter = Painter(self.config)
        self.channels = sum(self.config.layers().values(), ())
        self.grains = self.config.deep
        self.heads = nn.Linear(self.config.code, 2 * sum(self.channels) + self.grains)
        nn.init.normal_(self.heads.weight, std=0.02)
        nn.init.zeros_(self.heads.weight[-self.grains :])
        nn.init.zeros_(self.heads.bias)

    def modulation(
        self, codes: Tensor, change: Tensor | None = None
    ) -> tuple[list[tuple[Tensor, Tensor]], Tensor]:
        """Return gain and shift (N, C, 1, 1) of each modulated layer, and the scales of the noise.

        `change` (N or 1, all of them) is added, as tuned styles have it.
        """
        found = self.heads(codes[:, :-COLOR])
        found = (found if change is None else found + change)[:, :, None, None]
        *parts, grain = found.split([*(2 * n for n in self.channels), self.grains], 1)
        pairs = (part.chunk(2, 1) for part in parts)
        return [(1 + gain, shift) for gain, shift in pairs], grain

    def paint(
        self,
        content: Tensor,
        codes: Tensor,
        change: Tensor | None = None,
        noise: Tensor | None = None,
        from_below: int = 0,
    ) -> Tensor:
        """Return contents painted in the styles of codes, by statistics of the whole pictures.

        They are continued by a mirrored margin of 16 pixels, H and W with it below, and the margin
        is cut off again. `noise` is (N, 1, H/16, W/16), of deviation 1; none without it. The last
        `from_below` contents are painted without their fine features, so that in training the
        layers below learn to do without.
        """
        mean, covariance = color_statistics(content)
        around = mirrored(content, MARGIN)
        white = recolor(around - mean[:, :, None, None], inverse_root(covariance))
        affines, grain = self.modulation(codes, change)
        grain = torch.zeros_like(grain) if noise is None else grain * noise
        with torch.autocast(content.device.type, torch.bfloat16, enabled=self.mixed):
            seen = self.content(F.pixel_unshuffle(white, 4))
            fine, coarse, deep = (normalize(f) for f in seen)
            if from_below:
                fine = torch.cat([fine[:-from_below], torch.zeros_like(fine[-from_below:])])
            features = fine, coarse, deep
            painted = F.pixel_shuffle(self.painter(features, affines, grain), 4)
        painted = painted[:, :, MARGIN:-MARGIN, MARGIN:-MARGIN]
        mean, spread = codes[:, -COLOR:].split([3, COLOR - 3], 1)  # type: ignore[no-untyped-call]
        return recolor(painted.float(), spread.unflatten(1, (3, 3))) + mean[:, :, None, None]  # type: ignore[no-any-return]

    def forward(self, content: Tensor, style: Tensor) -> Tensor:
        """Return contents painted in styles, one each."""
        return self.paint(content, self.style(style))


def _affine(x: Tensor, pair: tuple[Tensor, Tensor]) -> Tensor:
    return x * pair[0] + pair[1]


def _moments(features: Tensor) -> Tensor:
    variance, mean = torch.var_mean(features, (2, 3), correction=0)
    return torch.cat([mean, (variance + EPSILON).sqrt()], 1)
