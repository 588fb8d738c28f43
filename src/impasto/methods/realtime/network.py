"""The real-time network: any style in one pass, by adaptive instance normalisation.

Three parts. The style encoder turns a style into a code. The content encoder, convolutions
only, turns a content into features at 1/4, 1/8 and 1/16 of its size. The painter normalises
these by their mean and deviation over the whole picture (AdaIN: Huang & Belongie 2017,
arXiv:1703.06868, equation 8), gives them and its own layers gains and shifts that are linear in
the code (FiLM: Perez et al. 2018), and leads them back to a picture. Colours are dealt with
apart: the content comes in whitened, and what is painted goes out with the mean and covariance
of the style's colours, so that the networks in between need only learn to paint. Noise, as much
of it as a style wants, is added at two scales (Ulyanov et al. 2016; Karras et al. 2019): an empty
sky has nothing that strokes could grow from.

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
from impasto.methods.realtime.model import COLOR, modulated_layers
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
    """Describe a real-time network: channels at 1/4, 1/8 and 1/16, residual blocks, code."""

    fine: int = 32
    coarse: int = 64
    deep: int = 80
    encoder_blocks: int = 1
    coarse_blocks: int = 1
    deep_blocks: int = 2
    fine_blocks: int = 1
    code: int = 128
    style_widths: tuple[int, ...] = (24, 40, 72)
    style_top: int = 80

    def layers(self) -> dict[str, tuple[int, ...]]:
        """Return the channels of each modulated layer by scale, in the order of their use."""
        return modulated_layers(asdict(self))


class Conv(nn.Conv2d):
    """3x3 convolution, zeros around the border: repeating it costs a fifth of the speed."""

    def __init__(self, channels: int, width: int, stride: int = 1, gain: float = 1.0) -> None:
        super().__init__(channels, width, 3, stride=stride, padding=1)
        nn.init.kaiming_normal_(self.weight, nonlinearity="relu")
        with torch.no_grad():
            self.weight.mul_(gain)
        assert self.bias is not None
        nn.init.zeros_(self.bias)


class Joint(Conv):
    """Convolution of two maps, one beside the other; a sum, so that they need not lie there."""

    def forward(self, x: Tensor, y: Tensor) -> Tensor:  # type: ignore[override]
        """Return what the convolution finds in both, (N, C, H, W) each."""
        of_x, of_y = self.weight.split([x.shape[1], y.shape[1]], 1)  # type: ignore[no-untyped-call]
        return F.conv2d(x, of_x, self.bias, padding=1) + F.conv2d(y, of_y, padding=1)


class Block(nn.Module):
    """Residual block; the first convolution's output takes gains and shifts."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = Conv(channels, channels)
        self.second = Conv(channels, channels, gain=0.3)

    def forward(self, x: Tensor, affine: tuple[Tensor, Tensor] | None = None) -> Tensor:
        """Return x plus its change."""
        y = self.first(x)
        if affine is not None:
            y = y * affine[0] + affine[1]
        return x + self.second(F.relu(y))  # type: ignore[no-any-return]


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
        self.stem = Conv(48, config.fine)
        self.down = Conv(config.fine, config.coarse, stride=2)
        self.blocks = nn.ModuleList(Block(config.coarse) for _ in range(config.encoder_blocks))
        self.deeper = Conv(config.coarse, config.deep, stride=2)

    def forward(self, content: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the features, fine, coarse, deep."""
        fine = F.relu(self.stem(content))
        coarse = F.relu(self.down(fine))
        for block in self.blocks:
            coarse = F.relu(block(coarse))
        return fine, coarse, F.relu(self.deeper(coarse))


class Painter(nn.Module):
    """Turn features and affines into a picture; every layer sees a neighbourhood only."""

    def __init__(self, config: RealtimeConfig) -> None:
        super().__init__()
        fine, coarse, deep = config.fine, config.coarse, config.deep
        self.deep_blocks = nn.ModuleList(Block(deep) for _ in range(config.deep_blocks))
        self.up_deep = Conv(deep, coarse)
        self.coarse_blocks = nn.ModuleList(Block(coarse) for _ in range(config.coarse_blocks))
        self.up_coarse = Conv(coarse, 4 * fine)
        self.fine_blocks = nn.ModuleList(Block(fine) for _ in range(config.fine_blocks))
        self.mid = Conv(fine, fine)
        self.out = Joint(2 * fine, 48, gain=0.5)
        for conv, factor in ((self.up_coarse, 2), (self.out, 4)):
            _smooth_start(conv, factor)

    def forward(
        self,
        features: tuple[Tensor, Tensor, Tensor],
        affines: list[tuple[Tensor, Tensor]],
        grain: tuple[Tensor, Tensor],
    ) -> Tensor:
        """Return uncoloured pictures, to be shuffled: (N, 48, H/4, W/4), all of a colour together.

        Affines are (1 or N, C, 1 or H', 1 or W'); `grain` is what noise adds at coarse and fine.
        """
        fine, coarse, deep = features
        each = iter(affines)
        x = _affine(deep, next(each))
        for block in self.deep_blocks:
            x = block(x, next(each))
        x = F.interpolate(F.relu(x), scale_factor=2.0, mode="nearest")
        x = _affine(self.up_deep(x), next(each)) + _affine(coarse, next(each)) + grain[0]
        for block in self.coarse_blocks:
            x = block(x, next(each))
        x = F.pixel_shuffle(self.up_coarse(F.relu(x)), 2)
        x = F.relu(_affine(x, next(each)) + _affine(fine, next(each)) + grain[1])
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
        self.grains = (self.config.coarse, self.config.fine)
        self.heads = nn.Linear(self.config.code, 2 * sum(self.channels) + sum(self.grains))
        nn.init.normal_(self.heads.weight, std=0.02)
        nn.init.zeros_(self.heads.weight[-sum(self.grains) :])
        nn.init.zeros_(self.heads.bias)

    def modulation(
        self, codes: Tensor, change: Tensor | None = None
    ) -> tuple[list[tuple[Tensor, Tensor]], tuple[Tensor, Tensor]]:
        """Return gain and shift (N, C, 1, 1) of each modulated layer, and the scales of the noise.

        `change` (N or 1, all of them) is added, as tuned styles have it.
        """
        found = self.heads(codes[:, :-COLOR])
        found = (found if change is None else found + change)[:, :, None, None]
        *parts, coarse, fine = found.split([*(2 * n for n in self.channels), *self.grains], 1)
        pairs = (part.chunk(2, 1) for part in parts)
        return [(1 + gain, shift) for gain, shift in pairs], (coarse, fine)

    def paint(
        self,
        content: Tensor,
        codes: Tensor,
        change: Tensor | None = None,
        noise: tuple[Tensor, Tensor] | None = None,
    ) -> Tensor:
        """Return contents painted in the styles of codes, by statistics of the whole pictures.

        `noise` is (N, 1, H/8, W/8) and (N, 1, H/4, W/4), of deviation 1; none without it.
        """
        mean, covariance = color_statistics(content)
        white = recolor(content - mean[:, :, None, None], inverse_root(covariance))
        affines, grain = self.modulation(codes, change)
        if noise is None:
            grain = torch.zeros_like(grain[0]), torch.zeros_like(grain[1])
        else:
            grain = grain[0] * noise[0], grain[1] * noise[1]
        with torch.autocast(content.device.type, torch.bfloat16, enabled=self.mixed):
            seen = self.content(F.pixel_unshuffle(white, 4))
            features = tuple(normalize(f) for f in seen)
            painted = F.pixel_shuffle(self.painter(features, affines, grain), 4)
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


def _smooth_start(conv: nn.Conv2d, factor: int) -> None:
    """Begin with the same value for all places that one pixel is shuffled to (ICNR).

    Aitken et al. 2017, arXiv:1707.02937: no checkerboard before training begins.
    """
    with torch.no_grad():
        first = conv.weight[:: factor * factor]
        conv.weight.copy_(first.repeat_interleave(factor * factor, 0))
