"""Colours and features normalised, as training does it: batches of torch tensors."""

from __future__ import annotations

import torch
from torch import Tensor

from impasto.methods.realtime.colors import LEAST_VARIANCE
from impasto.methods.realtime.model import COLOR
from impasto.methods.realtime.statistics import EPSILON


def normalize(features: Tensor) -> Tensor:
    """Bring each channel of (N, C, H, W) to mean 0 and deviation 1 (instance normalisation)."""
    variance, mean = torch.var_mean(features.float(), (2, 3), correction=0, keepdim=True)
    return ((features - mean) * (variance + EPSILON).rsqrt()).to(features.dtype)


def color_statistics(images: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean (N, 3) and the covariance (N, 3, 3) of the colours."""
    flat = images.float().flatten(2)
    mean = flat.mean(2, keepdim=True)
    flat = flat - mean
    return mean.squeeze(2), flat @ flat.transpose(1, 2) / flat.shape[2]


def root(covariance: Tensor) -> Tensor:
    """Return the symmetric root of covariances (N, 3, 3)."""
    values, vectors = torch.linalg.eigh(covariance.float())
    return vectors @ torch.diag_embed(values.clamp_min(0).sqrt()) @ vectors.transpose(1, 2)  # type: ignore[no-any-return]


def inverse_root(covariance: Tensor) -> Tensor:
    """Return the symmetric inverse root, which makes colours uncorrelated, of deviation 1."""
    values, vectors = torch.linalg.eigh(covariance.float())
    scales = (values.clamp_min(0) + LEAST_VARIANCE).rsqrt()
    return vectors @ torch.diag_embed(scales) @ vectors.transpose(1, 2)  # type: ignore[no-any-return]


def recolor(images: Tensor, matrix: Tensor) -> Tensor:
    """Multiply the colours of (N, 3, H, W) by matrices (N, 3, 3)."""
    return (matrix @ images.flatten(2)).view_as(images)


def colored(images: Tensor, colors: Tensor) -> Tensor:
    """Give white pictures the mean and the spread of `colors` (N or 1, 12)."""
    mean, spread = torch.split(colors, [3, COLOR - 3], 1)
    return recolor(images.float(), spread.unflatten(1, (3, 3))) + mean[:, :, None, None]  # type: ignore[no-any-return, no-untyped-call]


def colors_of(rows: Tensor, table: Tensor, own: Tensor) -> Tensor:
    """Return the colours of styles by their rows (N,), from 1; where a row is 0, those of `own`."""
    return torch.where((rows == 0)[:, None], own, table[(rows - 1).clamp_min(0)])


def color_code(images: Tensor) -> Tensor:
    """Return the mean of the colours and the root of their covariance, (N, 12)."""
    mean, covariance = color_statistics(images)
    return torch.cat([mean, root(covariance).flatten(1)], 1)
