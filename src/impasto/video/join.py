"""Join the segments of a film, and all that is copied from another, into one file."""

from __future__ import annotations

import heapq
import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from impasto.errors import VideoError
from impasto.images.files import reason
from impasto.video.codecs import choose
from impasto.video.copying import Copied
from impasto.video.encode import Encoding
from impasto.video.opening import as_urgent_as_before, load_av, opened, video_stream
from impasto.video.options import FilmOptions
from impasto.video.segments import Segments, restored

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.stream import VideoStream


def join(segments: Segments, encoding: Encoding, path: Path, copied: Copied | None) -> None:
    """Write segments and copied packets into a file beside them, then put that in place.

    Raises:
        VideoError: what is copied cannot be read any more.
        OSError, FFmpegError: the file cannot be written.
    """
    av = load_av()
    format_name, _ = choose(path, FilmOptions())
    part = segments.folder / f"film{path.suffix.lower()}"
    settings = {}
    if format_name in ("mp4", "mov"):
        # the index at the front, and a clock that can say when the first frame is shown
        clock = min(encoding.time_base.denominator, 1_000_000)
        settings = {"movflags": "+faststart", "movie_timescale": str(clock)}
    source: Any = nullcontext() if copied is None else opened(copied.source)
    with (
        source as container,
        _told_of(path),
        av.open(str(part), "w", format=format_name, options=settings) as out,
    ):
        stream = encoding.stream(out)
        packets: list[Iterator[Any]] = [_pictures(segments, encoding, stream)]
        if copied is not None:
            made = copied.open(container, out)
            _describe(stream, container)
            packets.append(copied.packets(container, made, exact=format_name in ("mp4", "mov")))
        with as_urgent_as_before():
            out.start_encoding()
        for _, packet in heapq.merge(*packets, key=lambda item: item[0]):
            out.mux(packet)
    with open(part, "rb") as file:
        os.fsync(file.fileno())
    os.replace(part, os.path.realpath(path))


@contextmanager
def _told_of(path: Path) -> Iterator[None]:
    """Say of what fails here that the film cannot be written, not that its source is bad."""
    try:
        yield
    except (OSError, load_av().FFmpegError) as error:
        raise VideoError(f"{path} cannot be written: {reason(error)}") from error


def _pictures(
    segments: Segments, encoding: Encoding, stream: VideoStream
) -> Iterator[tuple[Fraction, Packet[Any]]]:
    """Yield the packets of all segments, with decoding times that rise over all of them.

    A packet is decoded as early as its place among the sorted times asks for, less the most places
    that any packet is ahead of its time.
    """
    times = np.array(segments.times(), np.int64)
    ranks = np.empty(len(times), np.int64)
    ranks[np.argsort(times, kind="stable")] = np.arange(len(times))
    ahead = int((np.arange(len(times)) - ranks).max())
    times.sort()
    step = int(times[1] - times[0]) if len(times) > 1 else 1
    early = times[0] - step * np.arange(ahead, 0, -1)
    decoding = np.concatenate([early, times])
    for number, kept in enumerate(segments.packets()):
        dts = int(decoding[number])
        packet = restored(kept, dts)
        packet.time_base, packet.stream = encoding.time_base, stream
        yield dts * encoding.time_base, packet


def _describe(stream: VideoStream, container: Any) -> None:
    """Give the film's stream the language and the title that it had."""
    for name, value in video_stream(container).metadata.items():
        if name in ("language", "title", "creation_time", "timecode"):
            stream.metadata[name] = value
