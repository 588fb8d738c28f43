"""The distances that the real-time network is trained by, from what the judge has seen before."""

from __future__ import annotations

import torch
from torch import Tensor

from impasto.losses import CONTENT_LAYERS, STYLE_LAYERS
from impasto.losses.perceptual import content_distance
from impasto.losses.style import style_statistics
from impasto.train.pairs import moments

_SHALLOW = STYLE_LAYERS[:2]


def distances(
    features: dict[str, Tensor],
    contents: dict[str, Tensor],
    styles: dict[str, Tensor],
    shallow: float,
) -> dict[str, Tensor]:
    """Return the distances of content, of Gram matrices and of moments, means over the layers.

    `contents` and `styles` are labels of `Pairs`; features may lack layers, and `shallow` is the
    weight of the two first where they are there.
    """
    style = moment = torch.zeros((), device=next(iter(features.values())).device)
    for name in (n for n in STYLE_LAYERS if n in features):
        share = (shallow if name in _SHALLOW else 1) / len(STYLE_LAYERS)
        square, *found = style_statistics(features[name], styles[f"style gram {name}"])
        style = style + share * (square + 1e-6).sqrt().mean()
        wanted = styles[f"style moments {name}"]
        error = (moments(*found) - wanted).square().sum((1, 2)) / wanted.square().sum((1, 2))
        moment = moment + share * error.mean()
    wanted_contents = {name: contents[f"content {name}"] for name in CONTENT_LAYERS}
    content = content_distance(features, wanted_contents)
    return {"content": content, "style": style, "moments": moment}
