"""The layers of the real-time network, and how a pixel shuffle leaves no checkerboard."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def leaky(x: Tensor) -> Tensor:
    """Return x where it is positive, a tenth of it elsewhere, so that no channel falls silent."""
    return F.leaky_relu(x, 0.1)


def mirrored(images: Tensor, margin: int) -> Tensor:
    """Continue pictures (N, C, H, W) by `margin` pixels on all sides, the border's own included."""
    for side in (2, 3):
        first, last = (
            images.narrow(side, 0, margin),
            images.narrow(side, images.shape[side] - margin, margin),
        )
        images = torch.cat([first.flip(side), images, last.flip(side)], side)
    return images


class Conv(nn.Conv2d):
    """3x3 convolution, zeros around the border.

    With `repeated` it is the border's own values. On the way to 1/16 zeros paint a broad frame, as
    the margin around a picture is one place there; in all layers, repeating costs a fifth of the
    speed.
    """

    def __init__(
        self,
        channels: int,
        width: int,
        stride: int = 1,
        gain: float = 1.0,
        *,
        repeated: bool = False,
    ) -> None:
        super().__init__(
            channels,
            width,
            3,
            stride,
            padding=1,
            padding_mode="replicate" if repeated else "zeros",
        )
        nn.init.kaiming_normal_(self.weight, nonlinearity="relu")
        with torch.no_grad():
            self.weight.mul_(gain)
        assert self.bias is not None
        nn.init.zeros_(self.bias)


class Joint(Conv):
    """Convolution of two maps, one beside the other; a sum, so that they need not lie there."""

    def forward(self, x: Tensor, y: Tensor) -> Tensor:  # type: ignore[override]
        """Return what the convolution finds in both, (N, C, H, W) each."""
        of_x, of_y = self.weight.split([x.shape[1], y.shape[1]], 1)  # type: ignore[no-untyped-call]
        return F.conv2d(x, of_x, self.bias, padding=1) + F.conv2d(y, of_y, padding=1)


class Block(nn.Module):
    """Residual block; the first convolution's output takes gains and shifts.

    `bend` is the function between the convolutions.
    """

    def __init__(
        self,
        channels: int,
        bend: Callable[[Tensor], Tensor] = leaky,
        *,
        repeated: bool = False,
    ) -> None:
        super().__init__()
        self.bend = bend
        self.first = Conv(channels, channels, repeated=repeated)
        self.second = Conv(channels, channels, gain=0.3, repeated=repeated)

    def forward(self, x: Tensor, affine: tuple[Tensor, Tensor] | None = None) -> Tensor:
        """Return x plus its change."""
        y = self.first(x)
        if affine is not None:
            y = y * affine[0] + affine[1]
        return x + self.second(self.bend(y))  # type: ignore[no-any-return]


def smooth_start(conv: nn.Conv2d, factor: int) -> None:
    """Begin with the same value for all places that one pixel is shuffled to (ICNR).

    Aitken et al. 2017, arXiv:1707.02937: no checkerboard before training begins.
    """
    with torch.no_grad():
        first = conv.weight[:: factor * factor]
        conv.weight.copy_(first.repeat_interleave(factor * factor, 0))


@torch.no_grad()
def even_out(conv: nn.Conv2d, factor: int) -> None:
    """Let all places that one pixel is shuffled to answer alike to a constant.

    Their kernels are given the same sum. ICNR begins so; called after each step of a training,
    it remains so, and what is flat stays flat.
    """
    for values in (conv.weight, conv.bias):
        assert values is not None
        places = values.unflatten(0, (-1, factor * factor))  # type: ignore[no-untyped-call]
        level = places.flatten(3).mean(3)[..., None, None] if values.ndim > 1 else places
        places -= level - level.mean(1, keepdim=True)
