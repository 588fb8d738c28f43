"""One picture of a film, and when it is shown."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Frame:
    """Hold one picture of a film, upright and with square pixels, as it is shown.

    Attributes:
        pixels: (H, W, 3) float32 sRGB in [0, 1].
        time: When it is shown, in seconds since the film's beginning, exact.
        duration: How long, in seconds, exact.
        index: Its number among the frames of this reading, from 0.
        alpha: (H, W) in [0, 1], 0 is transparent; None in a film that is opaque.
        repeats: Whether it is the frame before once more, as a higher rate asks for; its arrays
            are then that frame's own.
    """

    pixels: Image
    time: Fraction
    duration: Fraction
    index: int = 0
    alpha: Image | None = None
    repeats: bool = False

    def on_white(self) -> Image:
        """Return the pixels laid on white, as what knows no transparency shows them."""
        if self.alpha is None:
            return self.pixels
        opaque = self.alpha[..., None]
        return self.pixels * opaque + (np.float32(1) - opaque)
