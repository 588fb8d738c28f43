"""Paint what a camera shows, as it shows it: always the newest frame, older ones left out."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from threading import Condition, Event, Thread
from typing import Any, Generic, TypeVar

from impasto.film.moments import Following
from impasto.film.options import TemporalOptions
from impasto.film.painters import painter_of, settled
from impasto.methods.contract import Image
from impasto.temporal.opencv import load_cv2
from impasto.video.cameras import live_frames
from impasto.video.frame import Frame

Item = TypeVar("Item")


class Newest(Generic[Item]):
    """Hand the newest of what a thread makes to another; what nobody took in time is lost."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._item: tuple[int, Item] | None = None
        self._ended = False
        self._error: BaseException | None = None

    def put(self, item: Item) -> None:
        """Take the place of what is there."""
        with self._changed:
            self._item = (0 if self._item is None else self._item[0] + 1, item)
            self._changed.notify_all()

    def end(self, error: BaseException | None = None) -> None:
        """Say that nothing more will come, and why."""
        with self._changed:
            self._ended, self._error = True, error
            self._changed.notify_all()

    def __iter__(self) -> Iterator[Item]:
        """Yield the newest, each once, until the end; several may do so.

        Raises:
            as what ended it.
        """
        last = -1
        while (found := self._next(last)) is not None:
            last, item = found
            yield item

    def _next(self, last: int) -> tuple[int, Item] | None:
        """Wait for one that is newer than `last`; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or self._is_newer(last))
            if self._is_newer(last):
                return self._item
            if self._error is not None:
                raise self._error
            return None

    def _is_newer(self, last: int) -> bool:
        return self._item is not None and self._item[0] > last


@dataclass(frozen=True, eq=False)
class Live:
    """Hold a painted frame, and how many seconds after its content came it was there."""

    image: Image
    latency: float


def paint_live(
    source: str,
    stylizer: Any,
    options: TemporalOptions | None = None,
    size: int | None = None,
    stopped: Event | None = None,
) -> Generator[Live, None, None]:
    """Yield what a camera shows, painted; frames that come while one is painted are left out.

    `source` and `size` are as of `live_frames`; `stopped` ends it when set.

    Raises:
        VideoError: the camera cannot be opened, or breaks off.
        MissingExtraError: PyAV or OpenCV is not installed.
    """
    options, stopped = options or TemporalOptions(), stopped or Event()
    newest: Newest[tuple[Frame, float]] = Newest()
    thread = Thread(target=_read, args=(live_frames(source, size, stopped), newest), daemon=True)
    ready = settled(stylizer, options)
    painter = painter_of(lambda moment: ready, ready, options)
    thread.start()
    try:
        following = Following(painter.effort)
        for frame, came in newest:
            moment = following(frame)
            image = painter.calm(moment, painter.paint(moment))
            yield Live(image, time.monotonic() - came)
    finally:
        stopped.set()
        thread.join()


def _read(
    frames: Generator[tuple[Frame, float], None, None], newest: Newest[tuple[Frame, float]]
) -> None:
    error: BaseException | None = None
    try:
        with closing(frames):
            for item in frames:
                newest.put(item)
    except BaseException as raised:
        error = raised
    newest.end(error)


def as_jpegs(
    frames: Generator[Live, None, None], shown: Newest[bytes], quality: int = 85
) -> Generator[Live, None, None]:
    """Pass painted frames on, and show each as a JPEG."""
    cv2 = load_cv2()
    try:
        for live in frames:
            levels = cv2.convertScaleAbs(live.image[..., ::-1], alpha=255)
            done, packed = cv2.imencode(".jpg", levels, [cv2.IMWRITE_JPEG_QUALITY, quality])
            if done:
                shown.put(packed.tobytes())
            yield live
    finally:
        frames.close()
        shown.end()
