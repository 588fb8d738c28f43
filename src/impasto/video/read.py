"""Read films: frame after frame, upright, in sRGB, with exact times."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from typing import IO, Any

from impasto.engine import ahead, usable_cores
from impasto.errors import OptionError, VideoError
from impasto.video.convert import Unpacker
from impasto.video.decode import Decoder
from impasto.video.frame import Frame
from impasto.video.info import end_of, origin_of
from impasto.video.opening import opened, video_stream
from impasto.video.timing import Shown, at_rate, between, with_durations

Seconds = float | Fraction
VideoSource = str | os.PathLike[str] | IO[bytes]


@dataclass(frozen=True)
class Part:
    """Say which frames are wanted; times in seconds, `size` of the longest side in pixels.

    `skip` is how many frames are left out at the beginning, as by a run that is gone on with: they
    are decoded, but not converted, and counted by `index`.
    """

    start: Fraction | None = None
    end: Fraction | None = None
    fps: Fraction | None = None
    size: int | None = None
    threads: int | None = None
    skip: int = 0

    def __post_init__(self) -> None:
        """Check what can be checked without a film."""
        for name, value in (("start", self.start), ("end", self.end)):
            if value is not None and value < 0:
                raise OptionError(f"{name} is {float(value):g} s: expected 0 or more")
        if self.start is not None and self.end is not None and self.end <= self.start:
            raise OptionError(
                f"end is {float(self.end):g} s and start {float(self.start):g} s: expected an end"
                " after the start"
            )
        if self.fps is not None and not 0 < self.fps <= 1000:
            raise OptionError(f"fps is {float(self.fps):g}: expected more than 0, at most 1000")
        if self.size is not None and self.size < 16:
            raise OptionError(f"size is {self.size}: expected at least 16")

    def timed(self, shown: Iterable[Shown]) -> Iterator[Shown]:
        """Yield what of a film is wanted, before it is converted."""
        part = between(shown, self.start, self.end)
        return at_rate(part, self.fps) if self.fps is not None else part


def iter_frames(
    source: VideoSource,
    *,
    start: Seconds | None = None,
    end: Seconds | None = None,
    fps: Seconds | None = None,
    size: int | None = None,
    threads: int | None = None,
    skip: int = 0,
) -> Iterator[Frame]:
    """Yield the frames of a film as they are shown: upright, with square pixels, in sRGB.

    While one is used, the next one is decoded and converted. Memory does not grow with the film.
    Colours of BT.601 and BT.709 keep their numbers; BT.2020, Display P3, PQ and HLG are brought to
    sRGB, HDR with a warning. Times count from the film's beginning, whatever `start` is.

    Args:
        source: A film's file; a folder of numbered pictures; "-" or a binary file for y4m.
        start: First moment in seconds.
        end: Moment to stop before, in seconds.
        fps: Frames a second: frames are repeated or left out. Of a folder: how many pictures are a
            second, 25 without.
        size: Longest side in pixels; the other becomes even.
        threads: CPU threads; without it, one for each core.
        skip: Frames to leave out at the beginning, which are counted all the same.

    Raises:
        VideoError: it cannot be read, has no video stream or no frames in that part.
        OptionError: a time, the rate or the size is none.
        MissingExtraError: PyAV is not installed.
    """
    part = Part(exact(start), exact(end), exact_rate(fps), size, threads, skip)
    return _ahead(_frames(source, part), name_of(source))


def exact(value: Seconds | None) -> Fraction | None:
    """Return a number of seconds as a fraction: 0.1 is a tenth."""
    if isinstance(value, float):
        return Fraction(value).limit_denominator(1_000_000)
    return None if value is None else Fraction(value)


def exact_rate(value: Seconds | None) -> Fraction | None:
    """Return a number of frames a second as a fraction.

    >>> exact_rate(29.97), exact_rate(12.5)
    (Fraction(30000, 1001), Fraction(25, 2))
    """
    plain = exact(value)
    for whole in (24, 30, 48, 60, 120):
        near = Fraction(whole * 1000, 1001)
        if plain is not None and plain != whole and abs(plain - near) < Fraction(6, 1000):
            return near
    return plain


def name_of(source: VideoSource) -> str:
    """Return what messages call a source."""
    if isinstance(source, str | os.PathLike):
        return "standard input" if source == "-" else os.fspath(source)
    return str(getattr(source, "name", "the stream"))


def _ahead(frames: Iterable[Frame], name: str) -> Iterator[Frame]:
    number = 0
    with closing(ahead(frames)) as coming:
        for number, frame in enumerate(coming, 1):  # noqa: B007
            yield frame
    if not number:
        raise VideoError(f"{name} has no frames there: choose another part, or another file")


def _frames(source: VideoSource, part: Part) -> Iterator[Frame]:
    if not isinstance(source, str | os.PathLike) or source == "-":
        from impasto.video.y4m import read_y4m

        file = sys.stdin.buffer if isinstance(source, str | os.PathLike) else source
        return read_y4m(file, part)
    if os.path.isdir(source):
        from impasto.video.folder import read_folder

        return read_folder(source, part)
    return _film_frames(source, part)


def _film_frames(source: str | os.PathLike[str], part: Part) -> Iterator[Frame]:
    with opened(source) as container:
        stream = video_stream(container)
        decoder = Decoder(container, stream, part.threads)
        origin = origin_of(container)
        tick = stream.time_base or Fraction(1, 90000)
        if part.start is not None and part.start > 0:
            # a second before, as files' lists of where to begin are of decoding times
            target = round((part.start + origin - 1) / tick)
            container.seek(max(target, stream.start_time or 0), stream=stream)
        rate = Fraction(stream.average_rate or stream.guessed_rate or 25)
        aspect = Fraction(stream.sample_aspect_ratio or 1) or Fraction(1)
        unpack = Unpacker(aspect, part.size, part.threads or usable_cores())
        watch = _Watch(name_of(source), decoder)
        pictures = watch.told(_stamped(decoder, origin))
        yield from converted(part.timed(with_durations(pictures, rate)), unpack, part.skip)
        declared = end_of(container, stream, origin)
        watch.tell_end(declared, part.end)


def _stamped(decoder: Decoder, origin: Fraction) -> Iterator[tuple[Any, Fraction | None, Any]]:
    for frame in decoder:
        tick = Fraction(frame.time_base or 0)
        time = None if frame.pts is None else frame.pts * tick - origin
        yield frame, time, frame.duration * tick


def converted(shown: Iterable[Shown], unpack: Any, skip: int) -> Iterator[Frame]:
    """Yield frames of pictures, each unpacked once, however often it is shown."""
    last, held = None, None
    for index, (picture, time, duration) in enumerate(islice(shown, skip, None), skip):
        if repeats := picture is last:
            assert held is not None
            pixels, alpha = held
        else:
            pixels, alpha = held = unpack(picture)
            last = picture
        yield Frame(pixels, time, duration, index, alpha, repeats)


@dataclass(eq=False)
class _Watch:
    """Tell of what is unusual in a film, once each."""

    name: str
    decoder: Decoder
    until: Fraction = Fraction(0)

    def told(self, pictures: Iterable[tuple[Any, Fraction | None, Any]]) -> Iterator[Any]:
        """Pass pictures on, and look at the first."""
        from impasto.video.tags import Tags

        for number, (frame, time, said) in enumerate(pictures):
            if not number:
                tags = Tags.of(frame)
                if tags.is_hdr:
                    _warn(f"{self.name} is HDR ({tags}): its colours are brought to sRGB")
                if frame.interlaced_frame:
                    _warn(
                        f"{self.name} is interlaced: combs stay at edges that move; deinterlace it"
                        " first, as with ffmpeg -vf bwdif"
                    )
            self.until = (time or self.until) + (said or 0)
            yield frame, time, said

    def tell_end(self, declared: Fraction, end: Fraction | None) -> None:
        """Say what was damaged or is missing at the end."""
        if self.decoder.damaged:
            _warn(f"{self.name} is damaged: {self.decoder.damaged} packets were left out")
        wanted = declared if end is None else min(end, declared)
        if self.until < wanted - Fraction(1, 2):
            _warn(
                f"{self.name} breaks off at {float(self.until):.1f} s of {float(declared):.1f} s:"
                " the rest is missing"
            )


def _warn(text: str) -> None:
    warnings.warn(text, UserWarning, stacklevel=2)
