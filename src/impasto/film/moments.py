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
