"""A film's frames, and how each follows the one before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass

from impasto.engine import ahead
from impasto.temporal.cuts import is_cut
from impasto.temporal.flow import Effort, Motion, Seen, find_motion, look
from impasto.video.frame import Frame


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


def moment_of(frame: Frame, before: Seen | None, effort: Effort | None) -> Moment:
    """Return a frame, and how it follows the one that `before` is of, however long ago it was."""
    if effort is None:
        return Moment(frame)
    seen = look(frame.pixels, effort)
    if before is None:
        return Moment(frame, seen)
    motion = find_motion(before, seen, effort)
    return Moment(frame, seen, None if is_cut(before, seen, motion) else motion)


def moments(frames: Iterable[Frame], effort: Effort | None) -> Iterator[Moment]:
    """Yield frames with what moved since the one before; the next is sought while one is used.

    `effort` None seeks nothing; nor is anything sought of frames that repeat the one before.
    """

    def sought() -> Iterator[Moment]:
        before: Seen | None = None
        for frame in frames:
            if frame.repeats and before is not None:
                yield Moment(frame)
                continue
            moment = moment_of(frame, before, effort)
            before = moment.seen
            yield moment

    with closing(ahead(sought())) as coming:
        yield from coming
