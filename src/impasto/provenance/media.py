"""Which files can carry a manifest, told by their first bytes."""

from __future__ import annotations

import mmap
from pathlib import Path
from typing import BinaryIO

from impasto.engine import available_memory
from impasto.errors import ImageError
from impasto.images.files import identify
from impasto.images.load import MANIFEST

_TYPES = {
    "PNG": "image/png",
    "JPEG": "image/jpeg",
    "WEBP": "image/webp",
    "TIFF": "image/tiff",
    "AVIF": "image/avif",
    "GIF": "image/gif",
    "HEIC": "image/heic",
}
_HEAD = 256
_SMALL = 2**26  # bytes that are always there
FILMS = (".mp4", ".m4v", ".mov")


def media_type(head: bytes) -> str | None:
    """Return what the library calls a file that begins so; None: it can carry no manifest."""
    try:
        return _TYPES.get(identify(head[:_HEAD], "it"))
    except ImageError:
        pass
    if head[4:8] in (b"ftyp", b"moov", b"wide", b"mdat"):
        return "video/quicktime" if head[8:12] == b"qt  " or head[4:8] != b"ftyp" else "video/mp4"
    return None


def type_of(file: BinaryIO) -> str | None:
    """Return the same of a file, which then stands at its beginning."""
    file.seek(0)
    head = file.read(_HEAD)
    file.seek(0)
    return media_type(head)


def fits_memory(size: int) -> bool:
    """Return whether the library, which holds some files whole, may be given so many bytes.

    Where there is too little memory it ends the process.
    """
    if size <= _SMALL:
        return True
    free = available_memory()
    return free is None or size <= free // 2


def carries_manifest(path: Path) -> bool:
    """Return whether there seems to be a manifest in a file of any size."""
    with open(path, "rb") as file:
        if type_of(file) is None:  # as of an empty one, which cannot be mapped
            return False
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return data.find(MANIFEST) >= 0
