"""Paint a film's frames one after another, each by itself or with those before it in mind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Any, Protocol, runtime_checkable

from impasto.engine import at_once
from impasto.errors import OptionError
from impasto.film.moments import Moment, moments
from impasto.film.optimized import AtTime, Optimized
from impasto.film.options import TemporalOptions
from impasto.methods.contract import Image, Stylizer
from impasto.temporal.calm import MOST, Calm, Fresh
from impasto.temporal.flow import FAST, Effort
from impasto.temporal.memory import Recalled, recall
from impasto.temporal.opencv import load_cv2
from impasto.video.frame import Frame


class Painter(Protocol):
    """Paint one frame after another.

    `effort` says how motion is sought for it. `at_once` frames may be painted at the same time,
    each in a thread, for which Ctrl-C waits; with 1, one after another; with 0, in no thread.
    """

    effort: Effort | None
    at_once: int

    def paint(self, moment: Moment) -> Any:
        """Return the frame (H, W, 3), painted, or what `calm` takes for that."""
        ...

    def calm(self, moment: Moment, painted: Any) -> Image:
        """Return what was painted, as it follows the frames before; called in the same order."""
        ...


def painted_moments(frames: Iterable[Frame], painter: Painter) -> Iterator[tuple[Moment, Image]]:
    """Yield frames' moments and what is painted of them.

    A frame that repeats the one before is not painted again. While one frame is calmed and used,
    the next ones are painted, if the painter may, and the motion of the one behind is sought.
    """

    def paint(numbered: tuple[int, Moment]) -> tuple[Moment, Any]:
        number, moment = numbered
        again = moment.frame.repeats and number > 0
        return moment, None if again else painter.paint(moment)

    if isinstance(painter, Optimized) and painter.passes > 1:
        yield from painter.shots(moments(frames, painter.effort))
        return
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

    def paint(self, moment: Moment) -> tuple[Fresh, Recalled | None]:
        """Return the frame, painted by itself, and what comes back in it."""
        stylizer = self.at(moment.frame.time)
        if moment.begins and isinstance(stylizer, Settling):
            stylizer.begin_shot()
        recalled = None
        if moment.motion is not None and moment.seen is not None and moment.then is not None:
            recalled = recall(moment.then, moment.seen, moment.motion)
        return Fresh.of(stylizer(moment.frame.pixels), moment.motion), recalled

    def calm(self, moment: Moment, painted: tuple[Fresh, Recalled | None]) -> Image:
        """Return what was painted, mixed with what was painted before."""
        fresh, recalled = painted
        if (
            _option(self.at(moment.frame.time), "strength", 1.0) == 0
        ):  # the content, and nothing of before
            self.blend.forget()
            return fresh.image
        assert moment.seen is not None
        return self.blend(fresh, moment.seen, moment.motion, recalled)


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
        return Optimized(at, options.temporal, options.frame_steps, options.passes)
    return Followed(at, options.temporal, 1 if options.settle else at_once)


def _option(stylizer: Any, name: str, default: Any) -> Any:
    """Return an option of a stylizer, which need not have any."""
    return getattr(getattr(stylizer, "options", None), name, default)
