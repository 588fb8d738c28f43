"""Distances between styles for training: what a thousand steps compute must be cheap."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def style_statistics(features: Tensor, target: Tensor) -> tuple[Tensor, ...]:
    """Return the Gram matrix' distance to `target` (N, C, C), the means and the mean squares.

    The distance is |G - T|^2 / |T|^2 per item, (N,), |T|^2 at least a hundredth of the batch's
    mean; means and mean squares are (N, C), all in float32 at least. One function with a
    gradient of its own, as the parts' gradients, each as large as the features, would cost more
    than the products that they come from. Features that are channels last stay so.
    """
    found: tuple[Tensor, ...] = _StyleStatistics.apply(features, target)  # type: ignore[no-untyped-call]
    return found


class _StyleStatistics(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, features: Tensor, target: Tensor) -> tuple[Tensor, ...]:
        places = features.permute(0, 2, 3, 1).flatten(1, 2)
        difference = (places.transpose(1, 2) @ places).div_(places.shape[1])
        wide = torch.promote_types(features.dtype, torch.float32)
        square = difference.diagonal(dim1=1, dim2=2).to(wide, copy=True)
        difference -= target
        energy = torch.linalg.vector_norm(target, dim=(1, 2), dtype=wide).square()
        # a black picture has hardly any
        energy = energy.clamp_min(max(0.01 * energy.mean().item(), torch.finfo(torch.float32).tiny))
        distance = torch.linalg.vector_norm(difference, dim=(1, 2), dtype=wide)
        ctx.save_for_backward(features, difference, energy)
        return distance.square() / energy, features.mean((2, 3)).to(wide), square

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        features, difference, energy = ctx.saved_tensors
        distance, mean, square = gradients
        height, width = features.shape[2:]
        count = height * width
        # d|FF'/n - T|^2 = 4 (FF'/n - T) F / n, as both are symmetric
        factor = (4 / count) * distance / energy
        inner = difference * factor.to(features.dtype).view(-1, 1, 1)
        inner.diagonal(dim1=1, dim2=2).add_((2 / count) * square)
        places = features.permute(0, 2, 3, 1).flatten(1, 2)
        both = (places @ inner).add_((mean / count).unsqueeze(1).to(features.dtype))
        return both.unflatten(1, (height, width)).permute(0, 3, 1, 2), None
