"""Paint a film's frames one after another, each by itself or with those before it in mind."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np

from impasto.engine import ahead, at_once
from impasto.errors import OptionError
from impasto.film.options import TemporalOptions
from impasto.methods.contract import Anchor, Image, Stylizer
from impasto.temporal.calm import MOST, Calm
from impasto.temporal.cuts import is_cut
from impasto.temporal.flow import (
    FAST,
    FINE,
    Effort,
    Motion,
    Seen,
    chained,
    find_motion,
    load_cv2,
    look,
    warp,
)
from impasto.video.frame import Frame

if TYPE_CHECKING:
    from impasto.methods.optimize.stylizer import OptimizeStylizer

LAGS = (1, 2, 4, 8)  # frames back to results that an optimised one stays near
NEAR = 60.0  # weight of staying near them
_ONE_SCALE = 1_000_000  # pixels of a side to begin with

AtTime = Callable[[Fraction], Any]  # a film's time in seconds -> the stylizer of that moment


@dataclass(frozen=True, eq=False)
class Moment:
    """Hold a frame, and how it follows the one before.

    `seen` is what flow needs of it, None where nobody asks; `motion` leads to the frame before,
    None at the first frame and behind a cut.
    """

    frame: Frame
    seen: Seen | None = None
    motion: Motion | None = None

    @property
    def begins(self) -> bool:
        """Say whether a shot begins, or nobody knows."""
        return self.motion is None


def moments(frames: Iterable[Frame], effort: Effort | None) -> Iterator[Moment]:
    """Yield frames with what moved since the one before; the next is sought while one is used.

    `effort` None seeks nothing; nor is anything sought of frames that repeat the one before.
    """

    def sought() -> Iterator[Moment]:
        before: Seen | None = None
        for frame in frames:
            if effort is None or (frame.repeats and before is not None):
                yield Moment(frame)
                continue
            seen, motion = look(frame.pixels, effort), None
            if before is not None:
                motion = find_motion(before, seen, effort)
                motion = None if is_cut(before, seen, motion) else motion
            before = seen
            yield Moment(frame, seen, motion)

    with closing(ahead(sought())) as coming:
        yield from coming


class Painter(Protocol):
    """Paint one frame after another.

    `effort` says how motion is sought for it. `at_once` frames may be painted at the same time,
    each in a thread, for which Ctrl-C waits; with 1, one after another; with 0, in no thread.
    """

    effort: Effort | None
    at_once: int

    def paint(self, moment: Moment) -> Image:
        """Return the frame (H, W, 3), painted."""
        ...

    def calm(self, moment: Moment, painted: Image) -> Image:
        """Return what was painted, as it follows the frames before; called in the same order."""
        ...


def painted_moments(frames: Iterable[Frame], painter: Painter) -> Iterator[tuple[Moment, Image]]:
    """Yield frames' moments and what is painted of them.

    A frame that repeats the one before is not painted again. While one frame is calmed and used,
    the next ones are painted, if the painter may, and the motion of the one behind is sought.
    """

    def paint(numbered: tuple[int, Moment]) -> tuple[Moment, Image | None]:
        number, moment = numbered
        again = moment.frame.repeats and number > 0
        return moment, None if again else painter.paint(moment)

    numbered = enumerate(moments(frames, painter.effort))
    if painter.at_once:
        painted = at_once(paint, numbered, painter.at_once)
    else:
        painted = (paint(one) for one in numbered)
    image: Image | None = None
    with closing(painted):
        for moment, found in painted:
            if found is not None:
                image = painter.calm(moment, found)
            assert image is not None
            yield moment, image


class Alone:
    """Paint each frame by itself."""

    effort: Effort | None = None

    def __init__(self, at: AtTime, at_once: int) -> None:
        """Take what returns the stylizer of a moment."""
        self.at, self.at_once = at, at_once

    def paint(self, moment: Moment) -> Image:
        """Return the frame, painted."""
        stylizer: Stylizer = self.at(moment.frame.time)
        return stylizer(moment.frame.pixels)

    def calm(self, moment: Moment, painted: Image) -> Image:
        """Return what was painted."""
        return painted


@runtime_checkable
class Settling(Protocol):
    """Stylize frames of a film, settling over time what it finds in them."""

    def of_film(self, share: float) -> Any:
        """Return one for a film; `share` in [0, 1) is how slowly frames are followed."""
        ...

    def begin_shot(self) -> None:
        """Forget the frames before."""
        ...


class Followed:
    """Paint frames in one pass, and keep what was painted before where it is still to be seen."""

    effort: Effort | None = FAST

    def __init__(self, at: AtTime, temporal: float, at_once: int) -> None:
        """Take what returns the stylizer of a moment, and how calm it is to be, 0 to 1."""
        self.at, self.at_once, self.blend = at, at_once, Calm(temporal * MOST)

    def paint(self, moment: Moment) -> Image:
        """Return the frame, painted by itself."""
        stylizer = self.at(moment.frame.time)
        if moment.begins and isinstance(stylizer, Settling):
            stylizer.begin_shot()
        return stylizer(moment.frame.pixels)  # type: ignore[no-any-return]

    def calm(self, moment: Moment, painted: Image) -> Image:
        """Return what was painted, mixed with what was painted before."""
        if (
            _option(self.at(moment.frame.time), "strength", 1.0) == 0
        ):  # the content, and nothing of before
            self.blend.forget()
            return painted
        assert moment.seen is not None
        return self.blend(painted, moment.seen, moment.motion)


class Optimized:
    """Optimise frames, each begun from the result before it and held near what is still there.

    Ruder, Dosovitskiy and Brox, "Artistic style transfer for videos and spherical images" (IJCV
    2018, arXiv:1708.04538), 4.1 to 4.3: the start is the last result, moved along; the short-term
    loss holds on to it where it is visible, the long-term loss to older ones, each where no younger
    one is to be seen. Departure: the start of places that come into view is what `init` says.
    """

    effort: Effort | None = FINE
    at_once = 0

    def __init__(self, at: AtTime, temporal: float, frame_steps: int) -> None:
        """Take what returns the stylizer of a moment; `frame_steps` are those of later frames."""
        self.at, self.temporal, self.frame_steps = at, temporal, frame_steps
        self._painted: deque[Image] = deque(maxlen=max(LAGS))
        self._motions: deque[Motion] = deque(maxlen=max(LAGS))

    def paint(self, moment: Moment) -> Image:
        """Return the frame, optimised."""
        stylizer: OptimizeStylizer = self.at(moment.frame.time)
        if moment.motion is None:
            self._painted.clear()
            self._motions.clear()
            painted = stylizer(moment.frame.pixels)
        else:
            self._motions.append(moment.motion)
            painted = self._after(stylizer, moment.frame.pixels)
        self._painted.append(painted)
        return painted

    def calm(self, moment: Moment, painted: Image) -> Image:
        """Return what was painted, which follows the frames before already."""
        return painted

    def _after(self, stylizer: OptimizeStylizer, content: Image) -> Image:
        anchors = self._anchors()
        last, sure = anchors[0].pixels, anchors[0].counts[..., None]
        options = replace(stylizer.options, steps=self.frame_steps, coarsest=_ONE_SCALE)
        stylizer = replace(stylizer, options=options)
        start = np.clip(sure * last + (1 - sure) * stylizer.start(content), 0, 1)
        steps = deque(stylizer.iterate(content, start, anchors), maxlen=1)
        return steps[0].image() if steps else stylizer.fitted(content)

    def _anchors(self) -> list[Anchor]:
        """Return the results before, youngest first, moved to now; each counts where it must."""
        anchors: list[Anchor] = []
        taken: Any = 0.0
        for lag in LAGS:
            if lag > len(self._painted) or lag > len(self._motions):
                break
            flow, visible = chained(list(self._motions)[-lag:]).of_frame()
            moved = np.clip(warp(self._painted[-lag], flow), 0, 1)
            counts = np.clip(visible - taken, 0, 1, dtype=np.float32)
            anchors.append(Anchor(moved, counts, self.temporal * NEAR))
            taken = np.maximum(taken, visible)
        return anchors


def settled(stylizer: Any, options: TemporalOptions) -> Any:
    """Return the stylizer for a film, settling what it finds in frames if it should.

    Raises:
        OptionError: it should, and cannot.
    """
    if not options.settle:
        return stylizer
    if not isinstance(stylizer, Settling):
        raise OptionError("settle is for the real-time network, whose statistics it smooths")
    return stylizer.of_film(options.settle)


def painter_of(at: AtTime, stylizer: Any, options: TemporalOptions, at_once: int = 1) -> Painter:
    """Return what paints a film's frames by these options; `stylizer` is one of those of `at`.

    `at_once` is how many may call it at the same time. OpenCV's threads, which are the whole
    process's, become as many as the stylizer was given.
    """
    optimizes = hasattr(stylizer, "start")
    if not options.temporal and (optimizes or not options.settle):
        return Alone(at, 0 if optimizes else at_once)
    cv2, threads = load_cv2(), _option(stylizer, "threads", None)
    if threads is not None:
        cv2.setNumThreads(threads)
    if optimizes:  # it takes what to begin from, and what to stay near
        return Optimized(at, options.temporal, options.frame_steps)
    return Followed(at, options.temporal, 1 if options.settle else at_once)


def _option(stylizer: Any, name: str, default: Any) -> Any:
    """Return an option of a stylizer, which need not have any."""
    return getattr(getattr(stylizer, "options", None), name, default)
