"""A picture as the sum of its Laplacian pyramid, whose levels are what a solver moves."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

if TYPE_CHECKING:
    from impasto.methods.optimize.solvers import Resize, Solver

LEVELS = 6
SMALLEST = 8  # pixels of a level's shorter side


class Pyramid:
    """The Laplacian pyramid (Burt & Adelson 1983) of pictures (1, C, H, W) of one size.

    All levels together are one vector (1, 1, 1, N), the finest first. Levels are enlarged
    bilinearly; what is kept of one for the next is its mean in cells.
    """

    def __init__(self, like: Tensor) -> None:
        """Plan the levels of pictures of this shape."""
        self.channels = like.shape[1]
        self.sizes = [(like.shape[2], like.shape[3])]
        while len(self.sizes) < LEVELS and min(self.sizes[-1]) >= 2 * SMALLEST:
            height, width = self.sizes[-1]
            self.sizes.append((-(-height // 2), -(-width // 2)))

    def split(self, picture: Tensor) -> Tensor:
        """Return the levels, of which `join` makes the picture again."""
        levels = []
        for size, smaller in zip(self.sizes, self.sizes[1:], strict=False):
            low = F.adaptive_avg_pool2d(picture, smaller)
            levels.append(picture - _enlarged(low, size))
            picture = low
        return torch.cat([level.flatten() for level in (*levels, picture)]).view(1, 1, 1, -1)

    def join(self, levels: Tensor) -> Tensor:
        """Return the picture: each level added to the enlarged sum of the coarser ones."""
        counts = [self.channels * height * width for height, width in self.sizes]
        parts = zip(torch.split(levels.flatten(), counts), self.sizes, strict=True)
        planes = [part.view(1, self.channels, *size) for part, size in parts]
        picture = planes.pop()
        while planes:
            finer = planes.pop()
            picture = finer + _enlarged(picture, (finer.shape[2], finer.shape[3]))
        return picture

    def gradient(self, gradient: Tensor) -> Tensor:
        """Return the gradient by the levels, of a loss whose gradient by the picture is given."""
        count = self.channels * sum(height * width for height, width in self.sizes)
        levels = gradient.new_zeros((1, 1, 1, count), requires_grad=True)
        with torch.enable_grad():
            (found,) = torch.autograd.grad(self.join(levels), levels, gradient)
        return found


class OnPyramid:
    """Let a solver move the levels of a picture's pyramid in place of its pixels; a `Solver`.

    A pixel takes part in a step of every level, so that large structures move as soon as small
    ones (Kolkin 2022). For solvers that measure each unknown by itself, as Adam does: it then needs
    about two thirds of the steps to a loss. `make` returns a new solver.
    """

    def __init__(self, make: Callable[[], Solver]) -> None:
        self.make, self.solver = make, make()
        self.pyramid: Pyramid | None = None
        self.last: tuple[Tensor, Tensor] | None = None

    def propose(self, x: Tensor, gradient: Tensor) -> Tensor:
        """Return the next point after `x`."""
        pyramid = self.pyramid = self.pyramid or Pyramid(x)
        # the levels that `x` was joined of, and not others of the same sum
        levels = self.last[1] if self.last and self.last[0] is x else pyramid.split(x)
        levels = self.solver.propose(levels, pyramid.gradient(gradient))
        moved = pyramid.join(levels)
        self.last = (moved, levels)
        return moved

    def retreat(self) -> None:
        """Take smaller steps from now on."""
        self.solver.retreat()

    def resize(self, resize: Resize) -> None:
        """Begin anew: levels of another size are others."""
        self.solver, self.pyramid, self.last = self.make(), None, None

    def result(self, x: Tensor) -> Tensor:
        """Return the picture of the levels that the solver would show."""
        if self.pyramid is None:
            return x
        levels = self.pyramid.split(x)
        shown = self.solver.result(levels)
        return x if shown is levels else self.pyramid.join(shown)

    def bytes_per_pixel(self, pixels: int, steps: int) -> int:
        """Return a third more than the solver's own, and three vectors of levels."""
        return (self.solver.bytes_per_pixel(pixels, steps) + 36) * 4 // 3


def _enlarged(planes: Tensor, size: tuple[int, int]) -> Tensor:
    return F.interpolate(  # type: ignore[no-any-return]
        planes, size=size, mode="bilinear", align_corners=False
    )
