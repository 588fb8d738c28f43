"""Losses on the picture itself, (N, 3, H, W), nominally in [0, 1]."""

from __future__ import annotations

from torch import Tensor


def total_variation(images: Tensor) -> Tensor:
    """Return the mean square difference between neighbouring pixels; 0 for flat pictures.

    Mahendran & Vedaldi 2015 (arXiv:1412.0035) with beta = 2, divided by the number of values.
    """
    down = (images[..., 1:, :] - images[..., :-1, :]).square().sum()
    right = (images[..., :, 1:] - images[..., :, :-1]).square().sum()
    return (down + right) / images.numel()


def out_of_range(images: Tensor) -> Tensor:
    """Return the mean square excess over [0, 1]; 0 for pictures that can be saved as they are."""
    return (images - images.clamp(0, 1)).square().mean()
