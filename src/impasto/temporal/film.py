"""From frames to stylised frames that do not flicker."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from impasto.engine import ahead
from impasto.methods.contract import Image, Stylizer
from impasto.temporal.calm import MOST, Calm
from impasto.temporal.cuts import is_cut
from impasto.temporal.flow import Motion, Seen, find_motion, load_cv2, look
from impasto.temporal.options import TemporalOptions


@runtime_checkable
class SettlingStylizer(Protocol):
    """Stylize frames of a film, settling over time what it finds in them."""

    def of_film(self, share: float) -> SettlingStylizer:
        """Return one for a film; `share` in [0, 1) is how slowly frames are followed."""
        ...

    def begin_shot(self) -> None:
        """Forget the frames before."""
        ...

    def __call__(self, content: Image) -> Image:
        """Return the stylized content."""
        ...


@dataclass(frozen=True, eq=False)
class CalmFrame:
    """Hold a stylised frame (H, W, 3), and whether it begins a shot."""

    image: Image
    begins: bool


def calm_film(
    contents: Iterable[Image],
    stylizer: Stylizer,
    options: TemporalOptions | None = None,
    threads: int | None = None,
) -> Iterator[CalmFrame]:
    """Yield the stylised frames of a film, calm where its content is.

    `contents` are frames (H, W, 3) of one size, in order; they are stylised one by one, each at its
    own size or, where the stylizer changes that, at the one it gives. Flow is sought in a thread,
    a frame ahead. What is held is a frame or two, however long the film.

    Raises:
        MissingExtraError: OpenCV is not installed.
        ImageError: frames are not of one size.
    """
    options = options or TemporalOptions()
    if not options.temporal and not options.settle:
        for number, content in enumerate(contents):
            yield CalmFrame(stylizer(content), number == 0)
        return
    load_cv2()
    if options.settle and isinstance(stylizer, SettlingStylizer):
        stylizer = stylizer.of_film(options.settle)
    calm = Calm(MOST * options.temporal, threads)
    for content, seen, motion in ahead(_watched(contents)):
        if motion is None:
            calm.forget()
            if isinstance(stylizer, SettlingStylizer):
                stylizer.begin_shot()
        # calm keeps what it is given, and a stylizer may lend its memory and paint there again
        painted = np.array(stylizer(content), np.float32)
        yield CalmFrame(calm(painted, seen, motion), motion is None)


def _watched(contents: Iterable[Image]) -> Iterator[tuple[Image, Seen, Motion | None]]:
    """Yield frames with what is seen of them, and their motion; None where a shot begins."""
    before: Seen | None = None
    for content in contents:
        seen, motion = look(content), None
        if before is not None:
            motion = find_motion(before, seen)
            if is_cut(before, seen, motion):
                motion = None
        before = seen
        yield content, seen, motion
