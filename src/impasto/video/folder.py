"""Films as folders of numbered pictures."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from impasto.errors import ImageError, OptionError, VideoError
from impasto.images import Picture, load_picture, resize, save_picture
from impasto.images.save import DEEP, check_target, format_of
from impasto.video.convert import fitted
from impasto.video.film import Plan
from impasto.video.frame import Frame
from impasto.video.read import Part, converted
from impasto.video.timing import Shown, between

_ENDINGS = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".avif", ".bmp", ".heic")
_RATE = 25
_PATTERN = "frame-%06d.png"


def pictures_in(folder: str | os.PathLike[str]) -> list[Path]:
    """Return the pictures of a folder in the order of their numbers: 2 before 10.

    Raises:
        VideoError: there are none.
    """
    found = [p for p in Path(folder).iterdir() if p.suffix.lower() in _ENDINGS and _is_shown(p)]
    if not found:
        raise VideoError(
            f"{os.fspath(folder)} has no pictures: expected numbered ones such as frame-0001.png"
        )
    return sorted(found, key=natural)


def natural(path: Path) -> tuple[list[int | str], str]:
    """Return what to sort names by so that numbers in them count as numbers.

    >>> sorted([Path("f10.png"), Path("f9.png")], key=natural)[0].name
    'f9.png'
    """
    parts = re.split(r"(\d+)", path.name.casefold())
    return [int(part) if part.isdigit() else part for part in parts], path.name


def read_folder(folder: str | os.PathLike[str], part: Part) -> Iterator[Frame]:
    """Yield the pictures of a folder as frames; `fps` of them make a second, 25 without.

    Raises:
        VideoError: there are no pictures, or their sizes differ.
        ImageError: one cannot be read.
    """
    paths = pictures_in(folder)
    step = 1 / (part.fps or Fraction(_RATE))
    shown = (Shown(path, number * step, step) for number, path in enumerate(paths))
    load = _Loader(part.size)
    yield from converted(between(shown, part.start, part.end), load, part.skip)


@dataclass(eq=False)
class _Loader:
    """Load pictures of one size."""

    size: int | None
    first: tuple[str, tuple[int, ...]] | None = None

    def __call__(self, path: Path) -> tuple[Any, Any]:
        picture = load_picture(path)
        height, width, _ = picture.pixels.shape
        if self.first is None:
            self.first = (path.name, (height, width))
        name, size = self.first
        if size != (height, width):
            raise VideoError(
                f"{path} is {width}x{height} px and {name} {size[1]}x{size[0]}: frames of a film"
                " have one size"
            )
        return self._sized(picture)

    def _sized(self, picture: Picture) -> tuple[Any, Any]:
        pixels, alpha = picture.pixels, picture.alpha
        if self.size is None:
            return pixels, alpha
        width, height = fitted(pixels.shape[1], pixels.shape[0], self.size)
        small = None if alpha is None else resize(alpha, height, width)
        return resize(pixels, height, width), small


@dataclass(eq=False)
class FolderWriter:
    """Write each frame as a picture; those that are there when a run is stopped stay, whole."""

    pattern: Path
    depth: int
    written: int = 0

    @classmethod
    def open(cls, path: str | os.PathLike[str], plan: Plan) -> FolderWriter:
        """Make the folder if it is not there; a pattern such as "%04d.jpg" names the pictures.

        Raises:
            VideoError: it holds pictures already, or cannot be made.
            OptionError: the pattern is none, or a run is to be gone on with.
        """
        path = Path(path)
        pattern = path if "%" in path.name else path / _PATTERN
        if plan.resume:
            raise OptionError("a run into a folder cannot be gone on with: use .mp4 or .webm")
        try:
            different = pattern.name % 1 != pattern.name % 2
        except (TypeError, ValueError):
            different = False
        if not different:
            raise OptionError(f"{pattern.name}: expected a number in it, as in frame-%06d.png")
        kind = format_of(pattern)
        try:
            pattern.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise VideoError(f"{pattern.parent} cannot be made ({error.strerror})") from None
        check_target(pattern)
        if any(p.suffix.lower() in _ENDINGS for p in pattern.parent.iterdir()):
            raise VideoError(f"{pattern.parent} holds pictures already: empty it, or name another")
        deep = plan.like is not None and plan.like.depth > 8 and kind in DEEP
        return cls(pattern, 16 if deep else 8)

    def write(self, frame: Frame) -> None:
        """Write a frame.

        Raises:
            VideoError: it cannot be written.
        """
        target = self.pattern.with_name(self.pattern.name % (self.written + 1))
        try:
            save_picture(target, frame.pixels, alpha=frame.alpha, depth=self.depth)
        except ImageError as error:
            raise VideoError(str(error)) from error
        self.written += 1

    def close(self) -> Path:
        """Return the folder.

        Raises:
            VideoError: there were no frames.
        """
        if not self.written:
            raise VideoError(f"{self.pattern.parent}: there were no frames to write")
        return self.pattern.parent

    def abandon(self) -> bool:
        """Leave the pictures: each is whole."""
        return False


def _is_shown(path: Path) -> bool:
    return not path.name.startswith(".")
