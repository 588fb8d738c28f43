"""Write films, animations, folders of pictures and streams of raw frames."""

from __future__ import annotations

import os
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import IO, Any, Protocol

from impasto.errors import OptionError, VideoError
from impasto.video.codecs import ANIMATIONS, choose
from impasto.video.copying import Copied
from impasto.video.film import FilmWriter, Plan
from impasto.video.frame import Frame
from impasto.video.info import VideoInfo
from impasto.video.options import FilmOptions
from impasto.video.read import Seconds, exact, exact_rate

Target = str | os.PathLike[str] | IO[bytes]


class Sink(Protocol):
    """Take the frames of a film; `written` is how many of them are there already."""

    written: int

    def write(self, frame: Frame) -> None:
        """Take the next frame."""
        ...

    def close(self) -> Path | None:
        """Finish, and return what was written; None for a stream."""
        ...

    def abandon(self) -> bool:
        """Leave no half film; return whether something stays with which a run can go on."""
        ...


def write_frames(
    path: Target,
    frames: Iterable[Frame],
    *,
    like: VideoInfo | None = None,
    source: str | os.PathLike[str] | None = None,
    start: Seconds | None = None,
    end: Seconds | None = None,
    fps: Seconds | None = None,
    threads: int | None = None,
    **options: Any,
) -> Path | None:
    """Write frames as a film, an animation, a folder of pictures or a y4m stream; return its path.

    A film is whole or not there. It takes the frames' own times, and of `source` sound, subtitles,
    chapters, metadata and attachments, packet by packet as they are. Colours are written in the
    matrix and range of `like`. Nothing asks before a file is overwritten.

    Args:
        path: .mp4, .m4v, .mov, .mkv, .webm, .gif or .webp; a folder, or a pattern as
            "frames/%06d.jpg", for pictures; "-" or a binary file for y4m.
        frames: As of `iter_frames`, all of one size.
        like: What `probe` says of the film that the frames come from.
        source: The film that all but the pictures are copied from.
        start: Where in `source` the frames begin, in seconds: as for `iter_frames`.
        end: Where they end.
        fps: The rate that `iter_frames` was asked for.
        threads: CPU threads; without it, one for each core.
        options: Those of `FilmOptions`.

    Raises:
        VideoError: it cannot be written, or there are no frames.
        OptionError: an option is not as above.
        MissingExtraError: PyAV is not installed.
    """
    copied = None
    if source is not None:
        copied = Copied(source, exact(start) or Fraction(0), exact(end))
    plan = Plan(like, copied, exact_rate(fps), threads=threads)
    sink = open_sink(path, FilmOptions(**options), plan)
    try:
        for frame in frames:
            sink.write(frame)
        return sink.close()
    except BaseException:
        sink.abandon()
        raise


def open_sink(path: Target, options: FilmOptions, plan: Plan) -> Sink:
    """Return what takes the frames of a film.

    Raises:
        VideoError: nothing can be written there, or it is the film itself.
        OptionError: options that do not go together.
    """
    if not isinstance(path, str | os.PathLike) or path == "-":
        from impasto.video.y4m import Y4mWriter

        return Y4mWriter.open(path, options, plan)
    if is_folder(path):
        from impasto.video.folder import FolderWriter

        if (options.codec, options.video_depth) != ("auto", None):
            raise OptionError("a folder of pictures has no codec and no depth: leave them out")
        return _told_losses(FolderWriter.open(path, plan), path, plan)
    _check_target(Path(path), plan)
    if Path(path).suffix.lower() in ANIMATIONS:
        from impasto.video.animation import AnimationWriter

        return _told_losses(AnimationWriter.open(path, options, plan), path, plan)
    return FilmWriter.open(path, options, plan)


def _told_losses(sink: Sink, path: str | os.PathLike[str], plan: Plan) -> Sink:
    """Warn of what pictures do not hold."""
    if plan.copied is not None:
        plan.copied.tell_losses(None, Path(path).name)
    return sink


def is_folder(path: str | os.PathLike[str]) -> bool:
    """Return whether a path asks for pictures: a folder, a name without ending, or a pattern."""
    name = os.fspath(path)
    return os.path.isdir(name) or "%" in os.path.basename(name) or not Path(name).suffix


def _check_target(path: Path, plan: Plan) -> None:
    folder = path.resolve().parent
    if path.suffix.lower() not in ANIMATIONS:
        choose(path, FilmOptions())
    if not folder.is_dir():
        raise VideoError(f"{folder} is not a folder: make it first, or write elsewhere")
    if not os.access(folder, os.W_OK):
        raise VideoError(f"{folder} cannot be written to: choose another folder with -o")
    source = None if plan.copied is None else plan.copied.source
    if source is not None and path.exists() and os.path.samefile(path, source):
        raise VideoError(f"{path} is the film itself: choose another name with -o")
