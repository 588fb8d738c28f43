"""Losses of networks that learn to paint: relative distances in a perceptual network."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor


def content_distance(features: Mapping[str, Tensor], targets: Mapping[str, Tensor]) -> Tensor:
    """Return |F(o)-F(c)|^2 / |F(c)-mean F(c)|^2, the mean over the layers of `targets`.

    Contents with hardly any structure, such as an empty sky, do not count for more than
    three times their share.
    """
    total = torch.zeros(())
    for name, features_of in targets.items():
        target = features_of.float()
        spread = (target - target.mean((2, 3), keepdim=True)).square().sum((1, 2, 3))
        spread = spread.clamp_min(spread.mean().item() / 3)
        error = (features[name].float() - target).square().sum((1, 2, 3))
        total = total.to(error.device) + (error / spread).mean() / len(targets)
    return total


def total_variation(images: Tensor) -> Tensor:
    """Return the mean square of the differences between neighbours."""
    down = (images[:, :, 1:] - images[:, :, :-1]).square().mean()
    return down + (images[..., 1:] - images[..., :-1]).square().mean()
