"""Open films with PyAV, and say in our words what it says in its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from impasto.errors import MissingExtraError, VideoError
from impasto.images.files import reason

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.stream import Stream
    from av.video.stream import VideoStream

_NO_FILMS = ("tty", "image2")  # demuxers that take texts and single pictures for films
# a playlist must not lead to other machines
_OPTIONS = {"protocol_whitelist": "file"}


def load_av() -> ModuleType:
    """Import PyAV.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import av
    except ModuleNotFoundError as error:
        raise MissingExtraError("Video", "video") from error
    return av


@contextmanager
def as_urgent_as_before() -> Iterator[None]:
    """Put back how urgent the process's threads are.

    SVT-AV1 has its own threads and its caller's go before all others of the machine, where it may
    (as root): threads that share a core with such a one never run.
    """
    if not hasattr(os, "sched_getscheduler"):
        yield
        return
    before = dict(_urgencies())
    ours = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        yield
    finally:
        for thread, urgency in _urgencies():
            wanted = before.get(thread, ours)
            if urgency[0] != wanted[0]:
                with suppress(ProcessLookupError):
                    os.sched_setscheduler(thread, *wanted)


def _urgencies() -> Iterator[tuple[int, tuple[int, os.sched_param]]]:
    """Yield the process's threads, and how each is scheduled."""
    for thread in map(int, os.listdir("/proc/self/task")):
        with suppress(ProcessLookupError):  # it has ended
            yield thread, (os.sched_getscheduler(thread), os.sched_getparam(thread))


@contextmanager
def opened(source: str | os.PathLike[str]) -> Iterator[InputContainer]:
    """Open a film; errors of PyAV while it is open become ours.

    Raises:
        VideoError: there is no such file, it may not be read, or it is no film.
        MissingExtraError: PyAV is not installed.
    """
    av, shown = load_av(), os.fspath(source)
    _check_file(Path(source))
    try:
        # a whole path, as "12:30.mp4" would be taken for a protocol
        with av.open(
            os.path.abspath(shown), options=_OPTIONS, metadata_errors="replace"
        ) as container:
            if container.format.name in _NO_FILMS:
                raise VideoError(f"{shown} is not a film: expected one such as .mp4, .mkv or .webm")
            yield container
    except (av.error.InvalidDataError, av.error.EOFError):
        raise VideoError(
            f"{shown} is not a film that can be read, or its index is missing, as when a copy or a"
            " recording was cut off: copy it again"
        ) from None
    except (OSError, av.FFmpegError) as error:
        raise VideoError(f"{shown} cannot be read: {reason(error)}") from error


def video_stream(container: InputContainer) -> VideoStream:
    """Return the stream that is the film, not the picture on its cover.

    Raises:
        VideoError: there is none, or none that can be decoded.
    """
    found = [s for s in container.streams.video if not is_cover(s)]
    if not found:
        others = ", ".join(sorted({s.type for s in container.streams})) or "nothing"
        raise VideoError(f"{container.name} has no video stream, only {others}: name another file")
    stream = next((s for s in found if s.disposition & s.disposition.default), found[0])
    if stream.codec_context is None:
        raise VideoError(f"{container.name}: no decoder for its video: convert it to H.264 first")
    if container.format.name == "webp_pipe":
        raise VideoError(
            f"{container.name} is WebP, which is written and not read: take .mp4, .gif"
        )
    if not stream.codec_context.width or not stream.codec_context.height:
        raise VideoError(
            f"{container.name}: its video has no size, so it is damaged: copy it again"
        )
    return stream


def is_cover(stream: Stream) -> bool:
    """Return whether a stream is the picture on a film's or a song's cover."""
    return bool(stream.disposition & stream.disposition.attached_pic)


def _check_file(path: Path) -> None:
    if not path.exists():
        raise VideoError(f"{path} does not exist: check the path")
    if path.is_dir():
        raise VideoError(f"{path} is a folder; expected a film: name a file in it")
    if not os.access(path, os.R_OK):
        raise VideoError(f"{path} may not be read: change its permissions")
    if path.is_file() and path.stat().st_size == 0:
        raise VideoError(f"{path} has zero bytes; expected a film: copy or download it again")
