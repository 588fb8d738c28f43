"""What a film is, told without decoding it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from impasto.images.orientation import is_sideways
from impasto.video.decode import Decoder
from impasto.video.opening import is_cover, opened, video_stream
from impasto.video.tags import Tags, orientation_of

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.stream import Stream
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

_SCANNED = 600  # packets whose times tell whether the rate is constant


@dataclass(frozen=True)
class StreamInfo:
    """Say what another stream is: `kind` is audio, subtitle, data, attachment or cover."""

    kind: str
    codec: str
    language: str | None
    title: str | None


@dataclass(frozen=True)
class VideoInfo:
    """Say what a film is, as it is shown: upright, with square pixels.

    Attributes:
        name: File name without its folder.
        container: Format of the file, such as "matroska,webm".
        codec: Such as "h264".
        pixel_format: FFmpeg's name of how pixels are stored, such as "yuv420p10le".
        width, height: Pixels as shown.
        stored: Width and height as stored.
        orientation: EXIF's number, 1 to 8, of how it is turned to be shown.
        pixel_aspect: Width of a stored pixel by its height.
        depth: Bits of a sample.
        has_alpha: Whether places are transparent.
        rate: Mean frames a second, exact.
        is_variable: Whether frames are shown for different times.
        frames: Their number; `is_counted` says whether the file tells it, or it is estimated.
        duration: Seconds from the first frame's beginning to the last one's end.
        start: When the first frame is shown; seconds since the film's beginning.
        origin: The file's own clock at the film's beginning, in seconds.
        time_base: The unit of its times, in seconds.
        tags: How its numbers are colours.
        is_interlaced: Whether a frame holds two moments, in every other row.
        others: Its other streams.
    """

    name: str
    container: str
    codec: str
    pixel_format: str
    width: int
    height: int
    stored: tuple[int, int]
    orientation: int
    pixel_aspect: Fraction
    depth: int
    has_alpha: bool
    rate: Fraction
    is_variable: bool
    frames: int
    is_counted: bool
    duration: Fraction
    start: Fraction
    origin: Fraction
    time_base: Fraction
    tags: Tags
    is_interlaced: bool
    others: tuple[StreamInfo, ...] = ()


def probe(source: str | os.PathLike[str]) -> VideoInfo:
    """Tell what a film is.

    Its first frame is decoded, as some of it is only said there, and the times of up to 600
    frames are compared.

    Raises:
        VideoError: it cannot be read, has no video stream or no frames.
        MissingExtraError: PyAV is not installed.
    """
    with opened(source) as container:
        is_variable = _varies(_times(container, video_stream(container)))
    with opened(source) as container:  # anew, as not every file can be gone back in
        stream = video_stream(container)
        first = next(iter(Decoder(container, stream)), None)
        return _described(container, stream, first, is_variable)


def origin_of(container: InputContainer) -> Fraction:
    """Return the file's own clock at the film's beginning, in seconds.

    Broadcast formats (MPEG-TS, -PS) run on a clock that begins anywhere: there the earliest
    stream begins the film. Elsewhere 0 does, and a stream that begins later begins later.
    """
    import av

    discontinuous: Any = av.format.Flags.ts_discont
    if not container.format.flags & discontinuous.value:
        return Fraction(0)
    starts = [
        s.start_time * s.time_base
        for s in container.streams
        if s.type in ("video", "audio") and s.start_time is not None and s.time_base
    ]
    return min(starts, default=Fraction(0))


def _described(
    container: InputContainer, stream: VideoStream, first: VideoFrame | None, is_variable: bool
) -> VideoInfo:
    context, tick = stream.codec_context, stream.time_base or Fraction(1, 90000)
    orientation = 1 if first is None else orientation_of(first)
    aspect = Fraction(stream.sample_aspect_ratio or 1) or Fraction(1)
    width, height = context.width, context.height
    shown = shown_size(width, height, aspect, orientation)
    kind = context.format if first is None else first.format
    origin = origin_of(container)
    rate = Fraction(stream.average_rate or stream.guessed_rate or 25)
    duration = _duration(container, stream)
    start = Fraction(0)
    if first is not None and first.pts is not None:
        start = first.pts * tick - origin
    return VideoInfo(
        name=Path(container.name).name,
        container=container.format.name,
        codec=context.codec.canonical_name,
        pixel_format=kind.name if kind else "unknown",
        width=shown[0],
        height=shown[1],
        stored=(width, height),
        orientation=orientation,
        pixel_aspect=aspect,
        depth=kind.components[0].bits if kind else 8,
        has_alpha=kind is not None and any(part.is_alpha for part in kind.components),
        rate=rate,
        is_variable=is_variable,
        frames=stream.frames or max(1, round(duration * rate)),
        is_counted=bool(stream.frames),
        duration=duration,
        start=start,
        origin=origin,
        time_base=tick,
        tags=Tags.of(first or context).guessed(width, height),
        is_interlaced=bool(first is not None and first.interlaced_frame),
        others=tuple(_other(s) for s in container.streams if s.index != stream.index),
    )


def shown_size(width: int, height: int, aspect: Fraction, orientation: int) -> tuple[int, int]:
    """Return width and height of stored pixels as they are shown: square and upright."""
    if aspect > 1:
        width = max(1, round(width * aspect))
    elif 0 < aspect < 1:  # rows are added, as none is to be lost
        height = max(1, round(height / aspect))
    return (height, width) if is_sideways(orientation) else (width, height)


def _duration(container: InputContainer, stream: VideoStream) -> Fraction:
    if stream.duration and stream.time_base:
        return Fraction(stream.duration * stream.time_base)
    return Fraction(container.duration or 0, 1_000_000)


def end_of(container: InputContainer, stream: VideoStream, origin: Fraction) -> Fraction:
    """Return when a film says that it ends, in seconds since its beginning; 0 if it does not."""
    if stream.duration and stream.time_base:
        return (stream.duration + (stream.start_time or 0)) * stream.time_base - origin
    return Fraction(container.duration or 0, 1_000_000)


def _times(container: InputContainer, stream: VideoStream) -> list[int]:
    """Return the times of frames: of all where the file has a list, else of the first few."""
    listed = [entry.timestamp for entry in islice(stream.index_entries, 1_000_000)]
    if stream.frames and len(listed) >= stream.frames:
        return sorted(listed)
    packets = islice((p.pts for p in container.demux(stream) if p.size), _SCANNED)
    times = list(packets)
    found = sorted(time for time in times if time is not None)
    if len(found) < len(times):  # not all say it: then they follow each other at the rate
        return []
    # where frames are reordered, some before the last ones may be missing
    return found[:-4] if len(found) == _SCANNED else found


def _varies(times: list[int]) -> bool:
    """Return whether steps differ by more than rounding to the unit of time explains."""
    steps = [after - before for before, after in pairwise(times)]
    return bool(steps) and max(steps) - min(steps) > 1


def _other(stream: Stream) -> StreamInfo:
    kind = "cover" if is_cover(stream) else stream.type
    context = stream.codec_context
    codec = context.codec.canonical_name if context else stream.name
    title = stream.metadata.get("title")
    return StreamInfo(kind or "unknown", codec or "unknown", stream.language, title)
