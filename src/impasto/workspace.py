"""What a long run keeps on the disk, beside its result, so that it can be gone on with."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np

from impasto.errors import ImageError, ImpastoError
from impasto.images import Opened, Scratch, resized_part, unpack
from impasto.images.files import reason, write_file

_SIDE = 1024  # of the square of the content that is resized at once
_LOCK, _STATE, _RESULT = "lock", "state", "result"


@dataclass(eq=False)
class Workspace:
    """Hold a content, unpacked, the result, and how many tiles of it are painted.

    The folder goes when the run ends; when it is stopped or fails, it stays if a tile is painted.
    `cleared` is how many tiles of another job were there.
    """

    folder: Path
    cleared: int = 0
    # on the disk at each change, after the files that it tells of; which may be gone again, so that
    # they are looked at before they are used
    _state: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, target: Path) -> Workspace:
        """Return the one of a target, whether it is there or not."""
        target = target.resolve()
        return cls(target.with_name(f".{target.name}.impasto"))

    @classmethod
    @contextmanager
    def open(cls, target: Path, job: Any) -> Iterator[Workspace]:
        """Make the folder of a target, or take up the one that a run of the same job has left.

        If it stays, our own errors and KeyboardInterrupt are made to say how to go on.

        Raises:
            ImageError: it cannot be made, or another run is at work there, or the disk is full.
        """
        work = cls.of(target)
        with work._alone():
            try:
                work._take_up(hashlib.sha256(json.dumps(job, sort_keys=True).encode()).hexdigest())
                yield work
            except BaseException as error:
                told = work._leave(target)
                if isinstance(error, OSError):
                    raise ImageError(f"{work.folder}: {reason(error)}{told}") from error
                if told and isinstance(error, ImpastoError | KeyboardInterrupt):
                    error.args = (f"{error}{told}".removeprefix("; "),)
                raise
            work._remove()

    def _take_up(self, digest: str) -> None:
        """Keep what a run of the same job has left, and nothing else."""
        self._state, known = _read(self.folder / _STATE), {_LOCK}
        if self._state.get("job") == digest:
            known |= {_STATE, _RESULT, self._state.get("content", {}).get("name")}
        else:
            self.cleared, self._state = self.painted, {"job": digest}
        for path in self.folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name not in known:
                path.unlink()

    def _leave(self, target: Path) -> str:
        """Return how to go on; or nothing, and remove the folder, if no tile is painted."""
        if not self.painted:
            self._remove()
            return ""
        flags = f" with -o {target} --force" if target.exists() else ""
        return (
            f"; stopped after tile {self.painted}; the same command{flags} goes on there. Until"
            f" then the work lies in {self.folder}, which may be deleted"
        )

    def _remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def keep(self, name: str, make: Callable[[], int]) -> int:
        """Return the number that a run before has kept, or make and keep one."""
        if name not in self._state:
            self._keep(name, make())
        return int(self._state[name])

    def content(self, opened: Opened, shape: tuple[int, int]) -> Scratch:
        """Return the content at the size of the result, unpacked if it is not yet."""
        if "content" in self._state:
            known = Scratch.from_dict(self.folder, self._state["content"])
            if known.is_whole:
                return known
        scratch = unpack(opened, self.folder / "unpacked")
        if scratch.shape[:2] != shape:
            scratch = _resized(scratch, self.folder / "resized", shape)
        scratch.sync()
        self._keep("content", scratch.as_dict())
        return scratch

    def result(self, shape: tuple[int, int, int], depth: int) -> Scratch:
        """Return the result; if it is not there as a whole, make it, and no tile is painted."""
        known = Scratch(self.folder / _RESULT, shape, depth)
        if known.is_whole:
            return known
        self.mark(0)
        return Scratch.create(known.path, shape, depth)

    @property
    def painted(self) -> int:
        """Return how many tiles are painted."""
        return int(self._state.get("painted", 0))

    def mark(self, count: int) -> None:
        """Say that so many tiles are painted, and on the disk."""
        self._keep("painted", count)

    def _keep(self, name: str, value: Any) -> None:
        state = self._state | {name: value}
        write_file(self.folder / _STATE, json.dumps(state).encode())
        self._state = state

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Make the folder and hold a lock in it, which the system takes away however the run ends.

        Windows has no such locks, nor have some network drives.
        """
        try:
            self.folder.mkdir(exist_ok=True)
            lock = locked(self.folder / _LOCK)
        except BlockingIOError:
            raise ImageError(
                f"{self.folder}: another run is painting this picture; wait for it, or choose"
                " another name with -o"
            ) from None
        except OSError as error:
            raise ImageError(f"{self.folder}: cannot be made ({error.strerror})") from None
        with lock:
            yield


def _read(path: Path) -> dict[str, Any]:
    """Return what a run has kept; nothing if that is damaged."""
    try:
        state = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}


def locked(path: Path) -> AbstractContextManager[Any]:
    """Lock a file until it is closed, where that can be.

    Raises:
        BlockingIOError: another process has locked it.
    """
    try:
        import fcntl
    except ModuleNotFoundError:  # Windows
        return nullcontext()
    file = FileIO(path, "w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise
    except OSError:  # a drive without locks
        pass
    return file


def _resized(scratch: Scratch, path: Path, shape: tuple[int, int]) -> Scratch:
    """Bring an unpacked picture to another size, square by square, and delete it."""
    height, width = shape
    out = Scratch.create(path, (height, width, 3 + scratch.has_alpha), 16)
    scale = max(1, scratch.shape[0] / height, scratch.shape[1] / width)
    side = max(8, int(_SIDE / scale) - 7)  # the filter's width
    with closing(scratch), closing(out):
        for place in _squares(shape, side):
            pixels = resized_part(scratch, height, width, place)
            if scratch.has_alpha:
                alpha = resized_part(_Alpha(scratch), height, width, place)
                pixels = np.concatenate([pixels, alpha[..., None]], 2)
            out.write(place, pixels)
    scratch.path.unlink()
    return out


def _squares(shape: tuple[int, int], side: int) -> Iterator[tuple[slice, slice]]:
    height, width = shape
    for top in range(0, height, side):
        for left in range(0, width, side):
            yield slice(top, min(top + side, height)), slice(left, min(left + side, width))


class _Alpha:
    """Show a picture's alpha as a grey picture."""

    def __init__(self, scratch: Scratch) -> None:
        self.scratch, self.shape = scratch, scratch.shape[:2]

    def __getitem__(self, place: tuple[slice, slice]) -> Any:
        return self.scratch.alpha(place)
