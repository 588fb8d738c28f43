"""Make the small picture files that the image tests read."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

WRITABLE = (".png", ".jpg", ".jpeg", ".webp", ".avif", ".tif", ".tiff")


def smooth(height: int = 24, width: int = 32) -> NDArray[np.float32]:
    """Make a colour gradient, which lossy formats keep well."""
    rows, columns = np.mgrid[0:height, 0:width]
    planes = [rows / height, columns / width, 0.6 - 0.4 * rows / height]
    return np.stack(planes, axis=2).astype(np.float32)


def corners() -> NDArray[np.uint8]:
    """Make an asymmetric picture of flat 16-px blocks, 32 high and 48 wide."""
    colors = [
        [(250, 10, 10), (10, 250, 10), (10, 10, 250)],
        [(240, 240, 10), (9, 9, 9), (99, 9, 99)],
    ]
    return np.repeat(np.repeat(np.array(colors, np.uint8), 16, axis=0), 16, axis=1)


def encode(pixels: NDArray[Any] | Image.Image, kind: str, **options: Any) -> bytes:
    """Encode with Pillow, independently of the code under test."""
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def png16(samples: NDArray[np.uint16], *, extra: bytes = b"") -> bytes:
    """Encode a 16-bit PNG by hand, with chunks to stand between header and pixels."""
    height, width = samples.shape[:2]
    channels = 1 if samples.ndim == 2 else samples.shape[2]
    color_type = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    rows = samples.reshape(height, -1).astype(">u2")
    raw = b"".join(b"\0" + row.tobytes() for row in rows)
    header = struct.pack(">IIBBBBB", width, height, 16, color_type, 0, 0, 0)
    body = chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(raw))
    return b"\x89PNG\r\n\x1a\n" + body + chunk(b"IEND", b"")


def chunk(kind: bytes, body: bytes) -> bytes:
    """Make one PNG chunk."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def tiff(
    samples: NDArray[Any],
    photometric: int = 2,
    *,
    planar: int = 1,
    extra: int | None = None,
    bits: int | None = None,
    sides: tuple[int, int] | None = None,
    big: bool = False,
    tags: dict[int, bytes | int] | None = None,
) -> bytes:
    """Encode an uncompressed TIFF by hand; a planar one (2) takes `(S, H, W)`.

    `bits` and `sides` (height, width) put something else than the truth into the header.
    """
    stored = samples[..., None] if samples.ndim == 2 else samples
    height, width, count = stored.shape if planar == 1 else (*stored.shape[1:], len(stored))
    height, width = sides or (height, width)
    pixels = stored.astype(stored.dtype.newbyteorder("<")).tobytes()
    start, strips = 16 if big else 8, count if planar == 2 else 1
    size = len(pixels) // strips
    kind = {"u": 1, "i": 2, "f": 3}[stored.dtype.kind]
    fields: dict[int, Any] = {
        256: width,
        257: height,
        258: [bits or stored.dtype.itemsize * 8] * count,
        259: 1,
        262: photometric,
        273: [start + size * strip for strip in range(strips)],
        277: count,
        278: height,
        279: [size] * strips,
        284: planar,
        339: [kind] * count,
    }
    if extra is not None:
        fields[338] = extra
    fields.update(tags or {})
    return _with_directory(pixels, fields, big=big)


def _with_directory(pixels: bytes, fields: dict[int, Any], *, big: bool) -> bytes:
    """Put a TIFF's header before its pixels and the directory of its fields behind them."""
    word, entry_size, inline = ("<Q", 20, 8) if big else ("<I", 12, 4)
    head = struct.pack("<HHH", 43, 8, 0) if big else struct.pack("<H", 42)
    directory = len(b"II" + head) + struct.calcsize(word) + len(pixels) + (len(pixels) & 1)
    after = directory + (8 if big else 2) + entry_size * len(fields) + inline
    entries, rest = b"", b""
    for tag, value in sorted(fields.items()):
        code, number, body = _field(tag, value)
        entries += struct.pack("<HH", tag, code) + struct.pack(word, number)
        if len(body) > inline:
            entries += struct.pack(word, after + len(rest))
            rest += body + bytes(len(body) & 1)
        else:
            entries += body.ljust(inline, b"\0")
    number_of = struct.pack("<Q" if big else "<H", len(fields))
    start = b"II" + head + struct.pack(word, directory)
    return start + pixels + bytes(len(pixels) & 1) + number_of + entries + bytes(inline) + rest


def _field(tag: int, value: Any) -> tuple[int, int, bytes]:
    """Return a field's type code, its number of values and their bytes."""
    if isinstance(value, bytes):
        return 7, len(value), value
    values = value if isinstance(value, list) else [value]
    short = tag in (258, 259, 262, 274, 277, 284, 338, 339)
    body = struct.pack(f"<{len(values)}{'H' if short else 'I'}", *values)
    return 3 if short else 4, len(values), body


def icc_profile(space: bytes, gamma: float, colorants: tuple[tuple[float, ...], ...] = ()) -> bytes:
    """Make a version 2 profile, grey or of three colorants (XYZ under D50), of one gamma."""

    def xyz(values: tuple[float, ...]) -> bytes:
        return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(v * 65536) for v in values))

    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)
    tags = [(b"desc", b"desc" + bytes(4) + struct.pack(">I", 5) + b"test\0" + bytes(79))]
    tags += [(b"wtpt", xyz((0.9642, 1.0, 0.8249)))]
    if space == b"GRAY":
        tags += [(b"kTRC", curve)]
    for letter, values in zip(b"rgb", colorants, strict=False):
        tags += [(bytes([letter]) + b"XYZ", xyz(values)), (bytes([letter]) + b"TRC", curve)]
    table, data, start = b"", b"", 128 + 4 + 12 * len(tags)
    for name, body in tags:
        table += name + struct.pack(">II", start + len(data), len(body))
        data += body + bytes(-len(body) % 4)
    size = struct.pack(">I", start + len(data))
    head = size + bytes(4) + struct.pack(">I", 0x02400000) + b"mntr" + space + b"XYZ "
    head += bytes(12) + b"acsp" + bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + data


def write(folder: Path, name: str, data: bytes) -> Path:
    """Write bytes to a file in a folder."""
    path = folder / name
    path.write_bytes(data)
    return path
