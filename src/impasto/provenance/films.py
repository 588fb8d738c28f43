"""What a film says of itself: its source type and recipe in XMP, and a manifest."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from uuid import UUID

from impasto.images.files import write_file
from impasto.images.metadata import xmp_packet
from impasto.provenance.seal import Seal, noted

# by ending; Matroska (.mkv, .webm) can carry neither, nor can y4m
_BOXES = (".mp4", ".m4v", ".mov")
CARRIES = (*_BOXES, ".webp", ".gif")
_XMP_BOX = UUID("be7acfcb-97a9-42e8-9c71-999491e3afac").bytes
_VP8X_XMP = 0x04  # WebP's flag for it
# GIF's blocks are 255 bytes at most; whoever takes the packet for such comes out here at its end
_GIF_END = bytes([1, *range(255, -1, -1), 0])


def mark_film(path: Path, seal: Seal) -> None:
    """Put XMP into a film that is whole, and sign it; it stays whole, marked or not."""
    ending = path.suffix.lower()
    if seal.options.strip_metadata or ending not in CARRIES:
        return
    packet = xmp_packet(json.dumps(dict(seal.recipe), sort_keys=True, ensure_ascii=False))
    with noted(str(path), "carries no XMP"):
        if ending in _BOXES:
            # players go from box to box and pass over those that they do not know
            with open(path, "ab") as file:
                file.write(struct.pack(">I4s", 24 + len(packet), b"uuid") + _XMP_BOX + packet)
        else:
            data = path.read_bytes()
            write_file(path, (_webp if ending == ".webp" else _gif)(data, packet))
    if seal.options.sign:
        seal.seal_file(path)


def _webp(data: bytes, packet: bytes) -> bytes:
    if data[12:16] != b"VP8X":
        raise ValueError("it is no animation")
    flags = bytes([data[20] | _VP8X_XMP])
    chunk = struct.pack("<4sI", b"XMP ", len(packet)) + packet + bytes(len(packet) % 2)
    body = data[8:20] + flags + data[21:] + chunk
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _gif(data: bytes, packet: bytes) -> bytes:
    if data[-1:] != b";":
        raise ValueError("it does not end as a GIF does")
    return data[:-1] + b"!\xff\x0bXMP DataXMP" + packet + _GIF_END + b";"
