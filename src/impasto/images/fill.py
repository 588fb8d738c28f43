"""Fill what is hidden of a picture with what is seen of it, so that its texture goes on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_LITTLE = 0.25  # of the widest row: rows that show less are not continued sideways


def fill_hidden(pixels: NDArray[np.float32], shown: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return a picture (H, W, 3) whose hidden places mirror those that are shown (H, W).

    Each row is continued sideways, to and fro, from the nearest part of it that is shown; rows
    that show little are then filled from rows above or below in the same way. What is shown
    stays as it is. There must be something.
    """
    if shown.all():
        return pixels
    filled = pixels.copy()
    widths = shown.sum(1)
    good = widths >= max(1, _LITTLE * widths.max())
    for row in np.flatnonzero(good & (widths < shown.shape[1])):
        filled[row] = filled[row, _mirrored(shown[row])]
    sources = filled[_mirrored(good)]
    sources[shown] = pixels[shown]
    return sources


def _mirrored(shown: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return for each place of a line where to take it from: itself, or a place that mirrors it."""
    places = np.arange(len(shown))
    runs = np.flatnonzero(np.diff(np.concatenate([[False], shown, [False]]).astype(np.int8)))
    starts, stops = runs[::2], runs[1::2]
    # the run that is nearest to each place
    apart = np.maximum(starts - places[:, None], places[:, None] - stops + 1).clip(0)
    nearest = apart.argmin(1)
    start, length = starts[nearest], (stops - starts)[nearest]
    phase = (places - start) % (2 * length)
    return np.asarray(start + np.minimum(phase, 2 * length - 1 - phase), np.int64)
