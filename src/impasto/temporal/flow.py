"""Optical flow between two frames of a film, and where it can be trusted.

DIS flow (Kroeger et al., ECCV 2016, arXiv:1603.03590) in both directions at a bounded size. A
place is visible in both frames where the two agree and the flow is smooth: Ruder, Dosovitskiy and
Brox, "Artistic style transfer for videos" (GCPR 2016, arXiv:1604.08610), equations 5 and 6, after
Sundaram, Brox and Keutzer (ECCV 2010).

All flow here is backward flow, in pixels, x before y: a pixel (x, y) of the later frame was at
(x + u, y + v) in the earlier one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.errors import ImageError
from impasto.methods.contract import Image
from impasto.temporal.opencv import load_cv2

Array = NDArray[np.float32]

SIDE = 640  # longest side that flow is sought at: costs grow with its square, errors hardly fall


@dataclass(frozen=True)
class Effort:
    """Say how flow is sought: settings of DIS (finest scale, patch stride, descent, refinement).

    The forward flow, which only says what is visible, may be coarser; `slack` widens the limits up
    to which a place counts as visible. What is found is held, and judged, at the finest scale of
    the backward flow, as it says no more at a finer one.
    """

    backward: tuple[int, int, int, int]
    forward: tuple[int, int, int, int]
    slack: float

    def shrinks(self, longest: int) -> int:
        """Return how many times smaller flow is held than sought; small frames stay whole."""
        return 2 ** self.backward[0] if longest > SIDE // 2 else 1


# chosen by errors on known flow: at 640x360 0.08 pixels in 18 ms, and 0.04 in 110 ms on one core
FAST = Effort((1, 5, 12, 3), (1, 6, 8, 3), slack=8)
FINE = Effort((0, 4, 12, 5), (1, 6, 8, 3), slack=1)
_SMOOTH = (
    40.0  # weight of smoothness in the refinement, twice OpenCV's: fewer errors in flat places
)

# where the picture as it stood fits nearly as well as the flow does, nothing has moved:
# flow that is sought in flat places follows the noise, and what is warped by it creeps and blurs
_STILL_WINDOW = 33  # pixels at the size at which flow is sought
_BLUR = 5  # pixels there, in which colours are compared
_STILL_RATIO, _STILL_NOISE = 1.2, 0.001  # of the flow's own misfit; of grey, 0 to 1
# misfits of colour (0 to 1) up to which a match is believed, and from which it is not
_ALIKE, _OTHER = 0.05, 0.2


@dataclass(frozen=True, eq=False)
class Seen:
    """Hold what flow needs of a frame of `size` (H, W), smaller: levels and soft grey, colours.

    Grey and colours are `shrunk` times smaller than the levels.
    """

    size: tuple[int, int]
    levels: NDArray[np.uint8]
    grey: Array
    color: Array
    shrunk: int


@dataclass(frozen=True, eq=False)
class Motion:
    """Say where the pixels of a frame of `size` (H, W) were in an earlier one.

    `flow` (h, w, 2) in pixels, see the module, and `visible` (h, w) in [0, 1], how sure it is that
    the place was to be seen there: flow agrees both ways and is smooth, and colours fit. Both may
    be smaller than the frame: `of_frame` enlarges them.
    """

    size: tuple[int, int]
    flow: Array
    visible: Array

    def of_frame(self) -> tuple[Array, Array]:
        """Return flow (H, W, 2) and visible (H, W) at the frame's size, in its pixels."""
        return enlarged(self.flow, self.size), enlarged(self.visible, self.size)


def look(frame: Image, effort: Effort = FAST, side: int = SIDE) -> Seen:
    """Return what flow needs of a frame (H, W, 3), its longest side at most `side` pixels."""
    cv2 = load_cv2()
    height, width = frame.shape[:2]
    small = _shrunk(frame, max(1.0, max(height, width) / side))
    levels = cv2.convertScaleAbs(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), alpha=255)
    shrunk = effort.shrinks(max(small.shape))
    blur = _at(_BLUR, shrunk)
    color = cv2.blur(_shrunk(small, shrunk), (blur, blur))
    return Seen((height, width), levels, cv2.cvtColor(color, cv2.COLOR_RGB2GRAY), color, shrunk)


def find_motion(earlier: Seen, later: Seen, effort: Effort = FAST) -> Motion:
    """Return where the pixels of the later frame were in the earlier one.

    Raises:
        ImageError: The frames are not of one size.
    """
    if earlier.size != later.size:
        (h, w), (high, wide) = earlier.size, later.size
        raise ImageError(f"frames of {w}x{h} and {wide}x{high} px: flow needs one size")
    backward, forward = (
        _held(_seeker(*how).calc(first.levels, second.levels, None), later)
        for how, first, second in (
            (effort.backward, later, earlier),
            (effort.forward, earlier, later),
        )
    )
    visible = visibility(backward, forward, effort.slack, later.shrunk)
    still = _still(earlier.grey, later.grey, backward, later.shrunk)
    backward *= (1 - still)[..., None]
    like = alike(shifted(earlier.color, backward), later.color, later.shrunk)
    return Motion(later.size, backward, np.maximum(visible, still) * like)


def chained(motions: Sequence[Motion]) -> Motion:
    """Return where a frame's pixels were many frames ago, of motions from each frame to the next.

    They are in the order of the film. A place counts as visible by how much it was in all of them.
    """
    last, *others = motions[::-1]
    flow, visible = last.flow, last.visible
    for motion in others:
        visible = visible * shifted(motion.visible, flow)
        flow = flow + shifted(motion.flow, flow)
    return Motion(last.size, flow, visible)


def warp(
    image: NDArray[Any], flow: Array, place: tuple[slice, slice] = (slice(None), slice(None))
) -> NDArray[Any]:
    """Return an image (H, W, C) of the earlier frame as it lies in the later; bicubic.

    `flow` may be that of a part of the frame, which has its place there; so is the result then.
    Beyond the border its outermost pixels are repeated. Bicubic weights overshoot beside edges:
    the result may leave [0, 1] by a little.
    """
    return picked(image, whence(flow, image.shape[:2], place))


def whence(
    flow: Array, size: Sequence[int], place: tuple[slice, slice] = (slice(None), slice(None))
) -> Array:
    """Return where (x, y) each pixel was in the earlier frame of this size (H, W); see `warp`."""
    where: Array = load_cv2().add(flow, _grid(*size)[place])
    return where


def picked(image: NDArray[Any], where: Array) -> NDArray[Any]:
    """Return what an image (H, W, C) has at places (h, w, 2), x before y; bicubic."""
    cv2 = load_cv2()
    found: NDArray[Any] = cv2.remap(
        image, where, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return found


def shifted(values: Array, flow: Array) -> Array:
    """Return values (h, w) or (h, w, C) of the earlier frame as they lie in the later; bilinear."""
    cv2 = load_cv2()
    where = cv2.add(flow, _grid(*flow.shape[:2]))
    found: Array = cv2.remap(values, where, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return found


def visibility(backward: Array, forward: Array, slack: float = 1.0, shrunk: int = 1) -> Array:
    """Return where (h, w) backward and forward flow (h, w, 2) agree and are smooth, in [0, 1].

    Ruder 2016: a place is hidden where |w + w'|^2 > 0.01 (|w|^2 + |w'|^2) + 0.5 (equation 5), and
    a motion boundary where |grad u|^2 + |grad v|^2 > 0.01 |w|^2 + 0.002 (equation 6), w' the
    forward flow at where w leads to. Departures: both are soft, from 1 at half of the limit to 0
    at one and a half of it, and `slack` multiplies 0.5 and 0.002. Of `shrunk` flow 0.5 is
    that many times smaller, squared. What comes from outside the
    frame is hidden as well.
    """
    cv2 = load_cv2()
    height, width = backward.shape[:2]
    ahead = shifted(forward, backward)
    squares = _square(backward)
    both = cv2.scaleAdd(
        cv2.add(squares, _square(ahead)), 0.01, np.full_like(squares, 0.5 * slack / shrunk**2)
    )
    apart = cv2.divide(_square(cv2.add(backward, ahead)), both)
    smooth = cv2.scaleAdd(squares, 0.01, np.full_like(squares, 0.002 * slack))
    steep = cv2.divide(_steepness(backward), smooth)
    sure: Array = np.clip(1.5 - cv2.max(apart, steep), 0, 1)
    inside = cv2.inRange(cv2.add(backward, _grid(height, width)), (0, 0), (width - 1, height - 1))
    return cv2.copyTo(sure, inside)  # type: ignore[no-any-return]


def alike(before: Array, now: Array, shrunk: int = 1) -> Array:
    """Return how like colours (h, w, 3) look, (h, w) in [0, 1]; both are blurred already."""
    cv2 = load_cv2()
    misfit = cv2.transform(cv2.absdiff(before, now), np.full((1, 3), 1 / 3, np.float32))
    misfit = cv2.blur(misfit, (_at(_BLUR, shrunk), _at(_BLUR, shrunk)))
    sure: Array = np.clip((_OTHER - misfit) / (_OTHER - _ALIKE), 0, 1, dtype=np.float32)
    return sure


def enlarged(values: Array, size: tuple[int, int]) -> Array:
    """Bring (h, w) or flow (h, w, 2) to another size; flow is in pixels, and grows as well."""
    if values.shape[:2] == size:
        return values
    if values.ndim == 3:  # while it is small
        values = _scaled(values, size)
    large: Array = load_cv2().resize(values, size[::-1], interpolation=load_cv2().INTER_LINEAR)
    return large


def _shrunk(image: Array, times: float) -> Array:
    if times == 1:
        return image
    cv2 = load_cv2()
    size = (max(1, round(image.shape[1] / times)), max(1, round(image.shape[0] / times)))
    small: Array = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return small


def _held(flow: Array, seen: Seen) -> Array:
    """Return flow at the size, and in the pixels, in which a frame's colours are held."""
    if seen.shrunk == 1:
        return flow
    cv2, (height, width) = load_cv2(), seen.grey.shape
    held: Array = cv2.resize(
        _scaled(flow, (height, width)), (width, height), interpolation=cv2.INTER_AREA
    )
    return held


def _scaled(flow: Array, size: tuple[int, ...]) -> Array:
    """Return flow in the pixels of another size."""
    height, width = flow.shape[:2]
    return flow * np.array([size[1] / width, size[0] / height], np.float32)


def _at(window: int, shrunk: int) -> int:
    """Return an odd window in pixels of what is shrunk."""
    return window // shrunk | 1


def _seeker(finest: int, stride: int, descent: int, refinement: int) -> Any:
    # one for each call, as they hold the pictures and threads must not share them
    seeker = load_cv2().DISOpticalFlow_create()
    seeker.setFinestScale(finest)
    seeker.setPatchStride(stride)
    seeker.setGradientDescentIterations(descent)
    seeker.setVariationalRefinementIterations(refinement)
    seeker.setVariationalRefinementAlpha(_SMOOTH)
    return seeker


def _still(earlier: Array, later: Array, flow: Array, shrunk: int) -> Array:
    """Return how surely each place has not moved, (h, w) in [0, 1]."""
    cv2 = load_cv2()
    window = (_at(_STILL_WINDOW, shrunk), _at(_STILL_WINDOW, shrunk))
    by_flow, by_rest = (
        cv2.boxFilter(cv2.pow(cv2.absdiff(other, later), 2), -1, window)
        for other in (shifted(earlier, flow), earlier)
    )
    ratio = by_rest / (_STILL_RATIO * by_flow + _STILL_NOISE**2)
    sure: Array = np.clip(3 - 2 * ratio, 0, 1, dtype=np.float32)
    return sure


def _steepness(flow: Array) -> Array:
    cv2 = load_cv2()
    across, down = (cv2.Sobel(flow, -1, *way, ksize=1, scale=0.5) for way in ((1, 0), (0, 1)))
    return _square(across) + _square(down)


def _square(flow: Array) -> Array:
    across, down = flow[..., 0], flow[..., 1]
    return across * across + down * down  # type: ignore[no-any-return]


@lru_cache(maxsize=4)
def _grid(height: int, width: int) -> Array:
    """Return the place (x, y) of every pixel, (H, W, 2)."""
    columns, rows = np.meshgrid(np.arange(width), np.arange(height))
    return np.stack([columns, rows], 2).astype(np.float32)
