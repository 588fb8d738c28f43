"""The real-time network: any style in one pass, by adaptive instance normalisation.

The style encoder turns a style into a code; the gains and shifts of the U-Net's layers are linear
in it (FiLM: Perez et al. 2018). The code's last numbers say how the style's colours are spread.

Departures from AdaIN and MicroAST (Wang et al., AAAI 2023): nothing in the painter is
normalised again (see `unet`); gains and shifts come from a code of fixed size and not from the
style's feature maps, so styles are stored, blended and placed by masks.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.backbones.vgg import Vgg, VggConfig
from impasto.methods.realtime.layers import Conv
from impasto.methods.realtime.model import COLOR
from impasto.methods.realtime.recolor import color_code
from impasto.methods.realtime.statistics import EPSILON
from impasto.methods.realtime.unet import UNet, UNetConfig


@dataclass(frozen=True)
class RealtimeConfig(UNetConfig):
    """Describe a real-time network: a U-Net, and how a style becomes a code."""

    code: int = 128
    style_widths: tuple[int, ...] = (24, 40, 72)
    style_top: int = 80


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
        return *self.statistics(style), color_code(style)

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


class Realtime(UNet):
    """The whole network; see the module."""

    config: RealtimeConfig

    def __init__(self, config: RealtimeConfig | None = None) -> None:
        config = config or RealtimeConfig()
        super().__init__(config)
        self.style = StyleEncoder(config)
        self.heads = nn.Linear(config.code, self.values)
        nn.init.normal_(self.heads.weight, std=0.02)
        nn.init.zeros_(self.heads.weight[-self.grains :])
        nn.init.zeros_(self.heads.bias)

    def modulation(self, codes: Tensor, change: Tensor | None = None) -> Tensor:
        """Return the gains, shifts and scales of noise of codes (N, `values`).

        `change` (N or 1, `values`) is added, as tuned styles have it.
        """
        found: Tensor = self.heads(codes[:, :-COLOR])
        return found if change is None else found + change

    def paint(
        self,
        content: Tensor,
        codes: Tensor,
        change: Tensor | None = None,
        noise: Tensor | None = None,
        from_below: int = 0,
    ) -> Tensor:
        """Return contents painted in the styles of codes; the rest is as in `paint_as`."""
        values = self.modulation(codes, change)
        return self.paint_as(content, values, codes[:, -COLOR:], noise, from_below)

    def forward(self, content: Tensor, style: Tensor) -> Tensor:
        """Return contents painted in styles, one each."""
        return self.paint(content, self.style(style))


def _moments(features: Tensor) -> Tensor:
    variance, mean = torch.var_mean(features, (2, 3), correction=0)
    return torch.cat([mean, (variance + EPSILON).sqrt()], 1)
