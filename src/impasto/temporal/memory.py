"""Remember what a film showed a while ago, for what was hidden and comes back.

The frame before knows nothing of a place that something has just passed. A result from longer ago
does: the long-term consistency of Ruder 2016, 3.4, for films that are calmed and not optimised.
Departure: flow to that frame is sought directly, as a chain of flows leads through what was
in between.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from impasto.temporal.flow import Effort, Motion, Seen, find_motion, shifted
from impasto.temporal.opencv import load_cv2

Array = NDArray[np.float32]
Item = TypeVar("Item")

EVERY, KEPT = 6, 6  # frames between two that are kept, and how many: one or two seconds
_ROUGH = Effort((2, 5, 12, 3), (2, 5, 12, 3), slack=6)
# misfit of colours, as a share of the contrast around, up to which a place is known again, and from
# which it is not: what has no contrast, such as a dark coat, is like anything
_KNOWN, _FOREIGN = 0.2, 0.4
_AROUND = 9  # pixels a side of what is compared
_SEEN = 0.05  # less of a place is not seen
_WIDER = 40  # pixels of colours around what has come back: so far it may have moved
_LEAST = 0.004  # share of the frame that has to come into view to be worth the search


class Recent(Generic[Item]):
    """Keep one in a few of what comes, and of those the last: no more for a longer shot."""

    def __init__(self) -> None:
        self._kept: deque[Item] = deque(maxlen=KEPT)
        self._count = 0

    def __iter__(self) -> Iterator[Item]:
        """Yield what is kept, the oldest first."""
        return iter(self._kept)

    def forget(self) -> None:
        """Begin anew, as at a cut."""
        self._kept.clear()
        self._count = 0

    def add(self, make: Callable[[], Item]) -> None:
        """Take the next one; it is made if it is kept."""
        if self._count % EVERY == 0:
            self._kept.append(make())
        self._count += 1


@dataclass(frozen=True, eq=False)
class Recalled:
    """Say where places of a frame were in an earlier one, of which `then` is what was seen.

    `flow` (h, w, 2) leads there; `sure` (h, w) in [0, 1] is how surely a place is the same.
    """

    then: Seen
    flow: Array
    sure: Array


def recall(then: Seen, now: Seen, motion: Motion) -> Recalled | None:
    """Find what has come into view in a frame from longer ago; None where nothing of it is there.

    `motion` leads to the frame before, which says what has come into view since.
    """
    # not what is thinner than a few pixels: borders of what moves, and of the frame
    bared = load_cv2().morphologyEx(1 - motion.visible, load_cv2().MORPH_OPEN, np.ones((3, 3)))
    if bared.mean() < _LEAST:
        return None
    place = _widened(box(bared), bared.shape)
    old, new = _part(then, place), _part(now, place)
    way = find_motion(old, new, _ROUGH)
    found = way.visible * bared[place] * _known_again(shifted(old.color, way.flow), new.color)
    if found.sum() < _LEAST / 4 * bared.size or found.max() <= _SEEN:
        return None
    flow, sure = np.zeros_like(motion.flow), np.zeros_like(bared)
    flow[place], sure[place] = way.flow, found
    return Recalled(then, flow, sure)


def _widened(place: tuple[slice, slice], size: tuple[int, ...]) -> tuple[slice, slice]:
    """Return a place with what is around it, in which flow can be sought."""
    rows, columns = (
        slice(max(side.start - _WIDER, 0), min(side.stop + _WIDER, length))
        for side, length in zip(place, size, strict=True)
    )
    return rows, columns


def _part(seen: Seen, place: tuple[slice, slice]) -> Seen:
    """Return what was seen of a part of a frame; the place is in pixels of its colours."""
    fine = tuple(
        slice(side.start * seen.shrunk, None if side.stop == length else side.stop * seen.shrunk)
        for side, length in zip(place, seen.grey.shape, strict=True)
    )
    return replace(
        seen,
        levels=np.ascontiguousarray(seen.levels[fine]),
        grey=np.ascontiguousarray(seen.grey[place]),
        color=np.ascontiguousarray(seen.color[place]),
    )


def box(sure: Array) -> tuple[slice, slice]:
    """Return the smallest part of a frame (H, W) that holds all places that are seen."""
    rows, columns = (np.flatnonzero((sure > _SEEN).any(axis)) for axis in (1, 0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


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
