"""What every method gives back: a callable from image to image."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]
Place = tuple[slice, slice]  # rows and columns


class Pixels(Protocol):
    """Hold a picture that is read in parts, as arrays are: in memory, or on disk.

    (H, W, 3), float32 sRGB in [0, 1]; or (H, W), as masks are.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """Return height, width and channels."""
        ...

    def __getitem__(self, place: Any, /) -> Image:
        """Return the part in some rows and columns, two slices, as an array."""
        ...


@dataclass(frozen=True, eq=False)
class Sample:
    """Hold a style's picture (H, W, 3), and which places count (H, W); without it, all do."""

    pixels: Image
    counts: Image | None = None


@dataclass(frozen=True, eq=False)
class Anchor:
    """Hold a picture (H, W, 3) to stay near; how far it counts where, (H, W) in [0, 1]; a weight.

    A frame of a film has some: the results before it, moved to where their content is now.
    """

    pixels: Image
    counts: Image
    weight: float


@dataclass(frozen=True)
class Part:
    """Hold a part of a result, and say where it lies."""

    place: Place
    pixels: Image


class Stylizer(Protocol):
    """Stylize a content: (H, W, 3) float32 sRGB in [0, 1] in, the same out."""

    def __call__(self, content: Image) -> Image:
        """Return the stylized content."""
        ...


@dataclass(frozen=True)
class Step:
    """Tell of one step of an iterative method.

    `number` counts from 1 to `total`; `height` and `width` are this scale's; `losses` are the
    weighted terms by name, of which `loss` is the sum; `done` is the share of the whole work in
    [0, 1], by cost and not by count; `message` tells of something unusual. `image` returns the
    picture after this step, at this scale's size; of what is painted on the disk, a view of 1024
    pixels, black where nothing is painted yet, as long as the run lasts.
    """

    number: int
    total: int
    height: int
    width: int
    losses: Mapping[str, float]
    done: float
    image: Callable[[], Image]
    message: str | None = None

    @property
    def loss(self) -> float:
        """Return the sum of the losses."""
        return sum(self.losses.values())
