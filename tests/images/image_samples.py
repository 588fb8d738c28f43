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


def write(folder: Path, name: str, data: bytes) -> Path:
    """Write bytes to a file in a folder."""
    path = folder / name
    path.write_bytes(data)
    return path
