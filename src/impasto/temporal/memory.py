"""Remember what a film showed a while ago, for what was hidden and comes back.

The frame before knows nothing of a place that something has just passed. A result from longer ago
does: the long-term consistency of Ruder 2016, 3.4, for films that are calmed and not optimised.
Departure: flow to that frame is sought directly, as a chain of flows leads through what was
in between.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from impasto.methods.contract import Image
from impasto.temporal.flow import Effort, Seen, enlarged, find_motion, load_cv2, shifted, warp

Array = NDArray[np.float32]

EVERY, KEPT = 6, 6  # frames between two that are kept, and how many: one or two seconds
_ROUGH = Effort((2, 5, 12, 3), (2, 5, 12, 3), slack=6)
# misfit of colours, as a share of the contrast around, up to which a place is known again, and from
# which it is not: what has no contrast, such as a dark coat, is like anything
_KNOWN, _FOREIGN = 0.2, 0.4
_AROUND = 9  # pixels a side of what is compared
_SEEN = 0.05  # less of a place is not seen
_LEAST = 0.008  # share of the frame that has to come back to be worth the search


@dataclass(frozen=True, eq=False)
class Recalled:
    """Hold pictures (h, w, 3) of a part of the frame, and how sure they are, (h, w) in [0, 1]."""

    place: tuple[slice, slice]
    pixels: Image
    sure: Array


@dataclass(frozen=True, eq=False)
class _Key:
    levels: NDArray[np.uint8]
    seen: Seen


class Memory:
    """Keep a few results of a shot; what memory they take does not grow with the film."""

    def __init__(self) -> None:
        self._keys: deque[_Key] = deque(maxlen=KEPT)
        self._frames = 0

    def forget(self) -> None:
        """Begin anew, as at a cut."""
        self._keys.clear()
        self._frames = 0

    def keep(self, painted: Image, seen: Seen) -> None:
        """Take a result, one after another; one in a few is kept."""
        if self._frames % EVERY == 0:
            levels = load_cv2().convertScaleAbs(painted, alpha=255)
            self._keys.append(_Key(levels, seen))
        self._frames += 1

    def recall(self, seen: Seen, bared: Array, size: tuple[int, int]) -> Recalled | None:
        """Return how bared places looked in the oldest result; None where they are not in it.

        `bared` (h, w) in [0, 1] says which have come into view since the frame before.
        """
        if not self._keys or bared.mean() < _LEAST:
            return None
        key = self._keys[0]
        motion = find_motion(key.seen, seen, _ROUGH)
        then = shifted(key.seen.color, motion.flow)
        sure = motion.visible * bared * _known_again(then, seen.color)
        if sure.mean() < _LEAST / 8 or sure.max() <= _SEEN:
            return None
        wide = enlarged(sure, size)
        place = _box(wide > _SEEN)
        flow = enlarged(motion.flow, size)[place]
        pixels = warp(key.levels, flow, place).astype(np.float32) / np.float32(255)
        return Recalled(place, pixels, wide[place])


def _known_again(then: Array, now: Array) -> Array:
    """Return how surely places (h, w, 3) are the same, (h, w) in [0, 1], by what is around."""
    cv2 = load_cv2()
    window = (_AROUND, _AROUND)
    misfit, grey = (
        cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in (cv2.absdiff(then, now), now)
    )
    mean = cv2.blur(grey, window)
    contrast = np.sqrt(np.maximum(cv2.blur(grey * grey, window) - mean * mean, 1e-6))
    ratio = cv2.blur(misfit, window) / contrast
    known: Array = np.clip((_FOREIGN - ratio) / (_FOREIGN - _KNOWN), 0, 1, dtype=np.float32)
    return known


def _box(where: NDArray[np.bool_]) -> tuple[slice, slice]:
    """Return the smallest part of a picture that holds all places that are true."""
    rows, columns = (np.flatnonzero(where.any(axis)) for axis in (1, 0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
