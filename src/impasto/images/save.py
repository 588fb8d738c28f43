"""Save pictures with an sRGB profile and their recipe."""

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from impasto.errors import ImageError, ImpastoError
from impasto.images import png
from impasto.images.files import reason, write_file
from impasto.images.metadata import xmp_packet
from impasto.images.picture import check_pixels, unit_range
from impasto.images.profiles import srgb_profile
from impasto.images.vips import encode_png, encode_tiff

FORMATS = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".webp": "WEBP",
    ".avif": "AVIF",
    ".tif": "TIFF",
    ".tiff": "TIFF",
}
DEEP = ("PNG", "TIFF")
_ROWS = 16  # of a picture: what fits the processor's cache
_MAX_SIDE = {"JPEG": 65500, "WEBP": 16383, "AVIF": 65535}
_USUAL_TABLES = 95  # the highest JPEG quality that is written with the usual code tables
_PILLOW_OPTIONS: dict[str, dict[str, Any]] = {
    # Full colour resolution: strokes of saturated paint fray with the usual 4:2:0.
    "JPEG": {"subsampling": 0},
    "WEBP": {"method": 4},
    "AVIF": {"subsampling": "4:4:4", "speed": 6},
}


@dataclass(frozen=True, eq=False)
class _Sheet:
    """Hold what an encoder needs: integer samples `(H, W, 3 or 4)` and metadata."""

    samples: NDArray[Any]
    xmp: bytes | None
    quality: int


def save_picture(
    path: str | os.PathLike[str],
    pixels: NDArray[Any],
    *,
    alpha: NDArray[Any] | None = None,
    recipe: str | None = None,
    depth: int = 8,
    quality: int = 92,
) -> Path:
    """Save a picture whole or not at all; the arguments are those of `encode_picture`.

    Returns:
        The path as given.

    Raises:
        ImageError: As `encode_picture`, or the file cannot be written.
        RecipeError: The recipe is not a JSON object.
    """
    rest: dict[str, Any] = {"recipe": recipe, "depth": depth, "quality": quality}
    return write_file(path, encode_picture(path, pixels, alpha=alpha, **rest))


def encode_picture(
    path: str | os.PathLike[str],
    pixels: NDArray[Any],
    *,
    alpha: NDArray[Any] | None = None,
    recipe: str | None = None,
    depth: int = 8,
    quality: int = 92,
) -> bytes:
    """Return a picture as a file holds it; the same arguments give the same bytes.

    The file carries an sRGB profile. JPEG cannot hold transparency: with `alpha` the
    picture is laid on white.

    Args:
        path: What it will be called; .png, .jpg, .jpeg, .webp, .avif, .tif or .tiff decides the
            format.
        pixels: `(H, W, 3)` sRGB in `[0, 1]`.
        alpha: `(H, W)` in `[0, 1]`, 0 is transparent.
        recipe: The text of a JSON object, kept in the XMP data for `read_recipe`.
        depth: Bits per sample: 8, or 16 for PNG and TIFF.
        quality: 1..100 for JPEG, WebP and AVIF.

    Raises:
        ImageError: The picture or an argument is not as above.
        RecipeError: The recipe is not a JSON object.
    """
    shown = os.fspath(path)
    kind = format_of(path)
    _check_options(kind, depth, quality)
    values = check_pixels(pixels, f"the picture for {shown}", copy=False)
    check_side(kind, values.shape[1], values.shape[0], shown)
    if alpha is not None:
        values = _with_alpha(values, alpha, kind, shown)
    xmp = xmp_packet(recipe) if recipe is not None else None
    return _encode(kind, _Sheet(_quantized(values, depth), xmp, quality), shown)


def webp_bytes(pixels: NDArray[Any], quality: int = 80) -> bytes:
    """Return a picture `(H, W, 3)` in `[0, 1]` as a small WebP file, without any metadata.

    For pages that hold pictures in themselves; browsers take such for sRGB.

    Raises:
        ImageError: The array is no picture, or too large for WebP.
    """
    from PIL import Image

    values = check_pixels(pixels, "the picture", copy=False)
    check_side("WEBP", values.shape[1], values.shape[0], "a page")
    with _system_file() as file:
        Image.fromarray(_quantized(values, 8)).save(file, "WEBP", quality=quality, method=4)
        file.seek(0)
        return file.read()


def _quantized(values: NDArray[np.float32], depth: int) -> NDArray[Any]:
    """Round to integers of 8 or 16 bits, some rows at a time: fresh memory costs most of it."""
    top, stored, exact = (
        (255, np.uint8, np.float32) if depth == 8 else (65535, np.uint16, np.float64)
    )
    samples = np.empty(values.shape, stored)
    for start in range(0, len(values), _ROWS):
        part = slice(start, start + _ROWS)
        samples[part] = np.rint(np.multiply(values[part], top, dtype=exact))
    return samples


def format_of(path: str | os.PathLike[str]) -> str:
    """Return the format that a file name's ending asks for, such as "PNG".

    Raises:
        ImageError: nothing can be written so.
    """
    kind = FORMATS.get(Path(path).suffix.lower())
    if kind is None:
        raise ImageError(
            f"{os.fspath(path)} has no ending that can be written; end it with one of "
            f"{', '.join(FORMATS)}"
        )
    return kind


def _check_options(kind: str, depth: int, quality: int) -> None:
    if depth not in (8, 16):
        raise ImageError(f"depth is {depth}; expected 8 or 16")
    if depth == 16 and kind not in DEEP:
        raise ImageError(f"{kind} holds 8 bits, not 16: save as .png or .tiff, or with depth 8")
    if not 1 <= quality <= 100:
        raise ImageError(f"quality is {quality}; expected 1 to 100")


def check_side(kind: str, width: int, height: int, shown: str) -> None:
    """Refuse sides that a format cannot hold.

    Raises:
        ImageError: one is too long.
    """
    limit = _MAX_SIDE.get(kind)
    if limit is not None and max(width, height) > limit:
        raise ImageError(
            f"the picture for {shown} is {width}x{height} px; {kind} holds sides up to "
            f"{limit} px: save it as .png or .tiff"
        )


def _with_alpha(
    pixels: NDArray[np.float32], alpha: NDArray[Any], kind: str, shown: str
) -> NDArray[np.float32]:
    if not isinstance(alpha, np.ndarray) or alpha.shape != pixels.shape[:2]:
        raise ImageError(
            f"the alpha for {shown} has shape {np.shape(alpha)}; expected {pixels.shape[:2]}, "
            "that of the picture: resize it"
        )
    opacity = unit_range(alpha, f"the alpha for {shown}", copy=False)[..., None]
    if kind == "JPEG":
        return pixels * opacity + (1 - opacity)
    return np.concatenate([pixels, opacity], axis=2)


def _encode(kind: str, sheet: _Sheet, shown: str) -> bytes:
    try:
        return _ENCODERS[kind](kind, sheet)
    except ImpastoError:
        raise
    except Exception as error:
        # The encoders raise different exceptions for what they cannot hold, such as a
        # recipe over 64 KB in a JPEG, and for lack of memory.
        raise ImageError(
            f"{shown} cannot be encoded as {kind} ({reason(error)}): try .png or .tiff"
        ) from error


def _encode_png(kind: str, sheet: _Sheet) -> bytes:
    # libvips would put the XMP packet where other programs do not look for it.
    return png.add_metadata(encode_png(sheet.samples), srgb_profile(), sheet.xmp)


def _encode_tiff(kind: str, sheet: _Sheet) -> bytes:
    return encode_tiff(sheet.samples, srgb_profile(), sheet.xmp)


def _encode_with_pillow(kind: str, sheet: _Sheet) -> bytes:
    from PIL import Image

    options = dict(_PILLOW_OPTIONS[kind], quality=sheet.quality, icc_profile=srgb_profile())
    if sheet.xmp is not None:
        options["xmp"] = sheet.xmp
    if kind == "JPEG":
        # Code tables of its own take as long as all the rest. They make a file smaller by 3 %,
        # but by 20 % at the highest quality. The pixels are the same.
        options["optimize"] = sheet.quality > _USUAL_TABLES
    with _system_file() as file:
        Image.fromarray(np.ascontiguousarray(sheet.samples)).save(file, kind, **options)
        file.seek(0)
        return file.read()


def _system_file() -> IO[bytes]:
    """Return a file in memory where the system has such, else on the disk.

    Into a file of the system's Pillow encodes while other threads go on, into bytes it does not.
    """
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("picture"), "w+b")
    return tempfile.TemporaryFile()


_ENCODERS: dict[str, Callable[[str, _Sheet], bytes]] = {
    "PNG": _encode_png,
    "TIFF": _encode_tiff,
    "JPEG": _encode_with_pillow,
    "WEBP": _encode_with_pillow,
    "AVIF": _encode_with_pillow,
}


def check_target(path: str | os.PathLike[str], depth: int = 8, quality: int = 92) -> None:
    """Check before long work that a picture could be written there.

    Raises:
        ImageError: unknown suffix, a depth it cannot hold, a quality that is none, or a folder
            that cannot be written to.
    """
    _check_options(format_of(path), depth, quality)
    folder = Path(path).resolve().parent
    if not folder.is_dir():
        raise ImageError(f"{folder} is not a folder: make it first, or write elsewhere")
    if Path(path).is_dir():
        raise ImageError(f"{path} is a folder: name a file in it")
    if not os.access(folder, os.W_OK):
        raise ImageError(f"{folder} cannot be written to: choose another folder with -o")
