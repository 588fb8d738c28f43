"""Statistics of features, and the distances between them that style transfer minimises.

Every function takes feature maps (N, C, H, W). All distances are relative, so that a weight
means the same whatever the backbone, layer or resolution.
"""

from __future__ import annotations

from typing import Any

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


def channel_products(features: Tensor) -> Tensor:
    """Return F F^T, (N, C, C), float32 at least: `gram` before it is divided by the places.

    A sum over places, so that those of a picture's parts add up. It has a gradient of its own,
    half the work of what autograd would do; features that are channels last stay so.
    """
    products: Tensor = _ChannelProducts.apply(features)  # type: ignore[no-untyped-call]
    return products


class _ChannelProducts(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, features: Tensor) -> Tensor:
        ctx.save_for_backward(features)
        # one by one: for several at once PyTorch brings them to another layout first
        products = torch.stack([places.t() @ places for places in _places(features)])
        return products.to(torch.promote_types(features.dtype, torch.float32))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (features,) = ctx.saved_tensors
        both = (gradients[0] + gradients[0].transpose(1, 2)).to(features.dtype)
        back = _places(features) @ both
        return back.unflatten(1, features.shape[2:]).permute(0, 3, 1, 2)  # type: ignore[no-untyped-call,no-any-return]


def _places(features: Tensor) -> Tensor:
    return features.permute(0, 2, 3, 1).flatten(1, 2)


def relative_square(value: Tensor, target: Tensor, reference: Tensor | None = None) -> Tensor:
    """Return |value - target|^2 / |reference|^2 per batch item, (N,); `reference` or target."""
    reference = target if reference is None else reference
    energy = reference.flatten(1).square().sum(1).clamp_min(torch.finfo(torch.float32).tiny)
    return (value - target).flatten(1).square().sum(1) / energy
