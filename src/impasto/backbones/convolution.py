"""Convolutions whose border is repeated, with a gradient that costs no more than it must."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Convolution(nn.Conv2d):
    """A convolution that keeps the size; frozen ones of 3 x 3 have a gradient of their own.

    PyTorch keeps the padded input, though a frozen convolution does not need it, and finds the
    gradient at it, in a size that is slow at some widths. Here nothing is kept, and the gradient
    is that of a plain convolution, but for the border.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Return the convolution of (N, C, H, W)."""
        own = self.padding_mode == "replicate" and self.kernel_size == (3, 3)
        if own and not self.weight.requires_grad and torch.is_grad_enabled():
            found: Tensor = _Replicated.apply(x, self.weight, self.bias)  # type: ignore[no-untyped-call]
            return found
        return super().forward(x)


class _Replicated(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(weight)
        return F.conv2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), weight, bias)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (weight,), (own,) = ctx.saved_tensors, gradients
        weight = weight.to(own.dtype)  # under autocast they differ
        gradient = _plain(own, weight)
        for row, k in ((slice(0, 1), 0), (slice(-1, None), 2)):
            # what reaches the repeated rows, corners and all, and then the columns between
            beyond = F.conv_transpose2d(own[:, :, row], weight[:, :, k : k + 1])
            gradient[:, :, row] += beyond[..., 1:-1]
            gradient[:, :, row, :1] += beyond[..., :1]
            gradient[:, :, row, -1:] += beyond[..., -1:]
            column = weight[..., k : k + 1]
            gradient[..., row] += F.conv_transpose2d(own[..., row], column, padding=(1, 0))
        return gradient, None, None


def _plain(own: Tensor, weight: Tensor) -> Tensor:
    """Return the gradient at the input of a convolution that pads with zeros."""
    shape = (own.shape[0], weight.shape[1], *own.shape[2:])
    # never read nor written: only its size and its layout count
    last = torch.channels_last
    like = torch.empty(shape, dtype=own.dtype, device=own.device, memory_format=last)
    ones = [1, 1]
    found: Tensor = torch.ops.aten.convolution_backward(
        own, like, weight, None, ones, ones, ones, False, [0, 0], 1, [True, False, False]
    )[0]
    return found
