"""A film and all that a run needs: frames in, painted one after another, a film out.

A frame's way: `iter_frames` -> its flow to the one before -> the stylizer, calmed -> the sink.
"""

from __future__ import annotations

import math
import os
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from impasto.errors import OptionError
from impasto.film.keyframes import Keyframes
from impasto.film.options import TemporalOptions
from impasto.film.signing import sign_film
from impasto.images import resize
from impasto.job import Setup
from impasto.methods.contract import Image
from impasto.methods.optimize.options import OptimizeOptions
from impasto.options import as_recipe
from impasto.provenance import ProvenanceOptions
from impasto.recipe import Ingredient
from impasto.video import Copied, FilmOptions, Frame, Plan, VideoInfo, iter_frames, open_sink, probe
from impasto.video.codecs import CONTAINERS
from impasto.video.folder import pictures_in
from impasto.video.read import Part as Reading
from impasto.video.read import VideoSource
from impasto.video.write import Target

if TYPE_CHECKING:
    from impasto.film.painters import Painter
    from impasto.job import AnyStylizer

# contents that are painted again before a run goes on, so that no step is seen: of what was kept
# of frames so far back a twentieth is left of colours, and nothing of strokes
_WARM_UP = 300
SEGMENT = Fraction(10)  # seconds of a film that a stopped run may lose
_WARM_UP_OPTIMIZED = 9  # as many results as one is held near, and one


@dataclass(frozen=True)
class Part:
    """Say which part of a film is wanted, in seconds, and at how many frames a second."""

    start: Fraction | None = None
    end: Fraction | None = None
    fps: Fraction | None = None

    def of(self, info: VideoInfo | None) -> int | None:
        """Return how many frames that is of a film, about; None where nobody knows."""
        if info is None:
            return None
        end = info.duration + info.start
        end = end if self.end is None else min(end, self.end)
        seconds = end - (self.start or 0)
        if self.fps is None and self.start is None and self.end is None:
            return info.frames
        return max(1, round(seconds * (self.fps or info.rate)))


@dataclass(frozen=True)
class Painted:
    """Tell of one frame that is painted: its number from 1, how many there are, the picture.

    `total` is about right, or None where nobody knows; `begun` is how many a run before has left;
    `seconds` have gone since this run began.
    """

    number: int
    total: int | None
    begun: int
    seconds: float
    image: Image

    @property
    def rate(self) -> float:
        """Return frames a second."""
        return (self.number - self.begun) / max(self.seconds, 1e-9)

    @property
    def left(self) -> float | None:
        """Return the seconds that are left, if it is known."""
        return None if self.total is None else max(self.total - self.number, 0) / self.rate


FilmProgress = Callable[[Painted], object]


def paint_frames(
    frames: Iterable[Frame],
    setup: Setup,
    keys: Keyframes | None = None,
    temporal: TemporalOptions | None = None,
    at_once: int = 1,
) -> Iterator[Frame]:
    """Yield the frames of a film, painted.

    `at_once` frames may be painted at the same time, if the setup's engines are made for that. A
    frame that repeats the one before is not painted again. Transparency stays.

    Raises:
        as the setup's stylizer.
        MissingExtraError: films are to be calm, and OpenCV is not installed.
    """
    from impasto.film.painters import painted_moments

    painter = _painter(setup, keys, temporal or TemporalOptions(), at_once)
    # at the size of the result, so that what moved is known there
    fitted = (replace(frame, pixels=setup.stylizer.fitted(frame.pixels)) for frame in frames)
    for moment, image in painted_moments(fitted, painter):
        frame = moment.frame
        alpha = frame.alpha
        if alpha is not None and alpha.shape != image.shape[:2]:
            alpha = resize(alpha, *image.shape[:2])
        yield replace(frame, pixels=image, alpha=alpha)


def _painter(
    setup: Setup, keys: Keyframes | None, temporal: TemporalOptions, at_once: int
) -> Painter:
    from impasto.film.painters import painter_of, settled

    stylizer = settled(setup.stylizer, temporal)

    def at(moment: Fraction) -> AnyStylizer:
        return stylizer if keys is None else stylizer.varied(*keys.at(moment))  # type: ignore[no-any-return]

    return painter_of(at, stylizer, temporal, at_once)


@dataclass(frozen=True, eq=False)
class Film:
    """A film, a setup, a target: `run` paints it all.

    `source` and `out` are as `iter_frames` and `write_frames` take them; `info` is None of what
    cannot be looked at before it is read. With `resume` a run goes on where one of the same film
    and the same options was stopped, at a whole segment, whose length is in seconds. `at_once` is
    as of `paint_frames`.
    """

    source: VideoSource
    out: Target
    setup: Setup
    part: Part = Part()
    size: int | None = None
    keys: Keyframes | None = None
    temporal: TemporalOptions = field(default_factory=TemporalOptions)
    written: FilmOptions = field(default_factory=FilmOptions)
    resume: bool = False
    segment: Fraction = SEGMENT
    at_once: int = 1
    provenance: ProvenanceOptions = field(default_factory=ProvenanceOptions)

    @property
    def can_go_on(self) -> bool:
        """Say whether a run that was stopped can be gone on with: see `resume`."""
        out = self.out
        if self.temporal.passes > 1 or not isinstance(out, str | os.PathLike):
            return False
        return Path(out).suffix.lower() in CONTAINERS

    def run(self, progress: FilmProgress | None = None) -> Path | None:
        """Paint the film and return its path; None for a stream.

        Raises:
            VideoError: it cannot be read or written.
            KeyboardInterrupt: somebody stopped it; no half film is left, but what was done is,
                for a run with `resume`.
            others as the stylizer.
        """
        if self.resume and self.temporal.passes > 1:
            raise OptionError("passes go over whole shots: such a run cannot be gone on with")
        info = self._probed()
        part, threads = self.part, self.setup.stylizer.options.threads
        if info is not None and info.is_variable and part.fps is None and _is_stream(self.out):
            part = replace(part, fps=info.rate)  # a y4m stream knows no other times
        # what is asked is checked before anything that a run before has left is touched
        Reading(part.start, part.end, part.fps, self.size, threads)
        sink = open_sink(self.out, self.written, self._plan(info))
        begun, started = sink.written, time.monotonic()
        first = max(begun - self._warm_up(info), 0)
        whole = self.part.of(info)
        try:
            frames = iter_frames(
                self.source,
                start=part.start,
                end=part.end,
                fps=part.fps,
                size=self.size,
                threads=threads,
                skip=first,
            )
            painted = paint_frames(frames, self.setup, self.keys, self.temporal, self.at_once)
            for number, frame in enumerate(painted, first + 1):
                if number <= begun:
                    continue
                sink.write(frame)
                if progress is not None:
                    seconds = time.monotonic() - started
                    progress(Painted(number, whole, begun, seconds, frame.pixels))
            path = sink.close()
        except BaseException:
            if sink.abandon():
                warnings.warn(
                    "what was painted is kept: the same command with --resume goes on",
                    UserWarning,
                    stacklevel=2,
                )
            raise
        sign_film(self, path)
        return path

    def _probed(self) -> VideoInfo | None:
        source = self.source
        if not isinstance(source, str | os.PathLike) or source == "-" or os.path.isdir(source):
            return None
        return probe(source)

    def _warm_up(self, info: VideoInfo | None) -> int:
        """Return how many frames are painted again where a run goes on."""
        if not self.temporal.temporal:
            return 0
        if isinstance(self.setup.stylizer.options, OptimizeOptions):
            return _WARM_UP_OPTIMIZED
        rate = info.rate if info is not None else Fraction(25)
        repeats = max(1, math.ceil((self.part.fps or rate) / rate))
        return _WARM_UP * repeats

    def _plan(self, info: VideoInfo | None) -> Plan:
        source, start = self.source, self.part.start or Fraction(0)
        files: list[Any] = []
        copied = None
        if isinstance(source, str | os.PathLike) and source != "-":
            if info is not None:
                copied = Copied(source, start, self.part.end)
            paths = pictures_in(source) if os.path.isdir(source) else [Path(source)]
            files = [(p.name, p.stat().st_size, p.stat().st_mtime_ns) for p in paths]
        elif self.resume:
            raise OptionError("a run from a pipe cannot be gone on with: leave out resume")
        job = self.setup.recipe(Ingredient("", ""), 0).as_dict() | {
            "temporal": as_recipe(self.temporal),
            "keys": None if self.keys is None else repr(self.keys.keys),
            "size": self.size,
            "part": repr(self.part),
            "files": files,
        }
        for own in (job["options"], job["made_with"]):
            own.pop("threads", None)  # which change no picture that anybody could tell
        return Plan(
            info,
            copied,
            self.part.fps,
            job=job,
            start=start,
            segment=self.segment,
            resume=self.resume,
            keep=True,
            threads=self.setup.stylizer.options.threads,
        )


def _is_stream(out: Target) -> bool:
    return not isinstance(out, str | os.PathLike) or out == "-"
