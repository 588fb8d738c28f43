"""Walk and insert the chunks of a PNG file, which hold what the pixel codec leaves out."""

import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

_XMP_KEY = b"XML:com.adobe.xmp"
HEADER_END = 33
_MAX_INFLATED = 2**26


def find_chunk(file: BinaryIO, kind: bytes) -> bytes | None:
    """Return the first chunk of a kind, such as b"eXIf", or None."""
    return next((file.read(length) for name, length in _chunks(file) if name == kind), None)


def find_xmp(file: BinaryIO) -> bytes | None:
    """Return the XMP packet, before or after the pixels, or None."""
    for name, length in _chunks(file):
        body = file.read(length) if name == b"iTXt" else b""
        if body.startswith(_XMP_KEY + b"\0"):
            compressed = body[len(_XMP_KEY) + 1 : len(_XMP_KEY) + 2] == b"\x01"
            # After the two flags stand a language and a translated key, each ended by 0.
            text = body[len(_XMP_KEY) + 3 :].split(b"\0", 2)[-1]
            return _inflate(text) if compressed else text
    return None


def find_profile(file: BinaryIO) -> bytes | None:
    """Return the ICC profile, b"" when it cannot be unpacked, or None."""
    body = find_chunk(file, b"iCCP")
    if body is None:
        return None
    try:
        return _inflate(body.partition(b"\0")[2][1:])
    except zlib.error:
        return b""


def add_metadata(data: bytes, profile: bytes, xmp: bytes | None) -> bytes:
    """Insert an ICC profile and an XMP packet after the header of an encoded PNG."""
    added = _chunk(b"iCCP", b"sRGB\0\0" + zlib.compress(profile, 9))
    if xmp is not None:
        added += _chunk(b"iTXt", _XMP_KEY + b"\0\0\0\0\0" + xmp)
    return data[:HEADER_END] + added + data[HEADER_END:]


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Yield the kinds and lengths of chunks; the file then stands where the chunk's data begin."""
    start = 8
    while file.seek(start) == start and len(head := file.read(8)) == 8:
        (length,) = struct.unpack_from(">I", head)
        yield head[4:], length
        start += 12 + length


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _inflate(data: bytes) -> bytes:
    """Unpack at most 64 MB, however much a hostile file claims."""
    return zlib.decompressobj().decompress(data, _MAX_INFLATED)
