"""Write animated pictures: GIF and WebP."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from impasto.errors import OptionError, VideoError
from impasto.images.files import reason
from impasto.video.codecs import ANIMATIONS
from impasto.video.convert import Packer
from impasto.video.film import Plan
from impasto.video.frame import Frame
from impasto.video.opening import load_av
from impasto.video.options import FilmOptions
from impasto.video.tags import LIMITED, Tags

# a hundredth of a second for GIF, of which players take two at least
_UNITS = {"gif": Fraction(1, 100), "webp": Fraction(1, 1000)}
_LEAST = {"gif": 2, "webp": 10}


@dataclass(eq=False)
class AnimationWriter:
    """Write frames as an animation that goes round for ever; `close` puts it in place."""

    path: Path
    kind: str
    quality: int
    begin: Fraction
    part: Path
    written: int = 0
    _out: Any = None
    _stream: Any = None
    _pack: Any = None
    _last: int | None = None

    @classmethod
    def open(
        cls, path: str | os.PathLike[str], options: FilmOptions, plan: Plan
    ) -> AnimationWriter:
        """Check that it can be written.

        Raises:
            OptionError: a codec or a depth is asked for, or to go on.
        """
        path = Path(path)
        kind = ANIMATIONS[path.suffix.lower()]
        if options.codec != "auto" or options.video_depth == 10:
            raise OptionError(f"{path.suffix} has no choice of codec or depth: leave it out")
        if kind == "gif" and options.video_quality != FilmOptions().video_quality:
            raise OptionError(".gif has no quality: leave it out, or use .webp or .mp4")
        if plan.resume:
            raise OptionError(f"a run into {path.suffix} cannot be gone on with: use .mp4 or .webm")
        load_av()
        part = Path(os.path.realpath(path)).with_name(f".impasto-{secrets.token_hex(6)}.part")
        return cls(path, kind, options.video_quality, plan.begin, part)

    def write(self, frame: Frame) -> None:
        """Add a frame; one that would be shown for no time in its units is left out.

        Raises:
            VideoError: it cannot be written.
        """
        av = load_av()
        try:
            if self._out is None:
                self._begin(frame)
            unit = _UNITS[self.kind]
            pts = round((frame.time - self.begin) / unit)
            if self._last is not None and pts - self._last < _LEAST[self.kind]:
                return
            self._last = pts
            for packed in self._pack(frame):
                packed.pts, packed.time_base = pts, unit
                packed.duration = max(1, round(frame.duration / unit))
                self._out.mux(self._stream.encode(packed))
            self.written += 1
        except (OSError, av.FFmpegError, ValueError) as error:
            raise VideoError(f"{self.path} cannot be written: {reason(error)}") from error

    def close(self) -> Path:
        """Finish the file and put it in place.

        Raises:
            VideoError: there were no frames, or it cannot be written.
        """
        if self._out is None:
            raise VideoError(f"{self.path}: there were no frames to write")
        av = load_av()
        try:
            self._out.mux(self._stream.encode(None))
            self._out.close()
            with open(self.part, "rb") as file:
                os.fsync(file.fileno())
            os.replace(self.part, os.path.realpath(self.path))
        except (OSError, av.FFmpegError) as error:
            raise VideoError(f"{self.path} cannot be written: {reason(error)}") from error
        return self.path

    def abandon(self) -> bool:
        """Leave nothing."""
        try:
            if self._out is not None:
                self._out.close()
        except Exception:  # what was not finished need not be sound
            pass
        self.part.unlink(missing_ok=True)
        return False

    def _begin(self, frame: Frame) -> None:
        av = load_av()
        height, width = frame.pixels.shape[:2]
        clear = frame.alpha is not None
        settings = {"loop": "0"}
        self._out = av.open(str(self.part), "w", format=self.kind, options=settings)
        if self.kind == "gif":
            name, self._pack = "pal8", _Palettes(width, height, clear)
            stream = self._out.add_stream("gif", rate=25)
        else:
            name = "yuva420p" if clear else "yuv420p"
            packer = Packer(width, height, name, Tags(6, LIMITED, 1, 13))
            self._pack = lambda frame: [packer(frame.pixels, frame.alpha)]
            settings = {"quality": str(self.quality), "compression_level": "4"}
            stream = self._out.add_stream("libwebp_anim", rate=25, options=settings)
        stream.width, stream.height, stream.pix_fmt = width, height, name
        stream.time_base = stream.codec_context.time_base = _UNITS[self.kind]
        self._stream = stream


class _Palettes:
    """Give each frame a palette of its own and dither it, with FFmpeg's filters."""

    def __init__(self, width: int, height: int, clear: bool) -> None:
        av = load_av()
        self.name = "rgba" if clear else "rgb24"
        self.packer = Packer(width, height, self.name, Tags(1, 2, 1, 13))
        self.graph = graph = av.filter.Graph()
        self.source = graph.add_buffer(
            width=width, height=height, format=self.name, time_base=Fraction(1, 100)
        )
        split, make = graph.add("split"), graph.add("palettegen", "stats_mode=single")
        use, sink = graph.add("paletteuse", "new=1:dither=sierra2_4a"), graph.add("buffersink")
        self.source.link_to(split)
        split.link_to(use, 0, 0)
        split.link_to(make, 1, 0)
        make.link_to(use, 0, 1)
        use.link_to(sink)
        graph.configure()
        self.sink, self.number = sink, 0

    def __call__(self, frame: Frame) -> Iterator[Any]:
        packed = self.packer(frame.pixels, frame.alpha)
        packed.pts, packed.time_base = self.number, Fraction(1, 100)
        self.number += 1
        self.source.push(packed)
        yield self.sink.pull()
