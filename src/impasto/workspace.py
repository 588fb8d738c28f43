"""What a long run keeps on the disk, beside its result, so that it can be gone on with."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from impasto.errors import ImageError
from impasto.images import Opened, Scratch, resized_part, unpack
from impasto.images.files import reason

_BAND = 2**22  # pixels that are resized at once
_LOCK = "lock"


@dataclass(frozen=True)
class Workspace:
    """Hold a content, unpacked, and how many tiles of the result are painted.

    The folder goes when the run ends, well or not; when it is stopped, it stays.
    """

    folder: Path

    @classmethod
    def of(cls, target: Path) -> Workspace:
        """Return the one of a target, whether it is there or not."""
        target = target.resolve()
        return cls(target.with_name(f".{target.name}.impasto"))

    @classmethod
    @contextmanager
    def open(cls, target: Path, job: Any) -> Iterator[Workspace]:
        """Make the folder of a target, or take up the one that a run of the same job has left.

        Raises:
            ImageError: it cannot be made, or another run is at work there, or the disk is full.
        """
        work = cls.of(target)
        try:
            work.folder.mkdir(exist_ok=True)
        except OSError as error:
            raise ImageError(f"{work.folder}: cannot be made ({error.strerror})") from None
        with work._alone():
            try:
                work._take_up(hashlib.sha256(json.dumps(job, sort_keys=True).encode()).hexdigest())
                yield work
            except (KeyboardInterrupt, CancelledError):
                raise
            except BaseException as error:
                work._remove()
                if isinstance(error, OSError):
                    raise ImageError(f"{work.folder}: {reason(error)}") from error
                raise
            work._remove()

    def _take_up(self, digest: str) -> None:
        if self._read("job") != digest:
            for path in self.folder.iterdir():
                if path.is_dir():
                    shutil.rmtree(path)
                elif path.name != _LOCK:
                    path.unlink()
        self._write("job", digest)

    def _remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def keep(self, name: str, number: int) -> int:
        """Return the number that a run before has kept, or keep this one."""
        known = self._read(name)
        if known is None:
            self._write(name, str(number))
        return number if known is None else int(known)

    def content(self, opened: Opened, shape: tuple[int, int]) -> Scratch:
        """Return the content at the size of the result, unpacked if it is not yet."""
        known = self._read("content")
        if known is not None:
            return Scratch.from_dict(self.folder, json.loads(known))
        scratch = unpack(opened, self.folder / "unpacked")
        if scratch.shape[:2] != shape:
            scratch = _resized(scratch, self.folder / "resized", shape)
        self._write("content", json.dumps(scratch.as_dict()))
        return scratch

    @property
    def painted(self) -> int:
        """Return how many tiles are painted."""
        return int(self._read("painted") or 0)

    def mark(self, count: int) -> None:
        """Say that so many tiles are painted."""
        self._write("painted", str(count))

    def _read(self, name: str) -> str | None:
        try:
            return (self.folder / name).read_text()
        except OSError:
            return None

    def _write(self, name: str, text: str) -> None:
        part = self.folder / f"{name}.part"
        part.write_text(text)
        part.replace(self.folder / name)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold a lock, which the system takes away however the run ends."""
        try:
            import fcntl
        except ModuleNotFoundError:  # Windows
            yield
            return
        with open(self.folder / _LOCK, "w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise ImageError(
                    f"{self.folder}: another run is painting this picture; wait for it, or choose"
                    " another name with -o"
                ) from None
            yield


def _resized(scratch: Scratch, path: Path, shape: tuple[int, int]) -> Scratch:
    """Bring an unpacked picture to another size, and delete it."""
    height, width = shape
    out = Scratch(path, (height, width, 3 + scratch.has_alpha), 16)
    rows = max(1, _BAND // max(width, scratch.shape[1] * scratch.shape[0] // height))
    with closing(scratch), closing(out):
        for top in range(0, height, rows):
            place = slice(top, min(top + rows, height)), slice(0, width)
            pixels = resized_part(scratch, height, width, place)
            if scratch.has_alpha:
                alpha = resized_part(_Alpha(scratch), height, width, place)
                pixels = np.concatenate([pixels, alpha[..., None]], 2)
            out.write(place, pixels)
    scratch.path.unlink()
    return out


class _Alpha:
    """Show a picture's alpha as a grey picture."""

    def __init__(self, scratch: Scratch) -> None:
        self.scratch, self.shape = scratch, scratch.shape[:2]

    def __getitem__(self, place: tuple[slice, slice]) -> Any:
        return self.scratch.alpha(place)
