"""Which places the losses come from, and which channels changed most."""

from __future__ import annotations

from math import sqrt

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.backbones import Backbone
from impasto.explanation.distances import Features
from impasto.explanation.findings import Channel, LayerMaps, Plane
from impasto.losses import STYLE_LAYERS, gram, relative_square

CHANNELS = 4  # that are shown of each layer
THUMBNAIL = 128  # longest side of a channel that is shown
_NODES = (0.5 - 0.5 / sqrt(3), 0.5 + 0.5 / sqrt(3))


@torch.no_grad()
def layer_maps(
    backbone: Backbone, content: Features, style: Features, result: Features
) -> tuple[LayerMaps, ...]:
    """Return for each of `STYLE_LAYERS` where the result changed and what that gained."""
    found = []
    for layer in STYLE_LAYERS:
        kept, target, made = content[layer], gram(style[layer]), result[layer]
        changes = change_map(kept, made)
        found.append(
            LayerMaps(
                layer,
                field_of_view(backbone, layer),
                changed=float(changes.sum()),
                before=float(relative_square(gram(kept), target)),
                after=float(relative_square(gram(made), target)),
                content=_plane(changes),
                style=_plane(style_gain(kept, made, target)),
                channels=_channels(kept, style[layer], made),
            )
        )
    return tuple(found)


def change_map(content: Tensor, result: Tensor) -> Tensor:
    """Return each place's part (H, W) of |F(o)-F(c)|^2 / |F(c)-mean F(c)|^2; they sum to it."""
    spread = (content - content.mean((2, 3), keepdim=True)).square().sum()
    changes = (result - content).square().sum(1)[0]
    return changes / spread.clamp_min(torch.finfo(torch.float32).tiny)


def style_gain(content: Tensor, result: Tensor, target: Tensor) -> Tensor:
    """Return what each place's change (H, W) did for L = |G-A|^2 / |A|^2; positive is nearer.

    Integrated gradients (Sundararajan et al. 2017, equation 1) on the straight way from the
    content's features to the result's: the sum over places is L(content) - L(result), and places
    that did not change get 0. Along that way L's gradient is cubic, so that two points of Gauss
    and Legendre integrate it exactly. `target` is A (1, C, C).
    """
    start, change = content[0].flatten(1), (result - content)[0].flatten(1)
    total = torch.zeros_like(start[0])
    for node in _NODES:
        features = start + node * change
        places = features.shape[1]
        excess = features @ features.t() / places - target[0]
        # dL/dF = 4 (G - A) F / (n |A|^2)
        total += 2 / places * (change * (excess @ features)).sum(0)
    energy = target.square().sum().clamp_min(torch.finfo(torch.float32).tiny)
    return -(total / energy).view(content.shape[2:])


def field_of_view(backbone: Backbone, layer: str) -> int:
    """Return the side in pixels of the square that a feature is computed from; 0 if unknown."""
    config = getattr(backbone, "config", None)
    if config is None:
        return 0
    tapped = "relu1_1" if layer == "relu1_1" else config.taps.get(layer, layer)
    last = tuple(int(part) for part in tapped.removeprefix("relu").split("_"))
    side, stride = 1, 1
    for block, depth in enumerate(config.depths, 1):
        for number in range(1, depth + 1):
            if (block, number) > last:
                return side
            if number == 1 and block > 1:
                side, stride = side + stride, 2 * stride
            side += 2 * stride
    return side


def _channels(content: Tensor, style: Tensor, result: Tensor) -> tuple[Channel, ...]:
    """Return the channels that changed most, the most first; of equals the lower number first."""
    energies = (result - content).square().sum((0, 2, 3)).double()
    order = torch.sort(energies, descending=True, stable=True).indices[:CHANNELS].tolist()
    whole = float(energies.sum()) or 1.0
    return tuple(
        Channel(
            number,
            float(energies[number]) / whole,
            *(_plane(_small(features[:, number : number + 1])) for features in
              (content, style, result)),
        )
        for number in order
    )  # fmt: skip


def _small(plane: Tensor) -> Tensor:
    """Return a channel (1, 1, H, W) as (h, w), averaged to the size it is shown at."""
    height, width = plane.shape[2:]
    scale = min(1.0, THUMBNAIL / max(height, width))
    sides = (max(1, round(height * scale)), max(1, round(width * scale)))
    return F.adaptive_avg_pool2d(plane, sides)[0, 0]


def _plane(values: Tensor) -> Plane:
    return np.ascontiguousarray(values.float().numpy())
