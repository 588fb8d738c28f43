"""Losses on the picture itself, (N, 3, H, W), nominally in [0, 1]."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def total_variation(images: Tensor) -> Tensor:
    """Return the mean square difference between neighbouring pixels; 0 for flat pictures.

    Mahendran & Vedaldi 2015 (arXiv:1412.0035) with beta = 2, divided by the number of values.
    """
    return squared_variation(images, images.shape[2]) / images.numel()


def squared_variation(images: Tensor, rows: int) -> Tensor:
    """Return the sum of squared differences to the right and lower neighbours, of so many rows.

    A row that follows is only a neighbour; so those of a picture's strips add up.
    """
    down = (images[..., 1 : rows + 1, :] - images[..., :-1, :][..., :rows, :]).square().sum()
    own = images[..., :rows, :]
    return down + (own[..., 1:] - own[..., :-1]).square().sum()


def out_of_range(images: Tensor) -> Tensor:
    """Return the mean square excess over [0, 1]; 0 for pictures that can be saved as they are."""
    return squared_excess(images) / images.numel()


def squared_excess(images: Tensor) -> Tensor:
    """Return the sum of squared excesses over [0, 1]; those of a picture's parts add up."""
    return (images - images.clamp(0, 1)).square().sum()


def laplacian(images: Tensor, pool: int) -> Tensor:
    """Return the Laplacian of pictures averaged in squares of `pool` pixels; borders repeat.

    Li et al. 2017, "Laplacian-Steered Neural Style Transfer", equation 6.
    """
    small = F.avg_pool2d(images, pool, ceil_mode=True, count_include_pad=False)
    padded = F.pad(small, (1, 1, 1, 1), mode="replicate")
    across = padded[..., 1:-1, :-2] + padded[..., 1:-1, 2:]
    down = padded[..., :-2, 1:-1] + padded[..., 2:, 1:-1]
    return across + down - 4 * small
