"""Encode pictures of any size from the disk, in bounded memory."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.errors import ImageError, ImpastoError
from impasto.images import png
from impasto.images.files import reason, sync_file
from impasto.images.metadata import xmp_packet
from impasto.images.profiles import srgb_profile
from impasto.images.save import check_side, format_of
from impasto.images.scratch import Scratch
from impasto.images.vips import libvips, open_samples, with_fields

_STREAMED = ("TIFF", "PNG", "JPEG")
_BIG = 2**32 - 2**25  # bytes that an ordinary TIFF holds
_JPEG_XMP = 65000  # bytes, more of which libvips leaves out in silence
_TILE = 512
_TILES_BYTES = 2**25  # that are compressed at once
_XMP = 700  # TIFF's tag for it

Wait = Callable[[int], object]


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
    scratch: Scratch,
    path: str | os.PathLike[str],
    recipe: str | None = None,
    quality: int = 92,
    wait: Wait = lambda rows: None,
    threads: int = 1,
) -> Path:
    """Encode a picture, with its recipe and an sRGB profile: whole or not at all.

    TIFF comes in tiles, and as BigTIFF where it must. JPEG cannot hold transparency: what is
    transparent is laid on white. The file is made in the scratch's folder, which must be on the
    same disk: what a killed process leaves then lies there. `wait` is called with a number of rows
    before these are read, and returns when they are there: TIFF is encoded while others are
    painted, by so many `threads`. At the end it is called once more: what it raises then leaves
    the file that was there.

    Raises:
        ImageError: it cannot be written.
        RecipeError: the recipe is not a JSON object.
    """
    kind, target = format_of(path), Path(os.path.realpath(path))
    xmp = None if recipe is None else xmp_packet(recipe)
    with _told(os.fspath(path)), _part(scratch) as part:
        if kind == "TIFF":
            with closing(scratch):  # which opens anew for who needs it
                _pack_tiff(scratch, part, xmp, wait, threads)
        else:
            wait(scratch.shape[0])
            _ENCODERS[kind](_image(scratch, kind), part, xmp, quality)
        sync_file(part)
        wait(scratch.shape[0])
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
        made = part / "a"  # a name in which libvips finds no options, and no archive
        _image(scratch, "JPEG").dzsave(os.fsencode(made), suffix=f".jpg[Q={quality}]")
        (part / "a_files" / "vips-properties.xml").unlink()  # has the time in it
        folder = target.with_name(f"{target.stem}_files")
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(part / "a_files", folder)
        os.replace(part / "a.dzi", target)
    return Path(path)


def _image(scratch: Scratch, kind: str) -> Any:
    image = open_samples(scratch.path, scratch.stored, scratch.depth)
    if kind == "JPEG" and image.bands == 4:
        image = image.flatten(background=[2**scratch.depth - 1] * 3)
    return image


def _pack_tiff(scratch: Scratch, path: Path, xmp: bytes | None, wait: Wait, threads: int) -> None:
    """Write with tifffile, which compresses tiles by several threads; libvips does by one."""
    import tifffile

    # libvips reads none that are much larger than the picture
    tile = tuple(min(_TILE, side + -side % 16) for side in scratch.shape[:2])
    tifffile.imwrite(
        path,
        _tiles(scratch, tile, wait),
        shape=scratch.stored,
        dtype=np.uint8 if scratch.depth == 8 else np.uint16,
        bigtiff=scratch.size > _BIG,
        photometric="rgb",
        extrasamples=["unassalpha"] if scratch.stored[2] == 4 else None,
        tile=tile,
        compression="zlib",
        # a higher one takes twice the time, and saves nothing of what is painted
        compressionargs={"level": 1},
        predictor=True,
        iccprofile=srgb_profile(),
        extratags=[] if xmp is None else [(_XMP, "B", len(xmp), xmp, True)],
        resolution=(300, 300),
        resolutionunit="INCH",
        metadata=None,
        software=False,
        maxworkers=threads,
        buffersize=_TILES_BYTES,
    )


def _tiles(scratch: Scratch, tile: Sequence[int], wait: Wait) -> Iterator[NDArray[Any]]:
    height, width, _ = scratch.shape
    for top in range(0, height, tile[0]):
        bottom = min(top + tile[0], height)
        wait(bottom)
        row = scratch.samples((slice(top, bottom), slice(0, width)))
        for left in range(0, width, tile[1]):
            yield np.ascontiguousarray(row[:, left : left + tile[1]])


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


_ENCODERS = {"JPEG": _pack_jpeg, "PNG": _pack_png}


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
    except (OSError, ValueError, libvips().Error) as error:
        raise ImageError(f"{shown} cannot be written: {reason(error)}") from error
