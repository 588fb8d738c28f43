"""Calm what is painted frame by frame: what was painted before is moved along, and kept.

What a place looked like in the frame before is warped by the content's own flow and blended in
where it is to be seen (Ruder 2016; as post-processing Bonneel et al., "Blind video temporal
consistency", SIGGRAPH Asia 2015, and Lai et al., ECCV 2018). Departures: the blend is recursive,
so that it remembers more than a frame; it is in the picture and not in its gradients, as strokes
flicker more than colours do; what warping and averaging take away of fine detail is given back,
so that it does not smear; and what was hidden and comes back is remembered.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from impasto.methods.contract import Image
from impasto.temporal.flow import (
    Motion,
    Seen,
    alike,
    enlarged,
    picked,
    shifted,
    warp,
    whence,
)
from impasto.temporal.memory import Recalled, Recent, box
from impasto.temporal.opencv import load_cv2

Array = NDArray[np.float32]

# share of the past at most: of a change in the style, half is there after 7 frames. With more, less
# flickers where nothing moves; where something does, strokes are averaged away and sharpened odd
MOST = 0.9
_STEADIER = 1.1  # times that share for the colours of places, which nothing averages away
_STRICT = 4  # times as alike as for strokes must contents be there, as lag is seen in colours
_PLACE = 2  # times that pixels are halved, to squares that are places
_GAIN = 1.03  # of detail, for each frame at most: by more, what is left of it turns to worms
_CELL = 3  # times that pixels are halved, to cells in which detail is compared
_BANDS = 3  # of detail, each twice as coarse as the one before
_LEAST = 1e-5  # square of detail under which there is none


@dataclass(frozen=True, eq=False)
class Fresh:
    """Hold a painted frame (H, W, 3), and what can be said of it before those before are known.

    `whence` (H, W, 2) is where its pixels were in the frame before, None in a first one, `places`
    are the means of its squares, and `strengths` those of its detail in each band.
    """

    image: Image
    whence: Array | None
    places: Array
    strengths: tuple[Array, ...]

    @classmethod
    def of(cls, image: Image, motion: Motion | None) -> Fresh:
        """Look at a painted frame; threads may, each at another."""
        size = image.shape[:2]
        where = None if motion is None else whence(enlarged(motion.flow, size), size)
        return cls(image, where, _halved(image, _PLACE), _strengths(image))

    def changed(self, image: Image) -> Fresh:
        """Return the same for what another image has in its place."""
        return replace(
            self, image=image, places=_halved(image, _PLACE), strengths=_strengths(image)
        )


class Calm:
    """Keep what was painted, moved along with the film; called with one frame after another.

    `share` in [0, 1] is how much of the past a visible place keeps.
    """

    def __init__(self, share: float = MOST) -> None:
        self.share = share
        self._painted: Image | None = None
        self._content: Array | None = None
        self._results: Recent[tuple[Seen, NDArray[np.uint8]]] = Recent()

    def forget(self) -> None:
        """Begin anew, as at a cut."""
        self._painted = self._content = None
        self._results.forget()

    def __call__(
        self, fresh: Fresh, seen: Seen, motion: Motion | None, recalled: Recalled | None = None
    ) -> Image:
        """Return a painted frame (H, W, 3), calmed.

        `seen` is its content's, which may have another size, `motion` leads to the content of the
        frame that was calmed last; None is the first frame. `recalled` says what comes back that
        was hidden. The result is kept and must not be written to.
        """
        if motion is None or self._painted is None or self._content is None or not self.share:
            self.forget()
            self._painted, self._content = fresh.image, seen.color
            self._keep(fresh.image, seen)
            return fresh.image
        fresh = self._as_before(fresh, recalled)
        # the past also knows which content it was painted of: where that is no more what is there,
        # because light changed little by little or flow was wrong, it is not believed
        content = shifted(self._content, motion.flow)
        like = alike(content, seen.color, seen.shrunk)
        trust = self.share * motion.visible * like
        more = (_STEADIER - 1) * trust * like**_STRICT
        self._content = _blended(seen.color, content, trust + more)
        self._painted = _calmed(fresh, self._painted, trust, more)
        self._keep(self._painted, seen)
        return self._painted

    def _keep(self, painted: Image, seen: Seen) -> None:
        self._results.add(lambda: (seen, load_cv2().convertScaleAbs(painted, alpha=255)))

    def _as_before(self, fresh: Fresh, recalled: Recalled | None) -> Fresh:
        """Return what was painted, but places that come back as they were."""
        if recalled is None:
            return fresh
        levels = next((kept for seen, kept in self._results if seen is recalled.then), None)
        if levels is None:  # it was painted in another way
            return fresh
        image = fresh.image.copy()
        sure = enlarged(recalled.sure, image.shape[:2])
        place = box(sure)
        flow = enlarged(recalled.flow, image.shape[:2])[place]
        then = warp(levels, flow, place).astype(np.float32) / np.float32(255)
        now = np.ascontiguousarray(image[place])
        image[place] = _blended(now, then, self.share * sure[place])
        return fresh.changed(image)


def _calmed(fresh: Fresh, before: Image, trust: Array, more: Array) -> Image:
    """Return what was painted, mixed with what was before, by shares (h, w)."""
    # whole pictures at a time, on which OpenCV's own threads work: Python's would wait for
    # each other at every one of many small steps
    cv2 = load_cv2()
    assert fresh.whence is not None
    past = picked(before, fresh.whence)
    calmed = _blended(fresh.image, past, enlarged(trust, past.shape[:2]))
    steadier = cv2.subtract(_halved(past, _PLACE), fresh.places)
    steadier *= _fitted(more, steadier)[..., None]
    lost = cv2.cvtColor(_lost(fresh.strengths, calmed, trust), cv2.COLOR_GRAY2RGB)
    cv2.add(calmed, cv2.add(lost, _fitted(steadier, lost), lost), calmed)
    # in two steps, as these have many threads
    cv2.threshold(calmed, 1, 1, cv2.THRESH_TRUNC, calmed)
    return cv2.threshold(calmed, 0, 0, cv2.THRESH_TOZERO, calmed)[1]  # type: ignore[no-any-return]


def _lost(wanted: tuple[Array, ...], calmed: Image, trust: Array) -> Array:
    """Return detail (H, W) of grey that was painted, so strong, and has been lost, a part of it.

    It is given back little by little, in cells. Colours' detail is hardly seen.
    """
    cv2 = load_cv2()
    lost: Array | None = None
    for strength, there in zip(wanted, _details(calmed), strict=True):
        gain = np.sqrt(strength / _strength(there)).clip(1, _GAIN) - 1
        gain *= cv2.resize(trust, gain.shape[::-1], interpolation=cv2.INTER_AREA)
        cv2.multiply(there, _fitted(gain, there), there)
        lost = there if lost is None else cv2.add(lost, _fitted(there, lost), lost)
    assert lost is not None
    return lost


def _strengths(image: Image) -> tuple[Array, ...]:
    return tuple(map(_strength, _details(image)))


def _blended(now: Array, past: Array, share: Array) -> Array:
    """Return now + share (past - now)."""
    # its weights are divided by their sum and 1e-5, which is nothing beside thousands
    kept = share * np.float32(4096)
    mixed: Array = load_cv2().blendLinear(past, now, kept, np.float32(4096) - kept)
    return mixed


def _halved(values: Array, times: int = 1) -> Array:
    """Return means of squares of two pixels a side, so many times: faster than larger ones."""
    cv2 = load_cv2()
    for _ in range(times):
        size = tuple(-(-side // 2) for side in values.shape[1::-1])
        values = cv2.resize(values, size, interpolation=cv2.INTER_AREA)
    return values


def _fitted(values: Array, other: Array) -> Array:
    """Return values at another's height and width."""
    if values.shape[:2] == other.shape[:2]:
        return values
    fitted: Array = load_cv2().resize(values, other.shape[1::-1])
    return fitted


def _details(image: Image) -> Iterator[Array]:
    """Yield the detail (h, w) of a picture's grey, the finest first, each half as large."""
    cv2 = load_cv2()
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    for band in range(_BANDS):
        grey = _halved(grey) if band else grey
        yield cv2.subtract(grey, cv2.GaussianBlur(grey, (3, 3), 0.8))


def _strength(detail: Array) -> Array:
    """Return the mean square of detail (H, W) around each cell, (h, w)."""
    cv2 = load_cv2()
    strength: Array = cv2.blur(_halved(cv2.multiply(detail, detail), _CELL), (3, 3)) + _LEAST
    return strength
