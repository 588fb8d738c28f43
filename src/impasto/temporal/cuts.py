"""Scene cuts: where a film shows something else from one frame to the next."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.temporal.flow import Motion, Seen
from impasto.temporal.opencv import load_cv2

Array = NDArray[np.float32]

# a cut has all three; a flash keeps the structure, a fast pan the colours, a passer-by the rest
_EXPLAINED = 0.4  # share of the places whose flow is to be trusted
_STRUCTURE = 0.5  # likeness of edges
_COLORS = 0.25  # share of the pixels whose colour is new
_THUMBNAIL = (48, 27)


def is_cut(earlier: Seen, later: Seen, motion: Motion) -> bool:
    """Return whether the film cuts between two frames that follow each other.

    `motion` is that from the later to the earlier. Fades and dissolves are no cuts, nor is what
    the frames' colours do not show: then statistics fit on, and no flow is trusted anyway.
    """
    if motion.visible.mean() > _EXPLAINED:
        return False
    return structure(earlier, later) < _STRUCTURE and new_colors(earlier, later) > _COLORS


def structure(earlier: Seen, later: Seen) -> float:
    """Return how like the frames' coarse structure is: 1 for the same, about 0 for others.

    The correlation of thumbnails whose light was evened out, so that a flash changes little.
    """
    first, second = (_evened(seen.grey).ravel() for seen in (earlier, later))
    lengths = np.linalg.norm(first) * np.linalg.norm(second)
    return float(first @ second / max(float(lengths), 1e-6))


def new_colors(earlier: Seen, later: Seen) -> float:
    """Return the share of the pixels that would have to change colour, of 512 colours."""
    first, second = (_histogram(seen.color) for seen in (earlier, later))
    return float(np.abs(first - second).sum() / 2)


def _evened(grey: Array) -> Array:
    """Return a thumbnail of logarithms less its own blur, bounded."""
    cv2 = load_cv2()
    small = np.log(cv2.resize(grey, _THUMBNAIL, interpolation=cv2.INTER_AREA) + 0.02)
    detail: Array = np.tanh(2 * (small - cv2.GaussianBlur(small, (0, 0), 4)))
    return detail


def _histogram(color: Array) -> Array:
    cv2 = load_cv2()
    levels = cv2.convertScaleAbs(color[::2, ::2], alpha=255)
    soft: Any = cv2.calcHist([levels], [0, 1, 2], None, [8] * 3, [0, 256] * 3)
    # neighbouring colours share, as noise and light move pixels over the borders of bins
    for axis in range(3):
        padded = np.pad(soft, [(1, 1) if i == axis else (0, 0) for i in range(3)], mode="edge")
        before, after = (np.take(padded, range(s, s + 8), axis) for s in (0, 2))
        soft = (before + 2 * soft + after) / 4
    shares: Array = soft / soft.sum()
    return shares
