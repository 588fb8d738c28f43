"""Look at files that clients sent: what they are, thumbnails, other formats, tiles.

Runs in a process whose memory is limited, as the bytes are anybody's: see `live`.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from impasto.errors import ImageError, ImpastoError, RecipeError, VideoError
from impasto.images import (
    encode_picture,
    load_picture,
    open_large,
    pack_deepzoom,
    read_recipe,
    thumbnail,
    unpack,
    webp_bytes,
)
from impasto.images.files import write_file
from impasto.images.picture import check_size
from impasto.provenance import ProvenanceOptions, Seal, verify
from impasto.studio.shelf import safe_name

_HEAD = 64
_MEMORY_PIXELS = 2**23  # of a picture that is decoded in memory; larger ones onto the disk
_KINDS = {
    "JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "AVIF": "image/avif",
    "TIFF": "image/tiff", "BMP": "image/bmp", "GIF": "image/gif", "HEIC": "image/heic",
}  # fmt: skip


def examine(path: Path, name: str, pixels: int) -> dict[str, Any]:
    """Return what a file is, told by its content; it is decoded to its end, or its beginning.

    Raises:
        ImageError: it is no picture that can be read, or has more than so many pixels.
        VideoError: it is no film that can be read.
    """
    film = _film_type(path)
    try:
        about = _film(path, film, pixels) if film else _picture(path, pixels)
    except ImpastoError as error:
        # by the client's name for it, not by ours
        raise type(error)(str(error).replace(str(path), name).replace(path.name, name)) from None
    size = path.stat().st_size
    return about | {"bytes": size, "name": safe_name(name, about["type"])}


def _film_type(path: Path) -> str | None:
    """Return the type of a film; only these containers are handed to the reader of films."""
    with open(path, "rb") as file:
        head = file.read(_HEAD)
    if head.startswith(b"\x1aE\xdf\xa3"):
        return "video/webm" if b"webm" in head else "video/x-matroska"
    if head[4:8] == b"ftyp" and head[8:12] not in (b"avif", b"avis", b"heic", b"heix", b"mif1"):
        return "video/quicktime" if head[8:12] == b"qt  " else "video/mp4"
    return None


def _picture(path: Path, pixels: int) -> dict[str, Any]:
    opened = open_large(path)
    if opened.height * opened.width > pixels:
        raise ImageError(
            f"{path.name} is {opened.width}x{opened.height} px, over this server's limit of"
            f" {pixels} pixels: scale it down first"
        )
    with _shown(path):
        pass
    about = {"kind": "picture", "type": _KINDS[opened.kind]}
    return about | {"width": opened.width, "height": opened.height}


def _film(path: Path, kind: str, pixels: int) -> dict[str, Any]:
    from impasto.video import probe

    info = probe(path)
    check_size(info.width, info.height, path.name)
    if info.width * info.height > pixels:
        raise VideoError(f"{path.name}: frames of {info.width}x{info.height} are over the limit")
    _first_frame(path)
    return {
        "kind": "film", "type": kind, "width": info.width, "height": info.height,
        "frames": info.frames, "seconds": float(info.duration),
    }  # fmt: skip


def _first_frame(path: Path) -> Any:
    from impasto.video import iter_frames

    with closing(iter_frames(path)) as frames:  # type: ignore[type-var]
        for frame in frames:
            return frame.pixels
    raise VideoError(f"{path.name}: has no frames")


@contextmanager
def _shown(path: Path) -> Iterator[Any]:
    """Decode a picture: in memory, or, if it is large, onto the disk beside it."""
    opened = open_large(path)
    if opened.height * opened.width <= _MEMORY_PIXELS:
        yield opened.load().pixels
        return
    unpacked = path.with_name(f"{path.name}.{secrets.token_hex(4)}.unpacked")
    try:
        with closing(unpack(opened, unpacked)) as scratch:
            yield scratch
    finally:
        unpacked.unlink(missing_ok=True)


def small(path: Path, kind: str, size: int, out: Path) -> dict[str, Any]:
    """Write a WebP whose longest side is `size`, or the picture's own if that is less."""
    if kind == "film":
        frame = _first_frame(path)
        write_file(out, webp_bytes(thumbnail(frame, min(size, max(frame.shape[:2])))))
        return {}
    with _shown(path) as pixels:
        write_file(out, webp_bytes(thumbnail(pixels, min(size, max(pixels.shape[:2])))))
    return {}


def convert(path: Path, out: Path, quality: int, recipe: bool) -> dict[str, Any]:
    """Write a picture in another format, signed and with its recipe, or without both."""
    picture, plain, text = load_picture(path), {}, None
    if recipe:
        with suppress(RecipeError):
            plain = read_recipe(path)
            text = json.dumps(plain, sort_keys=True, ensure_ascii=False)
    data = encode_picture(out, picture.pixels, alpha=picture.alpha, recipe=text, quality=quality)
    if text is not None:
        # what it was signed with becomes part of the new manifest
        data = Seal(ProvenanceOptions(), plain, path).sealed(data, out.name)
    write_file(out, data)
    return {}


def look_at_signature(path: Path) -> dict[str, Any]:
    """Return whether a file is as it was signed, and what made it; see `impasto.verify`."""
    return verify(path).as_dict()


def tiles(path: Path, out: Path) -> dict[str, Any]:
    """Write a DeepZoom pyramid into a new folder `out`, whole or not at all."""
    part = out.with_name(f"{out.name}.{secrets.token_hex(4)}.part")
    part.mkdir()
    try:
        with closing(unpack(open_large(path), part / "unpacked")) as scratch:
            pack_deepzoom(scratch, part / "tiles.dzi", 90)
        (part / "unpacked").unlink()
        os.replace(part, out)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return {}
