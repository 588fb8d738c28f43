"""A film's frames, and how each follows the one before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass

from impasto.engine import ahead
from impasto.temporal.cuts import is_cut
from impasto.temporal.flow import Effort, Motion, Seen, find_motion, look
from impasto.temporal.memory import Recent
from impasto.video.frame import Frame


@dataclass(frozen=True, eq=False)
class Moment:
    """Hold a frame, and how it follows the one before.

    `seen` is what flow needs of it, None where nobody asks; `motion` leads to the frame before,
    None at the first frame and behind a cut. `then` is what was seen of a frame of the same shot
    from longer ago.
    """

    frame: Frame
    seen: Seen | None = None
    motion: Motion | None = None
    then: Seen | None = None

    @property
    def begins(self) -> bool:
        """Say whether a shot begins, or nobody knows."""
        return self.motion is None


class Following:
    """Say of one frame after another how it follows those before, however long ago they were.

    `effort` None seeks nothing.
    """

    def __init__(self, effort: Effort | None) -> None:
        self.effort = effort
        self._before: Seen | None = None
        self._earlier: Recent[Seen] = Recent()

    def __call__(self, frame: Frame) -> Moment:
        """Return the frame's moment; nothing is sought of one that repeats the frame before."""
        if self.effort is None or (frame.repeats and self._before is not None):
            return Moment(frame)
        seen, motion = look(frame.pixels, self.effort), None
        if self._before is not None:
            motion = find_motion(self._before, seen, self.effort)
            if is_cut(self._before, seen, motion):
                motion = None
                self._earlier.forget()
        then = next(iter(self._earlier), None)
        self._earlier.add(lambda: seen)
        self._before = seen
        return Moment(frame, seen, motion, then)


def moments(frames: Iterable[Frame], effort: Effort | None) -> Iterator[Moment]:
    """Yield frames' moments; the next one is sought while one is used."""
    with closing(ahead(map(Following(effort), frames))) as coming:
        yield from coming
