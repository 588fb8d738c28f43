"""Optimise a film's frames, each with those around it in mind."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from impasto.film.moments import Moment
from impasto.methods.contract import Anchor, Image
from impasto.temporal.flow import FINE, Effort, Motion, Seen, chained, find_motion, warp

if TYPE_CHECKING:
    from impasto.methods.optimize.stylizer import OptimizeStylizer

AtTime = Callable[[Fraction], Any]  # a film's time in seconds -> the stylizer of that moment
LAGS = (1, 2, 4, 8)  # frames back to results that an optimised one stays near
NEAR = 60.0  # weight of staying near them
_ONE_SCALE = 1_000_000  # pixels of a side to begin with
_OF_NEIGHBOUR = 0.5  # share of the neighbour in a frame's start, in later passes


class Optimized:
    """Optimise frames, each begun from the result before it and held near what is still there.

    Ruder, Dosovitskiy and Brox, "Artistic style transfer for videos and spherical images" (IJCV
    2018, arXiv:1708.04538), 4.1 to 4.3: the start is the last result, moved along; the short-term
    loss holds on to it where it is visible, the long-term loss to older ones, each where no younger
    one is to be seen. With `passes`, 4.4: again and again over the shot, forth and back, each frame
    begun from its own result and its neighbour's. Departures: places that come into view begin as
    `init` says; in later passes the short-term loss alone holds, from the neighbour just painted.
    """

    effort: Effort | None = FINE
    at_once = 0

    def __init__(self, at: AtTime, temporal: float, frame_steps: int, passes: int = 1) -> None:
        """Take what returns the stylizer of a moment; `frame_steps` are those of later frames."""
        self.at, self.temporal, self.frame_steps = at, temporal, frame_steps
        self.passes = passes
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
            painted = self._after(stylizer, moment)
        self._painted.append(painted)
        return painted

    def calm(self, moment: Moment, painted: Image) -> Image:
        """Return what was painted, which follows the frames before already."""
        return painted

    def shots(self, moments: Iterable[Moment]) -> Iterator[tuple[Moment, Image]]:
        """Yield moments and what is painted of them in all passes, a whole shot at a time."""
        for shot in _shots(moments):
            new = [moment for moment in shot if moment.seen is not None]
            results = [self.paint(moment) for moment in new]
            for number in range(1, self.passes):
                self._again(new, results, backwards=number % 2 == 1)
            painted = iter(results)
            for moment in shot:
                if moment.seen is not None:
                    image = next(painted)
                yield moment, image

    def _again(self, shot: list[Moment], results: list[Image], *, backwards: bool) -> None:
        """Optimise all frames of a shot once more, each near its neighbour of this pass."""
        order = range(len(shot))[::-1] if backwards else range(len(shot))
        before: int | None = None
        for number in order:
            moment, own = shot[number], results[number]
            start, anchors = own, []
            if before is not None:
                motion = moment.motion
                if backwards:
                    motion = find_motion(_seen(shot[before]), _seen(moment), FINE)
                assert motion is not None
                flow, counts = motion.of_frame()
                moved = np.clip(warp(results[before], flow), 0, 1)
                share = _OF_NEIGHBOUR * counts[..., None]
                start = own + share * (moved - own)
                anchors = [Anchor(moved, counts, self.temporal * NEAR)]
            results[number] = self._near(self.at(moment.frame.time), moment, start, anchors)
            before = number

    def _after(self, stylizer: OptimizeStylizer, moment: Moment) -> Image:
        anchors = self._anchors()
        last, sure = anchors[0].pixels, anchors[0].counts[..., None]
        start = np.clip(sure * last + (1 - sure) * stylizer.start(moment.frame.pixels), 0, 1)
        return self._near(stylizer, moment, start, anchors)

    def _near(
        self, stylizer: OptimizeStylizer, moment: Moment, start: Image, anchors: list[Anchor]
    ) -> Image:
        """Return the frame, optimised for a few steps from a start."""
        content = moment.frame.pixels
        options = replace(stylizer.options, steps=self.frame_steps, coarsest=_ONE_SCALE)
        stylizer = replace(stylizer, options=options)
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


def _shots(moments: Iterable[Moment]) -> Iterator[list[Moment]]:
    """Yield the moments of a film, shot by shot."""
    shot: list[Moment] = []
    for moment in moments:
        if shot and moment.seen is not None and moment.begins:
            yield shot
            shot = []
        shot.append(moment)
    if shot:
        yield shot


def _seen(moment: Moment) -> Seen:
    assert moment.seen is not None
    return moment.seen
