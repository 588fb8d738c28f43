"""Calm what is painted frame by frame: what was painted before is moved along, and kept.

What a place looked like in the frame before is warped by the content's own flow and blended in
where it is to be seen (Ruder 2016; as post-processing Bonneel et al., "Blind video temporal
consistency", SIGGRAPH Asia 2015, and Lai et al., ECCV 2018). Departures: the blend is recursive,
so that it remembers more than a frame; it is in the picture and not in its gradients, as strokes
flicker more than colours do; what warping and averaging take away of fine detail is given back,
so that it does not smear; and what was hidden and comes back is remembered.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from impasto.methods.contract import Image
from impasto.temporal.flow import Motion, Seen, alike, enlarged, load_cv2, shifted, warp
from impasto.temporal.memory import Recalled, Recent, box

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
        self,
        painted: Image,
        seen: Seen,
        motion: Motion | None,
        recalled: Recalled | None = None,
    ) -> Image:
        """Return the painted frame (H, W, 3), calmed.

        `seen` is its content's, which may have another size, `motion` leads to the content of the
        frame that was calmed last; None is the first frame. `recalled` says what comes back that
        was hidden. The result is kept and must not be written to.
        """
        if motion is None or self._painted is None or self._content is None or not self.share:
            self.forget()
            self._painted, self._content = painted, seen.color
            self._keep(painted, seen)
            return painted
        painted = self._as_before(painted, recalled)
        # the past also knows which content it was painted of: where that is no more what is there,
        # because light changed little by little or flow was wrong, it is not believed
        content = shifted(self._content, motion.flow)
        like = alike(content, seen.color, seen.shrunk)
        trust = self.share * motion.visible * like
        more = (_STEADIER - 1) * trust * like**_STRICT
        self._content = _blended(seen.color, content, trust + more)
        self._painted = self._calmed(painted, self._painted, motion, trust, more)
        self._keep(self._painted, seen)
        return self._painted

    def _keep(self, painted: Image, seen: Seen) -> None:
        self._results.add(lambda: (seen, load_cv2().convertScaleAbs(painted, alpha=255)))

    def _as_before(self, painted: Image, recalled: Recalled | None) -> Image:
        """Return what was painted, but places that come back as they were."""
        if recalled is None:
            return painted
        levels = next((kept for seen, kept in self._results if seen is recalled.then), None)
        if levels is None:  # it was painted in another way
            return painted
        sure = enlarged(recalled.sure, painted.shape[:2])
        place = box(sure)
        flow = enlarged(recalled.flow, painted.shape[:2])[place]
        then = warp(levels, flow, place).astype(np.float32) / np.float32(255)
        painted = painted.copy()
        now = np.ascontiguousarray(painted[place])
        painted[place] = _blended(now, then, self.share * sure[place])
        return painted

    def _calmed(
        self, painted: Image, before: Image, motion: Motion, trust: Array, more: Array
    ) -> Image:
        # whole pictures at a time, on which OpenCV's own threads work: Python's would wait for
        # each other at every one of many small steps
        cv2 = load_cv2()
        height, width = painted.shape[:2]
        flow, share = enlarged(motion.flow, (height, width)), enlarged(trust, (height, width))
        past = warp(before, flow)
        calmed = _blended(painted, past, share)
        steadier = cv2.subtract(_halved(past, _PLACE), _halved(painted, _PLACE))
        steadier *= _fitted(more, steadier)[..., None]
        lost = cv2.cvtColor(_lost(painted, calmed, trust), cv2.COLOR_GRAY2RGB)
        cv2.add(calmed, cv2.add(lost, _fitted(steadier, lost), lost), calmed)
        # in two steps, as these have many threads
        cv2.threshold(calmed, 1, 1, cv2.THRESH_TRUNC, calmed)
        return cv2.threshold(calmed, 0, 0, cv2.THRESH_TOZERO, calmed)[1]  # type: ignore[no-any-return]


def _lost(painted: Image, calmed: Image, trust: Array) -> Array:
    """Return detail (H, W) of grey that was painted and has been lost on the way, a part of it.

    It is given back little by little, in cells. Colours' detail is hardly seen.
    """
    cv2 = load_cv2()
    greys = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in (painted, calmed)]
    lost: Array | None = None
    for _ in range(_BANDS):
        wanted, there = map(_detail, greys)
        strengths = [cv2.blur(_strength(detail), (3, 3)) + _LEAST for detail in (wanted, there)]
        gain = np.sqrt(strengths[0] / strengths[1]).clip(1, _GAIN) - 1
        gain *= cv2.resize(trust, gain.shape[::-1], interpolation=cv2.INTER_AREA)
        cv2.multiply(there, _fitted(gain, there), there)
        lost = there if lost is None else cv2.add(lost, _fitted(there, lost), lost)
        greys = [_halved(grey) for grey in greys]
    assert lost is not None
    return lost


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


def _detail(grey: Array) -> Array:
    """Return the finest detail (H, W)."""
    cv2 = load_cv2()
    fine: Array = cv2.subtract(grey, cv2.GaussianBlur(grey, (3, 3), 0.8))
    return fine


def _strength(detail: Array) -> Array:
    """Return the mean square of detail (H, W) in each cell, (h, w)."""
    return _halved(load_cv2().multiply(detail, detail), _CELL)
