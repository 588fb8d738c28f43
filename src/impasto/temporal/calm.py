"""Calm what is painted frame by frame: what was painted before is moved along, and kept.

What a frame's places looked like in the frame before is warped by the content's own flow and
blended in where it is to be seen (Ruder 2016; as post-processing Bonneel et al., "Blind video
temporal consistency", SIGGRAPH Asia 2015, and Lai et al., ECCV 2018). Departures: the blend is
recursive, so that it remembers more than a frame; it is in the picture and not in its gradients,
as strokes flicker more than colours do; and what warping and averaging take away of fine detail is
given back, so that it does not smear.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from impasto.methods.contract import Image
from impasto.temporal.flow import Motion, Seen, alike, enlarged, load_cv2, shifted, warp

Array = NDArray[np.float32]

MOST = 0.95  # share of the past at most: of a change in the style, half is there after 14 frames
_GAIN = 1.1  # of fine detail, for each frame at most
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

        `seen` is its content's, `motion` leads to the content of the frame that was calmed last;
        None is the first frame.
        """
        if motion is None or self._painted is None or self._content is None or not self.share:
            self._painted, self._content = painted, seen.color
            return painted
        # the past also knows which content it was painted of: where that is no more what is there,
        # because light changed little by little or flow was wrong, it is not believed
        content = shifted(self._content, motion.flow)
        trust = self.share * motion.visible * alike(content, seen.color)
        self._content = _blended(seen.color, content, trust)
        flow, share = enlarged(motion.flow, motion.size), enlarged(trust, motion.size)
        calmed = _blended(painted, warp(self._painted, flow), share)
        self._painted = _keen(calmed, painted, trust)
        return self._painted


def _blended(now: Array, past: Array, share: Array) -> Array:
    """Return now + share (past - now), in `past`'s memory."""
    past -= now
    past *= share[..., None]
    past += now
    return past


def _keen(calmed: Image, painted: Image, trust: Array) -> Image:
    """Give back the fine detail that the painted frame has and the calmed has not, in place."""
    cv2 = load_cv2()
    height, width = calmed.shape[:2]
    detail = calmed - cv2.GaussianBlur(calmed, (5, 5), 1.2)
    wanted, there = _strength(painted - cv2.GaussianBlur(painted, (5, 5), 1.2)), _strength(detail)
    gain = np.sqrt((wanted + _LEAST) / (there + _LEAST)).clip(1, _GAIN) - 1
    gain *= cv2.resize(trust, gain.shape[::-1], interpolation=cv2.INTER_AREA)
    large = cv2.resize(gain, (width, height), interpolation=cv2.INTER_LINEAR)
    detail *= large[..., None]
    calmed += detail
    return np.clip(calmed, 0, 1, out=calmed)


def _strength(detail: Array) -> Array:
    """Return the mean square of detail around each cell, (h, w)."""
    cv2 = load_cv2()
    height, width = detail.shape[:2]
    size = max(1, width // _CELL), max(1, height // _CELL)
    squares = cv2.resize(cv2.multiply(detail, detail), size, interpolation=cv2.INTER_AREA)
    strength: Array = cv2.blur(squares.mean(2), (3, 3))
    return strength
