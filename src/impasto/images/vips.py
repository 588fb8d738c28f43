"""Ask libvips for what Pillow would cut to 8 bits: PNG, TIFF and colour profiles."""

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_SPACES = {"gray": ("b-w", "grey16"), "rgb": ("srgb", "rgb16"), "cmyk": ("cmyk", "cmyk")}
_COLORS = {name: {"gray": 1, "rgb": 3, "cmyk": 4}[key] for key in _SPACES for name in _SPACES[key]}
_COLORS["scrgb"] = 3
_DOTS_PER_MM = 300 / 25.4
_TYPES = {"uchar": "u1", "ushort": "u2", "uint": "u4", "float": "f4", "double": "f8",
          "char": "i1", "short": "i2", "int": "i4"}  # fmt: skip


@cache
def libvips() -> Any:
    """Import pyvips, here because it takes a moment, and set it up."""
    import pyvips

    # What libvips notes about odd files must not stand on the user's screen. The handler of
    # pyvips prints a traceback where a note quotes bytes that are no UTF-8, so it is replaced.
    if pyvips.API_mode:
        pyvips.ffi.def_extern(name="_log_handler_callback")(lambda *note: None)
    # Its memory of past operations would keep whole files and pictures.
    pyvips.cache_set_max(0)
    return pyvips


def open_picture(kind: str, data: bytes) -> Any:
    """Read the header of a PNG or TIFF file; its pixels wait for `stored_samples`."""
    loader = libvips().Image
    if kind == "PNG":
        return loader.pngload_buffer(data, fail_on="error")
    return loader.tiffload_buffer(data, fail_on="error")


def open_file(kind: str, path: Path) -> Any:
    """Read the header of a PNG, TIFF or JPEG file, whose rows can then be read once, in order."""
    vips = libvips()
    # by a descriptor, as its name may be no text
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        source = vips.Source.new_from_descriptor(handle)  # which has a descriptor of its own
    finally:
        os.close(handle)
    loader = getattr(vips.Image, f"{kind.lower()}load_source")
    return loader(source, access="sequential", fail_on="error")


def bands_of(image: Any, rows: int) -> Iterator[tuple[slice, NDArray[Any]]]:
    """Yield an opened file's rows, so many at once, as `(h, W, S)`, and which they are."""
    region = libvips().Region.new(image)
    kind = np.dtype(_TYPES[image.format])
    for top in range(0, image.height, rows):
        count = min(rows, image.height - top)
        data = region.fetch(0, top, image.width, count)
        stored = np.frombuffer(data, kind).reshape(count, image.width, image.bands)
        yield slice(top, top + count), stored


def colors_in(image: Any) -> int:
    """Return how many of a file's samples are colours, 0 for unknown ones."""
    colors = _COLORS.get(image.interpretation, 0)
    return colors if colors <= image.bands else 0


def stored_samples(image: Any) -> tuple[NDArray[Any], int]:
    """Decode to `(H, W, S)`; also say how many of the S are colours, 0 for unknown ones."""
    stored: NDArray[Any] = image.numpy()
    stored = stored.reshape(*stored.shape[:2], -1)
    return stored, colors_in(image)


def find_field(image: Any, name: str) -> Any:
    """Return one of the data that a file holds besides its pixels, or None."""
    return image.get(name) if image.get_typeof(name) else None


def open_samples(path: Path, shape: tuple[int, int, int], depth: int) -> Any:
    """Open a file of plain samples, `(H, W, 3 or 4)` of 8 or 16 bits."""
    height, width, channels = shape
    kind, name = "uchar" if depth == 8 else "ushort", os.fsencode(path)
    image = libvips().Image.rawload(name, width, height, channels, format=kind)
    return _printable(image, "rgb", depth == 16)


def with_fields(image: Any, profile: bytes, xmp: bytes | None = None) -> Any:
    """Return a picture with a colour profile and an XMP packet."""
    image = image.copy()
    blob = libvips().GValue.blob_type
    image.set_type(blob, "icc-profile-data", profile)
    if xmp is not None:
        image.set_type(blob, "xmp-data", xmp)
    return image


def encode_png(samples: NDArray[Any]) -> bytes:
    """Encode uint8 or uint16 RGB or RGBA, without metadata."""
    return bytes(_wrap(samples, "rgb").pngsave_buffer(compression=6, filter="all"))


def encode_tiff(samples: NDArray[Any], profile: bytes, xmp: bytes | None) -> bytes:
    """Encode uint8 or uint16 RGB or RGBA with a colour profile and an XMP packet."""
    image = with_fields(_wrap(samples, "rgb"), profile, xmp)
    return bytes(image.tiffsave_buffer(compression="deflate", predictor="horizontal"))


def convert_color(
    samples: NDArray[Any], space: str, profile: bytes, target: bytes
) -> NDArray[np.uint16]:
    """Convert uint8 or uint16 "gray", "rgb" or "cmyk" samples to an RGB profile, in 16 bits.

    The intent is the one that photo editors use: colours inside sRGB keep their value.

    The profile must be sound: libvips would take sRGB for a damaged one and not say so.

    Raises:
        ValueError: libvips cannot do it.
    """
    import tempfile

    vips = libvips()
    # libvips takes the target as a file only.
    with tempfile.TemporaryDirectory(prefix="impasto-") as folder:
        file = Path(folder) / "target.icc"
        file.write_bytes(target)
        try:
            converted: NDArray[np.uint16] = (
                _wrap(samples, space, profile)
                .icc_transform(
                    str(file),
                    embedded=True,
                    depth=16,
                    intent="relative",
                    black_point_compensation=True,
                )
                .numpy()
            )
        except vips.Error as error:
            raise ValueError(str(error)) from error
    return converted


def _wrap(samples: NDArray[Any], space: str, profile: bytes | None = None) -> Any:
    image = libvips().Image.new_from_array(np.ascontiguousarray(samples))
    image = _printable(image, space, samples.dtype == np.uint16)
    return image if profile is None else with_fields(image, profile)


def _printable(image: Any, space: str, deep: bool) -> Any:
    return image.copy(
        interpretation=_SPACES[space][deep],
        # Written into every file; its own default, 25 dots per inch, would print as a poster.
        xres=_DOTS_PER_MM,
        yres=_DOTS_PER_MM,
    )
