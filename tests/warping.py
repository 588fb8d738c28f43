"""The warping error of a film whose motion is known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from impasto.metrics.moving import MovingPicture
from impasto.metrics.video import WarpingError


def known_error(moving: MovingPicture, result: Sequence[NDArray[np.float32]], back: int) -> float:
    """Return the error between each frame and the one `back` before it."""
    error = WarpingError()
    for number in range(back, len(result)):
        error.add(result[number - back], result[number], moving.motion(number - back, number))
    assert error.rms is not None
    return error.rms
