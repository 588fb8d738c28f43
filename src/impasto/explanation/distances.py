"""How far a result is from its content and its style, layer by layer, beside yardsticks."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import fmean

import torch
from torch import Tensor

from impasto.backbones import Backbone
from impasto.explanation.findings import Distance
from impasto.explanation.inputs import Trio
from impasto.images import resize
from impasto.losses import STYLE_LAYERS, gram, relative_square
from impasto.methods.contract import Image
from impasto.metrics.distances import check_memory

Features = Mapping[str, Tensor]


@torch.no_grad()
def look(backbone: Backbone, image: Image) -> Features:
    """Return the features (1, C, H, W) of `STYLE_LAYERS` of a picture (H, W, 3).

    Raises:
        OptionError: there is too little memory for it.
    """
    check_memory(*image.shape[:2])
    pixels = torch.from_numpy(image).permute(2, 0, 1).unsqueeze(0)
    return backbone(pixels, STYLE_LAYERS)


def look_at(backbone: Backbone, trio: Trio) -> tuple[Features, Features, Features]:
    """Return the features of content, style and result."""
    content, style = look(backbone, trio.content), look(backbone, trio.style)
    # what is the same is seen the same; it may be the same array
    result = content if trio.result is trio.content else look(backbone, trio.result)
    return content, style, result


def distances(
    backbone: Backbone, trio: Trio, seen: tuple[Features, Features, Features]
) -> list[Distance]:
    """Return the distances in every layer at this size; formulas as of `metrics.Judge`.

    content = |F(o)-F(c)|^2 / |F(c)-mean F(c)|^2, style = |G(o)-G(s)| / |G(s)|.
    """
    content, style, result = seen
    height, width = trio.content.shape[:2]
    stretched = look(backbone, resize(trio.style, height, width))
    found = []
    for layer in STYLE_LAYERS:
        kept, target = content[layer], gram(style[layer])
        spread = kept - kept.mean((2, 3), keepdim=True)
        halves = [_of_gram(gram(half), target) for half in _halves(style[layer])]
        found.append(
            Distance(
                layer,
                trio.longest,
                content=float(relative_square(result[layer], kept, spread)),
                content_of_style=float(relative_square(stretched[layer], kept, spread)),
                style=_of_gram(gram(result[layer]), target),
                style_of_content=_of_gram(gram(kept), target),
                style_of_half=fmean(halves),
            )
        )
    return found


def _of_gram(found: Tensor, target: Tensor) -> float:
    return float(relative_square(found, target) ** 0.5)


def _halves(features: Tensor) -> list[Tensor]:
    """Return the upper, lower, left and right half."""
    height, width = features.shape[2:]
    down, across = max(1, height // 2), max(1, width // 2)
    return [
        features[:, :, :down],
        features[:, :, -down:],
        features[..., :across],
        features[..., -across:],
    ]
