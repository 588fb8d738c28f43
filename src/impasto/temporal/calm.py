"""Calm what is painted frame by frame: what was painted before is moved along, and kept.

What a place looked like in the frame before is warped by the content's own flow and blended in
where it is to be seen (Ruder 2016; as post-processing Bonneel et al., "Blind video temporal
consistency", SIGGRAPH Asia 2015, and Lai et al., ECCV 2018). Departures: the blend is recursive,
so that it remembers more than a frame; it is in the picture and not in its gradients, as strokes
flicker more than colours do; and what warping and averaging take away of fine detail is given
back, so that it does not smear.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from impasto.methods.contract import Image
from impasto.temporal.flow import Motion, Seen, alike, enlarged, load_cv2, shifted, warp

Array = NDArray[np.float32]

# share of the past at most: of a change in the style, half is there after 7 frames. With more, less
# flickers where nothing moves; where something does, strokes are averaged away and sharpened odd
MOST = 0.9
_GAIN = 1.04  # of fine detail, for each frame at most: by more, what is left of it turns to worms
_CELL = 8  # pixels a side in which detail is compared
_LEAST = 1e-5  # square of detail under which there is none


class Calm:
    """Keep what was painted, moved along with the film; called with one frame after another.

    `share` in [0, 1] is how much of the past a visible place keeps.
    """

    def __init__(self, share: float = MOST) -> None:
        self.share = share
        self._painted: Image | None = None
        self._content: Array | None = None

    def forget(self) -> None:
        """Begin anew, as at a cut."""
        self._painted = self._content = None

    def __call__(self, painted: Image, seen: Seen, motion: Motion | None) -> Image:
        """Return the painted frame (H, W, 3), calmed.

        `seen` is its content's, which may have another size, `motion` leads to the content of the
        frame that was calmed last; None is the first frame. The result is kept and must not be
        written to.
        """
        if motion is None or self._painted is None or self._content is None or not self.share:
            self._painted, self._content = painted, seen.color
            return painted
        # the past also knows which content it was painted of: where that is no more what is there,
        # because light changed little by little or flow was wrong, it is not believed
        content = shifted(self._content, motion.flow)
        trust = self.share * motion.visible * alike(content, seen.color, seen.shrunk)
        self._content = _blended(seen.color, content, trust)
        self._painted = self._calmed(painted, self._painted, motion, trust)
        return self._painted

    def _calmed(self, painted: Image, before: Image, motion: Motion, trust: Array) -> Image:
        # whole pictures at a time, on which OpenCV's own threads work: Python's would wait for
        # each other at every one of many small steps
        cv2 = load_cv2()
        height, width = painted.shape[:2]
        flow, share = enlarged(motion.flow, (height, width)), enlarged(trust, (height, width))
        calmed = _blended(painted, warp(before, flow), share)
        detail = _detail(calmed)
        wanted, there = _strength(_detail(painted)), _strength(detail)
        # fine detail that is painted and has been lost on the way is given back little by little
        gain = np.sqrt((cv2.blur(wanted, (3, 3)) + _LEAST) / (cv2.blur(there, (3, 3)) + _LEAST))
        gain = gain.clip(1, _GAIN) - 1
        gain *= cv2.resize(trust, gain.shape[::-1], interpolation=cv2.INTER_AREA)
        more = cv2.multiply(detail, cv2.resize(gain, (width, height)), detail)
        cv2.add(calmed, cv2.cvtColor(more, cv2.COLOR_GRAY2RGB), calmed)
        return np.clip(calmed, 0, 1, out=calmed)


def _blended(now: Array, past: Array, share: Array) -> Array:
    """Return now + share (past - now)."""
    # its weights are divided by their sum and 1e-5, which is nothing beside thousands
    kept = share * np.float32(4096)
    mixed: Array = load_cv2().blendLinear(past, now, kept, np.float32(4096) - kept)
    return mixed


def _detail(image: Array) -> Array:
    """Return the fine detail (H, W) of grey, as that of colours is hardly seen."""
    cv2 = load_cv2()
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    fine: Array = cv2.subtract(grey, cv2.GaussianBlur(grey, (3, 3), 0.8))
    return fine


def _strength(detail: Array) -> Array:
    """Return the mean square of detail (H, W) in each cell, (h, w)."""
    cv2 = load_cv2()
    size = tuple(-(-side // _CELL) for side in detail.shape[1::-1])
    squares: Array = cv2.resize(cv2.multiply(detail, detail), size, interpolation=cv2.INTER_AREA)
    return squares
