"""Cameras, streams of other machines, and files played as fast as they are shown."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Generator, Iterator
from fractions import Fraction
from threading import Event

from impasto.engine import usable_cores
from impasto.errors import VideoError
from impasto.images.files import reason
from impasto.video.convert import Unpacker
from impasto.video.decode import Decoder
from impasto.video.frame import Frame
from impasto.video.opening import load_av, video_stream
from impasto.video.read import iter_frames

_PATIENCE = 10.0  # seconds to wait for a stream


def live_frames(
    source: str, size: int | None = None, stopped: Event | None = None
) -> Generator[tuple[Frame, float], None, None]:
    """Yield frames as they come, and when each came, by `time.monotonic`.

    Args:
        source: A camera's number, as "0"; an address, as rtsp://...; or a film's file, which is
            played in real time: frames come when they would be shown.
        size: Longest side in pixels.
        stopped: Ends it when set.

    Raises:
        VideoError: it cannot be opened, or breaks off.
        MissingExtraError: PyAV is not installed.
    """
    stopped = stopped or Event()
    if "://" in source or source.isdecimal():
        yield from _opened(source, size, stopped)
        return
    begun = time.monotonic()
    for frame in iter_frames(source, size=size):
        due = begun + float(frame.time)
        if stopped.wait(max(due - time.monotonic(), 0)):
            return
        yield frame, due


def _opened(source: str, size: int | None, stopped: Event) -> Iterator[tuple[Frame, float]]:
    av = load_av()
    name, kind = _device(source)
    try:
        with av.open(name, format=kind, timeout=_PATIENCE) as container:
            stream = video_stream(container)
            unpack = Unpacker(Fraction(stream.sample_aspect_ratio or 1), size, usable_cores())
            begun = time.monotonic()
            # one thread: with more, frames are handed out only when some later ones have come
            for index, picture in enumerate(Decoder(container, stream, threads=1)):
                if stopped.is_set():
                    return
                came = time.monotonic()
                pixels, alpha = unpack(picture)
                at = Fraction(came - begun).limit_denominator(1_000_000)
                yield Frame(pixels, at, Fraction(0), index, alpha), came
    except (OSError, av.FFmpegError) as error:
        hint = "" if "://" in source else ": is a camera there, and may it be used?"
        raise VideoError(f"{source} cannot be opened: {reason(error)}{hint}") from error


def _device(source: str) -> tuple[str, str | None]:
    """Return what FFmpeg calls a camera, and by which of its inputs it is read."""
    if "://" in source:
        return source, None
    systems: dict[str, Callable[[str], tuple[str, str]]] = {
        "linux": lambda number: (f"/dev/video{number}", "v4l2"),
        "darwin": lambda number: (number, "avfoundation"),
    }
    if sys.platform not in systems:
        raise VideoError(
            f"cameras by number are known on Linux and macOS, not on {os.name}: give an address"
        )
    return systems[sys.platform](source)
