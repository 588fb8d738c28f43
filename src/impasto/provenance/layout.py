"""Where a manifest goes in a PNG, a JPEG or a TIFF, whatever their size."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from impasto.errors import ProvenanceError
from impasto.images.png import HEADER_END

_CHUNK = 2**22
_SEGMENT = 65000  # bytes of a manifest in a JPEG's segment, which holds 65533
_TAG = 0xCD41  # TIFF's, for a manifest
_UNDEFINED = 7  # TIFF's type of bytes that mean nothing to it

Part = bytes | tuple[int, int]  # bytes, or from where to where of the file


@dataclass(frozen=True)
class Layout:
    """Say how a signed file is put together: parts, then the manifest, framed, then parts.

    `frame` takes the manifest and returns as many bytes as it says, `framed`, for all manifests of
    one length; these are not hashed.
    """

    before: tuple[Part, ...]
    after: tuple[Part, ...]
    framed: int
    frame: Callable[[bytes], bytes]

    @property
    def start(self) -> int:
        """Return where the manifest, framed, begins in the signed file."""
        return sum(len(p) if isinstance(p, bytes) else p[1] - p[0] for p in self.before)


def read_parts(parts: tuple[Part, ...], file: BinaryIO) -> Iterator[bytes]:
    """Yield the bytes of parts, some at a time."""
    for part in parts:
        if isinstance(part, bytes):
            yield part
            continue
        start, end = part
        file.seek(start)
        while start < end:
            data = file.read(min(_CHUNK, end - start))
            if not data:
                raise ProvenanceError("the file has become shorter while it was signed")
            start += len(data)
            yield data


def layout_of(kind: str, file: BinaryIO, manifest: int) -> Layout:
    """Return where a manifest of so many bytes goes.

    Raises:
        ProvenanceError: it does not fit, or the file is not as one of ours.
    """
    end = file.seek(0, 2)
    try:
        return _LAYOUTS[kind](file, end, manifest)
    except (struct.error, IndexError) as error:
        raise ProvenanceError(f"the {kind} file is damaged ({error})") from None


def _png(file: BinaryIO, end: int, manifest: int) -> Layout:
    def frame(data: bytes) -> bytes:
        body = b"caBX" + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    return Layout(((0, HEADER_END),), ((HEADER_END, end),), manifest + 12, frame)


def _jpeg(file: BinaryIO, end: int, manifest: int) -> Layout:
    """Return a layout with the manifest after the first segment, which must stay the first."""
    file.seek(2)
    marker, length = struct.unpack(">HH", file.read(4))
    cut = 4 + length if marker == 0xFFE0 else 2

    def frame(data: bytes) -> bytes:
        # Each segment repeats the box's length and kind, as JPEG XT says.
        head, body = data[:8], data[8:]
        out = b""
        for number, start in enumerate(range(0, len(body), _SEGMENT), 1):
            part = b"JP" + struct.pack(">HI", 0x0211, number) + head + body[start:][:_SEGMENT]
            out += struct.pack(">HH", 0xFFEB, len(part) + 2) + part
        return out

    segments = -(-(manifest - 8) // _SEGMENT)
    return Layout(((0, cut),), ((cut, end),), manifest - 8 + 20 * segments, frame)


def _tiff(file: BinaryIO, end: int, manifest: int) -> Layout:
    """Return a layout with a new directory at the end that has one entry more."""
    file.seek(0)
    head = file.read(16)
    order = "<" if head[:2] == b"II" else ">"
    big = struct.unpack(f"{order}H", head[2:4])[0] == 43
    start, offset, count = (8, "Q", "Q") if big else (4, "I", "H")
    width = struct.calcsize(f"={offset}")
    (where,) = struct.unpack(f"{order}{offset}", head[start : start + width])
    entries, following = _directory(file, where, order, offset, count)
    pad = end % 2
    begin = end + pad  # of the new directory
    length = struct.calcsize(f"={count}") + (4 + 2 * width) * (len(entries) + 1) + width
    if not big and begin + length + manifest >= 2**32:
        raise ProvenanceError("a TIFF of 4 GB has no room for a manifest")
    own = struct.pack(f"{order}HH{offset}{offset}", _TAG, _UNDEFINED, manifest, begin + length)
    entries.append(own)
    entries.sort(key=lambda entry: struct.unpack(f"{order}H", entry[:2])[0])
    table = struct.pack(f"{order}{count}", len(entries)) + b"".join(entries) + following
    moved = head[:start] + struct.pack(f"{order}{offset}", begin)
    before = (moved, (start + width, end), bytes(pad) + table)
    return Layout(before, (), manifest, lambda data: data)


def _directory(
    file: BinaryIO, where: int, order: str, offset: str, count: str
) -> tuple[list[bytes], bytes]:
    """Return a directory's entries, and what stands behind them."""
    file.seek(where)
    width = struct.calcsize(f"={offset}")
    number = struct.unpack(f"{order}{count}", file.read(struct.calcsize(f"={count}")))[0]
    size = 4 + 2 * width
    data = file.read(number * size)
    following = file.read(width)
    if len(data) != number * size or len(following) != width:
        raise ProvenanceError("the TIFF file is damaged (its directory is cut off)")
    entries = [data[i * size : (i + 1) * size] for i in range(number)]
    tag = struct.pack(f"{order}H", _TAG)
    return [entry for entry in entries if entry[:2] != tag], following


_LAYOUTS = {"PNG": _png, "JPEG": _jpeg, "TIFF": _tiff}
HASHED = tuple(_LAYOUTS)
