"""Pictures on disk, uncompressed: too large for the memory, read and written in parts."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.images.orientation import is_sideways, turned, unturned

Place = tuple[slice, slice]


@dataclass(eq=False)
class Scratch:
    """Hold a picture in a file of plain samples, row after row.

    Indexed by rows and columns, as an array (H, W, 3) of float32 in [0, 1] is. `stored` is the
    shape (height, width, channels) as it lies there, 3 channels, or 4 with alpha; `depth` the
    bits of a sample, 8 or 16; `orientation` the EXIF orientation in which it is seen. `fill` is
    the colour of places that are wholly transparent; with `opaque` there are none. The file must
    be there: `create` makes it.
    """

    path: Path
    stored: tuple[int, int, int]
    depth: int = 8
    orientation: int = 1
    fill: NDArray[np.float32] | None = None
    opaque: bool = False
    _lock: Lock = field(default_factory=Lock, repr=False)
    _open: FileIO | None = field(default=None, repr=False)

    @classmethod
    def create(
        cls, path: Path, stored: tuple[int, int, int], depth: int = 8, orientation: int = 1
    ) -> Scratch:
        """Make a black picture, in place of the file that is there, if any."""
        scratch = cls(path, stored, depth, orientation)
        with open(path, "wb") as file:
            file.truncate(scratch.size)
        return scratch

    def as_dict(self) -> dict[str, Any]:
        """Return what it is, as JSON keeps it, without its folder."""
        return {
            "name": self.path.name,
            "stored": list(self.stored),
            "depth": self.depth,
            "orientation": self.orientation,
            "fill": None if self.fill is None else self.fill.tolist(),
            "opaque": self.opaque,
        }

    @classmethod
    def from_dict(cls, folder: Path, plain: dict[str, Any]) -> Scratch:
        """Return the picture of a folder that `as_dict` told of."""
        fill = plain["fill"]
        return cls(
            folder / plain["name"],
            tuple(plain["stored"]),
            plain["depth"],
            plain["orientation"],
            None if fill is None else np.array(fill, np.float32),
            plain["opaque"],
        )

    @property
    def shape(self) -> tuple[int, int, int]:
        """Return height, width and 3, as it is seen."""
        height, width, _ = self.stored
        return (width, height, 3) if is_sideways(self.orientation) else (height, width, 3)

    @property
    def has_alpha(self) -> bool:
        """Return whether some places are transparent."""
        return self.stored[2] == 4 and not self.opaque

    @property
    def size(self) -> int:
        """Return the bytes that it takes on disk."""
        height, width, channels = self.stored
        return height * width * channels * self.depth // 8

    @property
    def is_whole(self) -> bool:
        """Return whether the file is there, and as large as it must be."""
        return self.path.is_file() and self.path.stat().st_size == self.size

    def __getitem__(self, place: Place) -> NDArray[np.float32]:
        """Return some rows and columns of its colours."""
        samples = self.samples(place)
        pixels = samples[..., :3].astype(np.float32) / np.float32(2**self.depth - 1)
        if self.has_alpha and self.fill is not None:
            pixels[samples[..., 3] == 0] = self.fill
        return pixels

    def alpha(self, place: Place) -> NDArray[np.float32]:
        """Return how opaque some rows and columns are, (h, w) in [0, 1]."""
        alpha: NDArray[np.float32] = self.samples(place)[..., 3].astype(np.float32)
        return alpha / np.float32(2**self.depth - 1)

    def samples(self, place: Place) -> NDArray[Any]:
        """Return some rows and columns as they are stored, (h, w, C) unsigned."""
        rows, columns = (range(*s.indices(n)) for s, n in zip(place, self.shape, strict=False))
        rows, columns = unturned(rows, columns, self.shape, self.orientation)
        return turned(self._read(rows, columns), self.orientation)

    def write(self, place: Place, pixels: NDArray[Any]) -> None:
        """Put colours, or colours and alpha, (h, w, C) of floats in [0, 1], at a place."""
        top = np.float32(2**self.depth - 1)
        self.write_samples(place, np.rint(pixels * top).astype(self._type))

    def write_samples(self, place: Place, samples: NDArray[Any]) -> None:
        """Put samples of its own kind at a place, in the orientation in which they lie."""
        rows, columns = place
        samples = np.ascontiguousarray(samples, self._type)
        if samples.shape[1] == self.stored[1]:
            self._put(rows.start, 0, samples)
            return
        for row, values in zip(range(rows.start, rows.stop), samples, strict=True):
            self._put(row, columns.start, values)

    def sync(self) -> None:
        """Return when what was written is where it outlasts a power cut."""
        with self._lock:
            os.fsync(self._file())

    def close(self) -> None:
        """Close the file, which stays."""
        with self._lock:
            if self._open is not None:
                self._open.close()
                self._open = None

    @property
    def _type(self) -> type[np.unsignedinteger[Any]]:
        return np.uint8 if self.depth == 8 else np.uint16

    def _read(self, rows: range, columns: range) -> NDArray[Any]:
        start, stop = columns.start, columns[-1] + 1 if columns else columns.start
        out = np.empty((len(rows), stop - start, self.stored[2]), self._type)
        if rows.step == 1 and stop - start == self.stored[1]:
            self._get(rows.start, 0, out)
        else:
            for row, into in zip(rows, out, strict=True):
                self._get(row, start, into)
        return out[:, :: columns.step]

    def _get(self, row: int, column: int, into: NDArray[Any]) -> None:
        left = into.reshape(-1).view(np.uint8).data
        with self._lock:
            file = self._file()
            file.seek(self._offset(row, column))
            while len(left) and (count := file.readinto(left)):
                left = left[count:]
        if len(left):
            raise OSError(f"{self.path.name} was cut while it was read")

    def _put(self, row: int, column: int, values: NDArray[Any]) -> None:
        left = values.data.cast("B")
        with self._lock:
            file = self._file()
            file.seek(self._offset(row, column))
            while len(left):
                left = left[file.write(left) :]

    def _offset(self, row: int, column: int) -> int:
        _, width, channels = self.stored
        return (row * width + column) * channels * self.depth // 8

    def _file(self) -> FileIO:
        if self._open is None:
            self._open = FileIO(self.path, "r+")  # unbuffered, as parts are large
        return self._open
