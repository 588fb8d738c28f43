"""Statistics of features, and the distances between them that style transfer minimises.

Every function takes feature maps (N, C, H, W). All distances are relative, so that a weight
means the same whatever the backbone, layer or resolution.
"""

from __future__ import annotations

import torch
from torch import Tensor

# what results are judged by, and what networks that paint are trained on
STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
CONTENT_LAYERS = ("relu4_1", "relu5_1")


def gram(features: Tensor) -> Tensor:
    """Return the second moments between channels, (N, C, C): F F^T / (H W).

    Gatys et al. 2016, equation 3, divided by the number of places so that pictures of any
    size compare. neural-style divides by C H W: its Gram is this one divided by C.
    """
    flat = features.flatten(2)
    return flat @ flat.transpose(1, 2) / flat.shape[2]


def relative_square(value: Tensor, target: Tensor, reference: Tensor | None = None) -> Tensor:
    """Return |value - target|^2 / |reference|^2 per batch item, (N,); `reference` or target."""
    reference = target if reference is None else reference
    energy = reference.flatten(1).square().sum(1).clamp_min(torch.finfo(torch.float32).tiny)
    return (value - target).flatten(1).square().sum(1) / energy
