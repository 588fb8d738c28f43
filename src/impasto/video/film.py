"""Write a film: pictures into segments on the disk, then everything into one file."""

from __future__ import annotations

import os
import warnings
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from impasto.engine import usable_cores
from impasto.errors import VideoError
from impasto.images.files import reason
from impasto.video.codecs import choose
from impasto.video.copying import Copied
from impasto.video.encode import Encoder, Encoding
from impasto.video.frame import Frame
from impasto.video.info import VideoInfo
from impasto.video.join import join
from impasto.video.opening import load_av
from impasto.video.options import FilmOptions
from impasto.video.segments import Segments
from impasto.video.tags import BT709, LIMITED, Tags

_WAITING = 2  # frames handed over and not yet packed
_FINE = 90_000  # a second has so many units where a film says no other


@dataclass(frozen=True)
class Plan:
    """Say what a film is made like and of.

    Attributes:
        like: The film whose colours, depth and unit of time are kept.
        copied: What of which film is copied.
        fps: The rate, where it is not `like`'s.
        start: When the part that is wanted begins, in seconds since the film's beginning.
        job: All else that decides the pictures, as JSON takes it: a run goes on only with its like.
        resume: Whether to go on where a run before was stopped.
        keep: Whether whole segments stay for another run when this one is stopped or fails.
        threads: CPU threads; None: one for each core.
        segment: Seconds of film that a run loses at most when it is stopped; each begins with a
            whole picture, so short ones make the file larger.
    """

    like: VideoInfo | None = None
    copied: Copied | None = None
    fps: Fraction | None = None
    job: Any = None
    start: Fraction = Fraction(0)
    resume: bool = False
    keep: bool = False
    threads: int | None = None
    segment: Fraction = Fraction(10)

    @property
    def begin(self) -> Fraction:
        """Return the moment of the film that is the result's beginning."""
        return self.start if self.copied is None else self.copied.start


@dataclass(eq=False)
class FilmWriter:
    """Write a film frame by frame; `close` makes the file, `abandon` leaves none.

    `written` is how many frames a run before has left, which are not to be written again.
    """

    path: Path
    options: FilmOptions
    plan: Plan
    segments: Segments
    written: int = 0
    _encoding: Encoding | None = None
    _encoder: Encoder | None = None
    _packer: Any = None
    _worker: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))
    _waiting: deque[Future[None]] = field(default_factory=deque)
    _durations: dict[int, int] = field(default_factory=dict)  # of frames, by time
    _begun: Fraction = Fraction(0)  # time of the segment's first frame
    _count: int = 0  # frames of the segment
    _last: int | None = None

    @classmethod
    def open(cls, path: str | os.PathLike[str], options: FilmOptions, plan: Plan) -> FilmWriter:
        """Check that it can be written, and make the folder of its segments.

        Raises:
            VideoError: it cannot, or what is copied cannot be read.
            OptionError: the file's format does not hold the codec.
        """
        path = Path(path)
        format_name, codec = choose(path, options)
        load_av()
        if plan.copied is not None:
            plan.copied.tell_losses(format_name, path.name)
        job = [codec.encoder, repr(options), plan.job, _told(plan)]
        segments = Segments.open(path, job, plan.resume)
        if segments.cleared:
            text = f"{segments.cleared} frames that a run before had left there are dropped"
            warnings.warn(text, UserWarning, stacklevel=3)
        return cls(path, options, plan, segments, segments.written)

    def write(self, frame: Frame) -> None:
        """Take a frame; errors may be those of frames before.

        Raises:
            VideoError: it is of another size than those before, or cannot be packed or kept.
        """
        if self._encoding is None:
            self._encoding = self.segments.agreed(self._encoding_for(frame))
            self._packer = self._encoding.packer()
        while len(self._waiting) >= _WAITING:
            self._settle()
        self._waiting.append(self._worker.submit(self._put, frame))

    def close(self) -> Path:
        """Join the segments and all that is copied into the file.

        Raises:
            VideoError: there were no frames, or it cannot be written.
        """
        try:
            while self._waiting:
                self._settle()
            self._worker.submit(self._finish).result()
            if not self.segments.written:
                raise VideoError(f"{self.path}: there were no frames to write")
            encoding = self._encoding or self.segments.encoding
            assert encoding is not None
            join(self.segments, encoding, self.path, self.plan.copied)
        except _av_errors() as error:
            raise VideoError(f"{self.path} cannot be written: {reason(error)}") from error
        self._leave(keep=False)
        return self.path

    def abandon(self) -> bool:
        """Write no file; return whether segments stay for another run."""
        return self._leave(self.plan.keep)

    def _leave(self, keep: bool) -> bool:
        self._worker.shutdown(cancel_futures=True)
        self._encoder = None
        return self.segments.leave(keep)

    def _settle(self) -> None:
        try:
            self._waiting.popleft().result()
        except _av_errors() as error:
            raise VideoError(f"{self.path} cannot be written: {reason(error)}") from error

    def _put(self, frame: Frame) -> None:
        encoding = self._encoding
        assert encoding is not None
        self._check(frame, encoding)
        if self._encoder is not None and frame.time - self._begun >= self.plan.segment:
            self._finish()
        if self._encoder is None:
            self._encoder = Encoder.open(encoding, self._packer)
            self._begun = frame.time
        pts = round((frame.time - self.plan.begin) / encoding.time_base)
        if self._last is not None and pts <= self._last:
            pts = self._last + 1
        self._last = pts
        self._durations[pts] = max(1, round(frame.duration / encoding.time_base))
        for packet in self._encoder.encode(frame, pts):
            self.segments.put(packet, self._durations.pop(packet.pts or 0, 0))
        self._count += 1

    def _finish(self) -> None:
        if self._encoder is None:
            return
        for packet in self._encoder.finish():
            self.segments.put(packet, self._durations.pop(packet.pts or 0, 0))
        self.segments.finish(self._count)
        self._encoder, self._count = None, 0

    def _check(self, frame: Frame, encoding: Encoding) -> None:
        height, width = frame.pixels.shape[:2]
        if not (0 <= encoding.height - height <= 1 and 0 <= encoding.width - width <= 1):
            raise VideoError(
                f"frame {frame.index} is {width}x{height} px, and the film"
                f" {encoding.width}x{encoding.height}: frames of a film have one size"
            )

    def _encoding_for(self, frame: Frame) -> Encoding:
        plan, options = self.plan, self.options
        _, codec = choose(self.path, options)
        like = plan.like
        tags = Tags(BT709, LIMITED, BT709, BT709) if like is None else like.tags.written
        depth = options.video_depth
        if depth is None:
            depth = like.depth if like is not None and codec.plays_deep else 8
        rate = plan.fps or (like.rate if like is not None else 1 / frame.duration)
        if plan.fps is None and like is not None:
            tick = like.time_base
        else:
            tick = _unit(Fraction(1 / plan.fps) if plan.fps else frame.duration)
        return Encoding.of(
            codec,
            frame,
            tags,
            depth > 8,
            time_base=tick,
            rate=Fraction(rate).limit_denominator(100_000),
            quality=options.video_quality,
            threads=plan.threads or usable_cores(),
        )


def _av_errors() -> tuple[type[BaseException], ...]:
    return OSError, load_av().FFmpegError


def _told(plan: Plan) -> list[Any]:
    """Return what of a plan decides the film, as JSON takes it."""
    copied = plan.copied
    told: list[Any] = [repr(plan.like), str(plan.fps), str(plan.segment)]
    if copied is not None:
        about = os.stat(copied.source)
        told += [str(copied.start), str(copied.end), about.st_size, about.st_mtime_ns]
    return told


def _unit(duration: Fraction) -> Fraction:
    """Return a unit of time in which a duration is a whole number, and most others nearly."""
    unit = Fraction(1, int(np.lcm(duration.denominator, _FINE)))
    return unit if unit.denominator < 2**31 else duration
