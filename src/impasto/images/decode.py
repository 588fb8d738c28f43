"""Decode the bytes of a picture file into samples, before any colour conversion."""

import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from impasto.errors import ImageError, ImpastoError, MissingExtraError
from impasto.images import png
from impasto.images.files import reason
from impasto.images.picture import check_size
from impasto.images.profiles import lab_to_rgb
from impasto.images.tiff import check_depth, is_for_pillow, read_tags, split_samples
from impasto.images.vips import find_field, open_picture, stored_samples

_ORIENTATION = 0x0112
_PLUGINS = {
    "JPEG": "JpegImagePlugin.JpegImageFile",
    "WEBP": "WebPImagePlugin.WebPImageFile",
    "AVIF": "AvifImagePlugin.AvifImageFile",
    "TIFF": "TiffImagePlugin.TiffImageFile",
    "BMP": "BmpImagePlugin.BmpImageFile",
    "GIF": "GifImagePlugin.GifImageFile",
}


@dataclass(frozen=True, eq=False)
class Samples:
    """Hold what a file stores.

    Attributes:
        color: `(H, W, C)` uint8, uint16 or float32; C is 1 for grey, 3 RGB, 4 CMYK.
        alpha: `(H, W)` of the same type, or None.
        profile: ICC profile, b"" for a damaged one, or None.
        orientation: EXIF orientation 1..8 that is still to be applied.
    """

    color: NDArray[Any]
    alpha: NDArray[Any] | None
    profile: bytes | None
    orientation: int = 1


def decode(kind: str, data: bytes, name: str) -> Samples:
    """Decode a file of a known format; its size is checked before its pixels are read.

    Raises:
        ImageError: The file is damaged, too small, too large or of an unusual kind.
        MissingExtraError: It is a HEIC picture and its reader is not installed.
    """
    try:
        return _DECODERS.get(kind, _decode_with_pillow)(kind, data, name)
    except ImpastoError:
        raise
    except Exception as error:
        # Foreign bytes: the decoders raise nearly every kind of exception on damaged files.
        raise ImageError(
            f"{name} is a {kind} file that is cut short or damaged ({reason(error)}): "
            "copy or export it again"
        ) from error


def open_header(kind: str, file: BinaryIO) -> Any:
    """Read a file's header with Pillow; pixels wait for `load`.

    The plugin is called directly: `Image.open` would apply Pillow's own pixel limit,
    which is a global of the process, and try formats that were not asked for.
    """
    module, _, name = _PLUGINS[kind].partition(".")
    return getattr(import_module(f"PIL.{module}"), name)(file)


def _decode_with_pillow(kind: str, data: bytes, name: str) -> Samples:
    with open_header(kind, io.BytesIO(data)) as image:
        return _samples_of(image, name, upright=kind == "TIFF")


def _decode_png(kind: str, data: bytes, name: str) -> Samples:
    image = open_picture(kind, data)
    check_size(image.width, image.height, name)
    stored, colors = stored_samples(image)
    alpha = stored[..., colors] if stored.shape[2] > colors else None
    # From the file: libvips says nothing of damaged EXIF data and profiles.
    orientation, profile = (
        png_orientation(io.BytesIO(data), name),
        png.find_profile(io.BytesIO(data)),
    )
    return Samples(stored[..., :colors], alpha, profile, orientation)


def png_orientation(file: BinaryIO, name: str) -> int:
    """Return the EXIF orientation of a PNG file."""
    return _orientation(png.find_chunk(file, b"eXIf"), name)


def _decode_tiff(kind: str, data: bytes, name: str) -> Samples:
    tags = read_tags(io.BytesIO(data))
    if is_for_pillow(tags):
        return _decode_with_pillow(kind, data, name)
    check_depth(tags, name)
    image = open_picture(kind, data)
    check_size(image.width, image.height, name)
    color, alpha = split_samples(*stored_samples(image), tags, name)
    profile = find_field(image, "icc-profile-data")
    return Samples(color, alpha, profile, find_field(image, "orientation") or 1)


def _decode_heic(kind: str, data: bytes, name: str) -> Samples:
    try:
        # Not an import statement: the package has no type information.
        pi_heif = import_module("pi_heif")
    except ImportError:
        raise MissingExtraError("Reading HEIC pictures", "heic") from None
    with pi_heif.HeifImageFile(io.BytesIO(data)) as image:
        return _samples_of(image, name, upright=True)


def _samples_of(image: Any, name: str, *, upright: bool) -> Samples:
    """Load a Pillow picture; `upright` when its decoder has applied the orientation."""
    check_size(image.width, image.height, name)
    image.load()
    profile = image.info.get("icc_profile")
    orientation = 1 if upright else _orientation(None, name, image)
    if image.mode == "LAB":
        image, profile = lab_to_rgb(image), None
    if image.mode == "I;16":
        # Only 12-bit TIFF comes here: as 16 bits it would be too dark.
        return Samples(np.asarray(image)[..., None] / np.float32(4095), None, profile)
    stored = np.asarray(_plain_mode(image, name))
    stored = stored.reshape(*stored.shape[:2], -1)
    if image.mode == "CMYK":
        return Samples(stored, None, profile, orientation)
    colors = 1 if stored.shape[2] < 3 else 3
    alpha = stored[..., colors] if stored.shape[2] > colors else None
    return Samples(stored[..., :colors], alpha, profile, orientation)


def _plain_mode(image: Any, name: str) -> Any:
    """Convert a Pillow picture to L, LA, RGB, RGBA or CMYK."""
    if "transparency" in image.info or image.mode in ("PA", "RGBa", "La"):
        return image.convert("RGBA")
    if image.mode in ("L", "LA", "RGB", "RGBA", "CMYK"):
        return image
    if image.mode == "1":
        return image.convert("L")
    if image.mode == "P":
        return image.convert("RGBA" if image.palette.mode == "RGBA" else "RGB")
    if image.mode in ("YCbCr", "RGBX"):
        return image.convert("RGB")
    raise ImageError(
        f"{name} has pixels of the unusual kind {image.mode}; expected grey, RGB or CMYK: "
        "export it as RGB"
    )


def image_orientation(image: Any, name: str) -> int:
    """Return the EXIF orientation of a file that Pillow has opened."""
    return _orientation(None, name, image)


def _orientation(exif: bytes | None, name: str, image: Any = None) -> int:
    """Return the EXIF orientation; damaged EXIF data do not make a picture unreadable."""
    from PIL import Image

    try:
        tags = image.getexif() if image is not None else Image.Exif()
        if exif:
            tags.load(exif)
        value = tags.get(_ORIENTATION, 1)
    except Exception as error:
        text = f"the EXIF data of {name} are damaged ({reason(error)}); it may lie on its side"
        warnings.warn(text, UserWarning, stacklevel=1)  # here, so that it is told once
        return 1
    return value if isinstance(value, int) else 1


_DECODERS: dict[str, Callable[[str, bytes, str], Samples]] = {
    "PNG": _decode_png,
    "TIFF": _decode_tiff,
    "HEIC": _decode_heic,
}
