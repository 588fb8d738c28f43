"""Pictures for training: decoded once, cut at random, the same at every step of every run."""

from __future__ import annotations

import hashlib
import io
import lzma
import tarfile
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from impasto.errors import ImageError
from impasto.train.checkpoint import CHECKPOINT

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".avif", ".tif", ".tiff", ".bmp", ".gif"}
Pixels = NDArray[np.uint8]


class Pictures:
    """Hold decoded pictures and cut squares from them.

    `root` is a folder, searched deeply but for folders of trainings, or a tar file. `held_out` of
    the pictures, chosen by the hash of their names and hence the same in every run, are kept apart
    for evaluation. Files that cannot be read, and pictures with a side under 32 px, are listed in
    `skipped`; `digest` is the hash of all others' names and bytes.
    """

    def __init__(self, root: Path, *, held_out: float = 0.05, longest: int = 512) -> None:
        self.skipped: list[str] = []
        self.train: list[Pixels] = []
        self.test: list[Pixels] = []
        seen = hashlib.sha256()
        for name, sha256, pixels in _decoded(_files(root), longest):
            if pixels is None:
                self.skipped.append(name)
                continue
            seen.update(f"{name} {sha256}\n".encode())
            part = self.test if _fraction(name) < held_out else self.train
            part.append(pixels)
        self.digest = seen.hexdigest()
        if not self.train:  # one or two, which happen to be held out
            self.train, self.test = self.test, []
        if not self.train:
            raise ImageError(f"{root}: no pictures found to train on; name a folder or a tar file")

    @classmethod
    def of(cls, train: Sequence[Pixels], test: Sequence[Pixels]) -> Pictures:
        """Return pictures that are there already."""
        pictures = cls.__new__(cls)
        pictures.skipped, pictures.train, pictures.test = [], list(train), list(test)
        seen = hashlib.sha256()
        for pixels in [*train, *test]:
            seen.update(f"{pixels.shape}\n".encode() + pixels.tobytes())
        pictures.digest = seen.hexdigest()
        return pictures

    def summary(self, root: Path) -> str:
        """Say in a line how many pictures came from `root`, and what was left out."""
        line = f"{root}: {len(self.train)} pictures to train on, {len(self.test)} held out"
        if not self.skipped:
            return line
        return (
            f"{line}; skipped {len(self.skipped)}, no pictures or too small: {self.skipped[0]} ..."
        )

    def crops(
        self, rng: np.random.Generator, count: int, size: int, enlarged: float = 4 / 3
    ) -> Tensor:
        """Return random squares of training pictures: (count, 3, size, size), RGB in [0, 1].

        A square's side lies between `size / enlarged` and the picture's shorter side, all
        factors alike; it is brought to `size` by bicubic resampling and mirrored half of the time.
        """
        picks = rng.integers(len(self.train), size=count)
        least = int(size / enlarged)
        return torch.stack([_random_square(self.train[i], rng, size, least) for i in picks])

    def held_out(self, count: int, size: int) -> Tensor:
        """Return centre squares of the first `count` held-out pictures, as `crops` does."""
        return torch.stack([_centre_square(pixels, size) for pixels in self.test[:count]])


def _decoded(
    files: Iterator[tuple[str, bytes]], longest: int
) -> Iterator[tuple[str, str, Pixels | None]]:
    """Yield names, hashes and pixels, some at a time: a folder may be larger than the memory."""
    with ThreadPoolExecutor() as pool:
        while some := list(islice(files, 64)):
            yield from pool.map(lambda item: (item[0], *_decode(item[1], longest)), some)


def _files(root: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the names of all pictures and their bytes, none where they cannot be read."""
    if root.is_dir():
        runs = {path.parent for path in root.rglob(CHECKPOINT)}
        for path in sorted(p for p in root.rglob("*") if p.suffix.lower() in SUFFIXES):
            if runs.intersection(path.parents):
                continue
            data = b""
            with suppress(OSError):  # a folder, or a link that leads nowhere
                data = path.read_bytes()
            yield str(path.relative_to(root)), data
    elif root.is_file():
        read = False
        try:
            for member in _members(root):
                read = True
                yield member
        except (tarfile.TarError, EOFError, OSError, zlib.error, lzma.LZMAError):
            if not read:
                raise ImageError(f"{root}: no tar file of pictures that can be read") from None
            yield f"{root.name}, which is cut off", b""
    else:
        raise ImageError(f"{root}: neither a folder nor a tar file of pictures")


def _members(root: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(root) as tar:
        for member in tar:
            if Path(member.name).suffix.lower() not in SUFFIXES:
                continue
            with suppress(KeyError):  # a link that leads nowhere
                stream = tar.extractfile(member)
                if stream is not None:
                    yield member.name, stream.read()


def _decode(data: bytes, longest: int) -> tuple[str, Pixels | None]:
    """Return the hash of a picture's bytes and its pixels, none where it is no picture."""
    sha256 = hashlib.sha256(data).hexdigest()
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.draft("RGB", (longest, longest))
            rgb = image.convert("RGB")
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError):
        return sha256, None  # Pillow has an error for each kind of damage
    if min(rgb.size) < 32:
        return sha256, None
    rgb.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    return sha256, np.asarray(rgb)


def _fraction(name: str) -> float:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") / 2**32


def _square(pixels: Pixels, left: int, top: int, side: int, size: int) -> Tensor:
    square = Image.fromarray(pixels[top : top + side, left : left + side])
    if side != size:
        square = square.resize((size, size), Image.Resampling.BICUBIC)
    return torch.from_numpy(np.array(square)).permute(2, 0, 1).float().div_(255)


def _random_square(pixels: Pixels, rng: np.random.Generator, size: int, least: int) -> Tensor:
    height, width = pixels.shape[:2]
    shorter = min(height, width)
    side = int(shorter * (min(least, shorter) / shorter) ** rng.random())
    left = int(rng.integers(width - side + 1))
    top = int(rng.integers(height - side + 1))
    square = _square(pixels, left, top, side, size)
    return square.flip(2) if rng.random() < 0.5 else square


def _centre_square(pixels: Pixels, size: int) -> Tensor:
    height, width = pixels.shape[:2]
    side = min(height, width)
    return _square(pixels, (width - side) // 2, (height - side) // 2, side, size)
