"""Raw frames in a stream, as programs hand them to each other: YUV4MPEG2."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from impasto.engine import usable_cores
from impasto.errors import OptionError, VideoError
from impasto.images.files import reason
from impasto.video.convert import Packer, Unpacker
from impasto.video.film import Plan
from impasto.video.frame import Frame
from impasto.video.opening import load_av
from impasto.video.options import FilmOptions
from impasto.video.read import Part, converted, name_of
from impasto.video.tags import FULL, LIMITED, UNSPECIFIED, Tags
from impasto.video.timing import Shown

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

_MAGIC = b"YUV4MPEG2"
_LONGEST = 1024  # bytes of a line of its header
# what programs write after C, and FFmpeg's name of it
_FORMATS = {
    "420": "yuv420p",
    "420jpeg": "yuv420p",
    "420mpeg2": "yuv420p",
    "420paldv": "yuv420p",
    "422": "yuv422p",
    "444": "yuv444p",
    "mono": "gray",
    "420p10": "yuv420p10le",
    "422p10": "yuv422p10le",
    "444p10": "yuv444p10le",
    "mono10": "gray10le",
}


@dataclass(frozen=True)
class Header:
    """Say what a stream's first line says."""

    width: int
    height: int
    rate: Fraction
    pixel_format: str
    aspect: Fraction
    range: int
    is_interlaced: bool

    @classmethod
    def parse(cls, line: bytes, name: str) -> Header:
        """Read a first line.

        Raises:
            VideoError: it is none, or of a kind that is not supported.
        """
        words = line.decode("ascii", "replace").split()
        if not words or words[0] != _MAGIC.decode():
            raise VideoError(f"{name} is not y4m: expected a stream that begins with YUV4MPEG2")
        found = {w[0]: w[1:] for w in words[1:] if w[0] != "X"}
        ranges = [w.removeprefix("XCOLORRANGE=") for w in words if w.startswith("XCOLORRANGE=")]
        kind = found.get("C", "420jpeg")
        if kind not in _FORMATS:
            raise VideoError(f"{name} has pixels C{kind}: expected one of {', '.join(_FORMATS)}")
        try:
            width, height = int(found["W"]), int(found["H"])
            rate, aspect = _ratio(found.get("F", "25:1")), _ratio(found.get("A", "1:1"))
        except (KeyError, ValueError):
            width = 0
        if not width or not 0 < width * height <= 2**28 or min(width, height) < 1:
            raise VideoError(f"{name} has a damaged first line: expected W, H and F with numbers")
        full = FULL if ranges[-1:] == ["FULL"] else LIMITED
        mixed = found.get("I", "p") not in ("p", "?")
        args = (_FORMATS[kind], aspect or Fraction(1), full, mixed)
        return cls(width, height, rate or Fraction(25), *args)

    def line(self) -> bytes:
        """Return the first line of a stream."""
        kind = {v: k for k, v in _FORMATS.items() if k != "420" and k != "420paldv"}
        named = {"yuv420p": "420mpeg2"} | {k: v for k, v in kind.items() if k != "yuv420p"}
        spread = "FULL" if self.range == FULL else "LIMITED"
        rate = f"{self.rate.numerator}:{self.rate.denominator}"
        return (
            f"YUV4MPEG2 W{self.width} H{self.height} F{rate} Ip A1:1"
            f" C{named[self.pixel_format]} XCOLORRANGE={spread}\n"
        ).encode()


def read_y4m(file: IO[bytes], part: Part) -> Iterator[Frame]:
    """Yield the frames of a stream.

    Raises:
        VideoError: it is no such stream, or breaks off within a frame.
        MissingExtraError: PyAV is not installed.
    """
    name = name_of("-") if file is getattr(sys.stdin, "buffer", None) else name_of(file)
    header = Header.parse(file.readline(_LONGEST), name)
    step = 1 / header.rate
    frames = _raw_frames(file, header, name)
    shown = (Shown(frame, number * step, step) for number, frame in enumerate(frames))
    unpack = Unpacker(header.aspect, part.size, part.threads or usable_cores())
    yield from converted(part.timed(shown), unpack, part.skip)


def _raw_frames(file: IO[bytes], header: Header, name: str) -> Iterator[VideoFrame]:
    av, number = load_av(), 0
    while line := file.readline(_LONGEST):
        if not line.startswith(b"FRAME"):
            raise VideoError(f"{name} is damaged after frame {number}: expected FRAME")
        frame = av.VideoFrame(header.width, header.height, header.pixel_format)
        frame.color_range = header.range
        for plane in frame.planes:
            row = _row_bytes(frame, plane)
            data = _exactly(file, row * plane.height)
            if data is None:
                raise VideoError(f"{name} breaks off in frame {number + 1}: make it again")
            plane.update(_padded(data, row, plane))
        number += 1
        yield frame


def _exactly(file: IO[bytes], size: int) -> bytes | None:
    """Read so many bytes, as pipes give fewer at once; None if the stream ends before."""
    parts, left = [], size
    while left and (data := file.read(left)):
        parts.append(data)
        left -= len(data)
    return None if left else b"".join(parts)


def _row_bytes(frame: VideoFrame, plane: Any) -> int:
    return int(plane.width) * (2 if frame.format.components[0].bits > 8 else 1)


def _padded(data: bytes, row: int, plane: Any) -> bytes:
    """Lay rows out as FFmpeg has them, which makes them longer."""
    if plane.line_size == row and len(data) == plane.buffer_size:
        return data
    out = np.zeros(plane.buffer_size, np.uint8)
    rows = out[: plane.height * plane.line_size].reshape(plane.height, plane.line_size)
    rows[:, :row] = np.frombuffer(data, np.uint8).reshape(plane.height, row)
    return out.tobytes()


def _ratio(text: str) -> Fraction:
    above, below = (int(part) for part in text.split(":"))
    return Fraction(above, below) if below else Fraction(0)


@dataclass(eq=False)
class Y4mWriter:
    """Write frames into a stream at a constant rate, without transparency."""

    file: IO[bytes]
    plan: Plan
    deep: bool
    written: int = 0
    _packer: Packer | None = None

    @classmethod
    def open(cls, target: Any, options: FilmOptions, plan: Plan) -> Y4mWriter:
        """Take standard output ("-") or a binary file.

        Raises:
            OptionError: a codec is asked for, or to go on.
        """
        load_av()
        if options.codec != "auto" or plan.resume:
            raise OptionError("a y4m stream has no codec, and a run into it cannot be gone on with")
        file = sys.stdout.buffer if isinstance(target, str | os.PathLike) else target
        depth = options.video_depth or (plan.like.depth if plan.like is not None else 8)
        return cls(file, plan, depth > 8)

    def write(self, frame: Frame) -> None:
        """Write a frame.

        Raises:
            VideoError: the reader has gone, or the disk is full.
        """
        try:
            if self._packer is None:
                self._packer = self._begin(frame)
            packed = self._packer(frame.on_white(), None)
            self.file.write(b"FRAME\n")
            for plane in packed.planes:
                row = _row_bytes(packed, plane)
                rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
                self.file.write(np.ascontiguousarray(rows[: plane.height, :row]).data)
        except BrokenPipeError:
            raise VideoError(
                "the program that reads the y4m stream has gone: see what it says"
            ) from None
        except OSError as error:
            raise VideoError(f"the y4m stream cannot be written: {reason(error)}") from error
        self.written += 1

    def close(self) -> Path | None:
        """Hand over what is left.

        Raises:
            VideoError: there were no frames, or the reader has gone.
        """
        if not self.written:
            raise VideoError("there were no frames for the y4m stream")
        try:
            self.file.flush()
        except OSError as error:
            raise VideoError(f"the y4m stream cannot be written: {reason(error)}") from error
        return None

    def abandon(self) -> bool:
        """Leave what was written: a reader sees whole frames."""
        return False

    def _begin(self, frame: Frame) -> Packer:
        like, (height, width) = self.plan.like, frame.pixels.shape[:2]
        tags = Tags() if like is None else like.tags.written
        # y4m does not say the matrix: readers guess it by the size, as `guessed` does
        tags = Tags(UNSPECIFIED, tags.range).guessed(width, height)
        rate = self.plan.fps or (like.rate if like is not None else 1 / frame.duration)
        kind = "yuv420p10le" if self.deep else "yuv420p"
        header = Header(width, height, rate, kind, Fraction(1), tags.range, False)
        self.file.write(header.line())
        return Packer(width, height, kind, tags, self.deep, self.plan.threads or usable_cores())
