"""Encode pictures of any size from the disk, in bounded memory."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from impasto.errors import ImageError, ImpastoError
from impasto.images import png
from impasto.images.files import reason
from impasto.images.metadata import xmp_packet
from impasto.images.profiles import srgb_profile
from impasto.images.save import check_side, format_of
from impasto.images.scratch import Scratch
from impasto.images.vips import libvips, open_samples, with_fields

_STREAMED = ("TIFF", "PNG", "JPEG")
_BIG = 2**32 - 2**25  # bytes that an ordinary TIFF holds
_JPEG_XMP = 65000  # bytes, more of which libvips leaves out in silence
_TILE = 256


def is_streamed(path: str | os.PathLike[str]) -> bool:
    """Return whether a file of this name can be written row after row.

    Raises:
        ImageError: nothing can be written so.
    """
    return format_of(path) in _STREAMED


def check_large_target(path: str | os.PathLike[str], height: int, width: int) -> None:
    """Check before long work that a large picture could be written as a file of this name.

    Raises:
        ImageError: its format must be written whole, or holds no such sides.
    """
    kind = format_of(path)
    if not is_streamed(path):
        raise ImageError(
            f"{os.fspath(path)}: a {width}x{height} picture is written row after row, which"
            f" {kind} does not allow: name it .tif, .png or .jpg"
        )
    check_side(kind, width, height, os.fspath(path))


def pack(
    scratch: Scratch, path: str | os.PathLike[str], recipe: str | None = None, quality: int = 92
) -> Path:
    """Encode a picture, with its recipe and an sRGB profile: whole or not at all.

    TIFF comes in tiles, and as BigTIFF where it must. JPEG cannot hold transparency: what is
    transparent is laid on white. The file is made in the scratch's folder, which must be on the
    same disk: what a killed process leaves then lies there.

    Raises:
        ImageError: it cannot be written.
        RecipeError: the recipe is not a JSON object.
    """
    kind, target = format_of(path), Path(os.path.realpath(path))
    xmp = None if recipe is None else xmp_packet(recipe)
    with _told(os.fspath(path)), _part(scratch) as part:
        _ENCODERS[kind](_image(scratch, kind), part, xmp, quality)
        os.replace(part, target)
    return Path(path)


def pack_deepzoom(scratch: Scratch, path: str | os.PathLike[str], quality: int = 92) -> Path:
    """Write a DeepZoom pyramid: `path`, which ends in .dzi, and beside it a folder of JPEG tiles.

    Raises:
        ImageError: it cannot be written.
    """
    target = Path(os.path.realpath(path))
    with _told(os.fspath(path)), _part(scratch) as part:
        part.mkdir()
        name = target.stem
        # libvips puts the description into the tiles' folder's parent
        _image(scratch, "JPEG").dzsave(os.fsencode(part / name), suffix=f".jpg[Q={quality}]")
        (part / f"{name}_files" / "vips-properties.xml").unlink()  # has the time in it
        folder = target.with_name(f"{name}_files")
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(part / f"{name}_files", folder)
        os.replace(part / f"{name}.dzi", target)
    return Path(path)


def _image(scratch: Scratch, kind: str) -> Any:
    image = open_samples(scratch.path, scratch.stored, scratch.depth)
    if kind == "JPEG" and image.bands == 4:
        image = image.flatten(background=[2**scratch.depth - 1] * 3)
    return image


def _pack_tiff(image: Any, path: Path, xmp: bytes | None, quality: int) -> None:
    size = image.width * image.height * image.bands * (2 if image.format == "ushort" else 1)
    with_fields(image, srgb_profile(), xmp).tiffsave(
        os.fsencode(path),
        tile=True,
        tile_width=_TILE,
        tile_height=_TILE,
        compression="deflate",
        predictor="horizontal",
        bigtiff=size > _BIG,
    )


def _pack_jpeg(image: Any, path: Path, xmp: bytes | None, quality: int) -> None:
    if xmp is not None and len(xmp) > _JPEG_XMP:
        raise OSError("the recipe is over 64 KB; try .png or .tiff")
    # Full colour resolution, as everywhere.
    with_fields(image, srgb_profile(), xmp).jpegsave(
        os.fsencode(path), Q=quality, subsample_mode="off"
    )


def _pack_png(image: Any, path: Path, xmp: bytes | None, quality: int) -> None:
    plain = path.with_suffix(".plain")
    try:
        image.pngsave(os.fsencode(plain), compression=6, filter="all")
        with open(plain, "rb") as source, open(path, "wb") as file:
            # libvips would put the XMP packet where other programs do not look for it.
            file.write(png.add_metadata(source.read(png.HEADER_END), srgb_profile(), xmp))
            shutil.copyfileobj(source, file, 2**24)
    finally:
        plain.unlink(missing_ok=True)


_ENCODERS = {"TIFF": _pack_tiff, "JPEG": _pack_jpeg, "PNG": _pack_png}


@contextmanager
def _part(scratch: Scratch) -> Iterator[Path]:
    """Give a name beside a scratch; what stands there at the end is taken away."""
    part = scratch.path.with_name(f".impasto-{secrets.token_hex(6)}.part")
    try:
        yield part
    finally:
        if part.is_dir():
            shutil.rmtree(part, ignore_errors=True)
        else:
            part.unlink(missing_ok=True)


@contextmanager
def _told(shown: str) -> Iterator[None]:
    try:
        yield
    except ImpastoError:
        raise
    except (OSError, libvips().Error) as error:
        raise ImageError(f"{shown} cannot be written: {reason(error)}") from error
