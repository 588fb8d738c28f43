"""Distances between distributions of features: how far one must be moved to become the other."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

RIDGE = 1e-4  # of the target's mean eigenvalue: what keeps roots of poor covariances finite
LEAST = 1e-12  # the ridge of a target that has no variance at all
ITERATIONS = 40  # at most; each more than doubles the smallest eigenvalues until all are one
CLOSE = 1e-4  # of the identity, root mean square: good enough for float32


def matrix_roots(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Return the square root of a symmetric positive definite matrix (C, C) and its inverse.

    The coupled Newton-Schulz iteration (Higham 2008, "Functions of Matrices", equation 6.35), for
    the matrix divided by its Frobenius norm: products only, no decomposition. What is off falls
    from step to step; once it does not, rounding has won, and the step before is the answer.
    """
    norm = torch.linalg.matrix_norm(matrix).clamp_min(torch.finfo(matrix.dtype).tiny)
    unit = torch.eye(matrix.shape[0], dtype=matrix.dtype, device=matrix.device)
    root, inverse = matrix / norm, unit
    before, last = (root, inverse), math.inf
    for _ in range(ITERATIONS):
        product = inverse @ root
        off = torch.linalg.matrix_norm(product - unit).item()
        if not off < last:
            root, inverse = before
            break
        before, last = (root, inverse), off
        factor = 1.5 * unit - 0.5 * product
        root, inverse = root @ factor, factor @ inverse
        if off < CLOSE:
            break
    return root * norm.sqrt(), inverse / norm.sqrt()


def root_trace(covariance: Tensor, target_root: Tensor) -> Tensor:
    """Return tr (R S R)^(1/2), the fidelity of covariances S and T = R R, each (C, C).

    Its gradient by S is R (R S R)^(-1/2) R / 2, which the iteration gives along with the root.
    """
    trace: Tensor = _RootTrace.apply(covariance, target_root)  # type: ignore[no-untyped-call]
    return trace


class _RootTrace(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, covariance: Tensor, target_root: Tensor) -> Tensor:
        inner = target_root @ covariance @ target_root
        inner = (inner + inner.t()) / 2
        # by the target alone, so that it has no part in the gradient
        inner.diagonal().add_(RIDGE * (target_root.square().sum() / len(inner)) ** 2 + LEAST)
        root, inverse = matrix_roots(inner)
        ctx.save_for_backward(target_root, inverse)
        return root.diagonal().sum()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        target_root, inverse = ctx.saved_tensors
        return gradients[0] / 2 * (target_root @ inverse @ target_root), None


def covariance_root(covariance: Tensor) -> Tensor:
    """Return the root of a covariance (C, C) and a ridge."""
    ridge = RIDGE * covariance.diagonal().mean() + LEAST**0.5
    unit = torch.eye(len(covariance), dtype=covariance.dtype, device=covariance.device)
    return matrix_roots(covariance + ridge * unit)[0]


def gaussian_transport(
    mean: Tensor, covariance: Tensor, target_mean: Tensor, target_root: Tensor
) -> Tensor:
    """Return the squared Wasserstein-2 distance of two Gaussians, over the second one's energy.

    |m - n|^2 + tr S + tr T - 2 tr (R S R)^(1/2), divided by |n|^2 + tr T; means (C,), S (C, C),
    and R (C, C) the root of T. Negative by as much as the ridge makes it, at equal ones.
    Olkin & Pukelsheim 1982; as a style loss: crowsonkb's style-transfer-pytorch.
    """
    trace = target_root.square().sum()
    moved = covariance.diagonal().sum() + trace - 2 * root_trace(covariance, target_root)
    energy = (target_mean.square().sum() + trace).clamp_min(torch.finfo(torch.float32).tiny)
    return ((mean - target_mean).square().sum() + moved) / energy


def quantiles(samples: Tensor, count: int) -> Tensor:
    """Return so many evenly spread quantiles of samples (1, P, n): (1, P, count), ascending."""
    ordered = samples.sort(2).values
    if samples.shape[2] == count:
        return ordered
    return F.interpolate(ordered, count, mode="linear", align_corners=False)


def sorted_distance(samples: Tensor, target: Tensor) -> Tensor:
    """Return the squared Wasserstein-2 distance of each of P values, over the targets' energy.

    `samples` and the ascending quantiles `target` are both (1, P, n). In one dimension the
    cheapest transport is from rank to rank, so sorting both solves it.
    """
    energy = target.square().sum().clamp_min(torch.finfo(torch.float32).tiny)
    return (samples.sort(2).values - target).square().sum() / energy


def relaxed_earth_mover(samples: Tensor, target: Tensor) -> Tensor:
    """Return the larger of both mean distances to the nearest of the other, by 1 - cosine.

    Samples (1, C, n) and (1, C, m). Kolkin et al. 2019, STROTSS, equation 6: a bound of the
    earth mover's distance, as each constraint is relaxed in turn.
    """
    cost = 1 - F.normalize(samples[0], dim=0).t() @ F.normalize(target[0], dim=0)
    return torch.maximum(cost.amin(1).mean(), cost.amin(0).mean())


def directions(channels: int, generator: torch.Generator) -> Tensor:
    """Return random orthonormal directions (C, C), drawn on the CPU for the same on all devices."""
    drawn = torch.randn(channels, channels, generator=generator)
    orthonormal, upper = torch.linalg.qr(drawn)
    found: Tensor = orthonormal * upper.diagonal().sign()
    return found
