"""Content and style distances in a perceptual network's features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from impasto.backbones import Backbone, load_backbone
from impasto.losses import gram
from impasto.methods.contract import Image

CONTENT_LAYERS = ("relu4_1", "relu5_1")
STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")


@dataclass(frozen=True)
class Judgement:
    """Hold distances; 0 is best. Copying the content gives content 0, copying the style style 0."""

    content: float
    style: float


class Judge:
    """Judge results by a backbone: `vgg19`, zero padding, is the field's yardstick.

    content = mean over relu4_1, relu5_1 of |F(o)-F(c)|^2 / |F(c)-mean F(c)|^2;
    style = mean over relu1_1 .. relu5_1 of |G(o)-G(s)|_F / |G(s)|_F, G = F F^T / (H W).
    """

    def __init__(self, backbone: str = "vgg19") -> None:
        self.backbone: Backbone = load_backbone(backbone, padding="zeros")

    @torch.no_grad()
    def __call__(self, result: Image, content: Image, style: Image) -> Judgement:
        """Return the distances of a result; result and content have one size, the style any."""
        layers = tuple({*CONTENT_LAYERS, *STYLE_LAYERS})
        out, kept = (self.backbone(_tensor(image), layers) for image in (result, content))
        wanted = self.backbone(_tensor(style), STYLE_LAYERS)
        contents = [_content_distance(out[n], kept[n]) for n in CONTENT_LAYERS]
        styles = [_style_distance(out[n], wanted[n]) for n in STYLE_LAYERS]
        return Judgement(float(np.mean(contents)), float(np.mean(styles)))


def _content_distance(features: Tensor, target: Tensor) -> float:
    spread = (target - target.mean((2, 3), keepdim=True)).square().sum()
    return float((features - target).square().sum() / spread)


def _style_distance(features: Tensor, target: Tensor) -> float:
    wanted = gram(target)
    return float((gram(features) - wanted).norm() / wanted.norm())


def _tensor(image: Image) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1).unsqueeze(0)
