"""Ask libvips for what Pillow would cut to 8 bits: PNG, TIFF and colour profiles."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_SPACES = {"gray": ("b-w", "grey16"), "rgb": ("srgb", "rgb16"), "cmyk": ("cmyk", "cmyk")}
_COLORS = {name: {"gray": 1, "rgb": 3, "cmyk": 4}[key] for key in _SPACES for name in _SPACES[key]}
_COLORS["scrgb"] = 3
_DOTS_PER_MM = 300 / 25.4


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


def stored_samples(image: Any) -> tuple[NDArray[Any], int]:
    """Decode to `(H, W, S)`; also say how many of the S are colours, 0 for unknown ones."""
    stored: NDArray[Any] = image.numpy()
    stored = stored.reshape(*stored.shape[:2], -1)
    colors = _COLORS.get(image.interpretation, 0)
    return stored, colors if colors <= stored.shape[2] else 0


def find_field(image: Any, name: str) -> Any:
    """Return one of the data that a file holds besides its pixels, or None."""
    return image.get(name) if image.get_typeof(name) else None


def encode_png(samples: NDArray[Any]) -> bytes:
    """Encode uint8 or uint16 RGB or RGBA, without metadata."""
    return bytes(_wrap(samples, "rgb").pngsave_buffer(compression=6, filter="all"))


def encode_tiff(samples: NDArray[Any], profile: bytes, xmp: bytes | None) -> bytes:
    """Encode uint8 or uint16 RGB or RGBA with a colour profile and an XMP packet."""
    image = _wrap(samples, "rgb", profile)
    if xmp is not None:
        image.set_type(libvips().GValue.blob_type, "xmp-data", xmp)
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
    vips = libvips()
    image = vips.Image.new_from_array(np.ascontiguousarray(samples)).copy(
        interpretation=_SPACES[space][samples.dtype == np.uint16],
        # Written into every file; its own default, 25 dots per inch, would print as a poster.
        xres=_DOTS_PER_MM,
        yres=_DOTS_PER_MM,
    )
    if profile is not None:
        image.set_type(vips.GValue.blob_type, "icc-profile-data", profile)
    return image
