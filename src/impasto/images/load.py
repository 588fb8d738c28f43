"""Load pictures from files and arrays."""

import hashlib
import os
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.errors import ImageError
from impasto.images.decode import decode
from impasto.images.files import read_file
from impasto.images.orientation import turned
from impasto.images.picture import Picture, finish_picture, picture_from_array, unit_range
from impasto.images.profiles import to_srgb

# how the outermost box of a C2PA manifest begins
MANIFEST = b"jumdc2pa"

Source = str | os.PathLike[str] | NDArray[Any] | Picture


def load_picture(source: Source) -> Picture:
    """Load a picture: upright, in sRGB, with its transparency apart.

    Args:
        source: A JPEG, PNG, WebP, AVIF, TIFF, BMP, GIF (first frame) or HEIC file; an array
            that is grey `(H, W)`, RGB `(H, W, 3)` or RGBA `(H, W, 4)`, of uint8, uint16 or
            floats in `[0, 1]`; or a picture, which is returned as it is.

    Raises:
        ImageError: The source is no such picture, is damaged, has a side under 16 pixels or
            more than 2**28 pixels.
        MissingExtraError: It is a HEIC file and the extra [heic] is not installed.
    """
    if isinstance(source, Picture):
        return source
    if isinstance(source, np.ndarray):
        return picture_from_array(source)
    if not isinstance(source, str | os.PathLike):
        raise ImageError(
            f"a picture cannot be loaded from a {type(source).__name__}; "
            "pass a path, a numpy array or a Picture"
        )
    return _load_file(source)


def load(path: str | os.PathLike[str]) -> NDArray[np.float32]:
    """Load a picture file's pixels, `(H, W, 3)` sRGB in `[0, 1]`.

    Raises:
        ImageError: As `load_picture`.
        MissingExtraError: As `load_picture`.
    """
    return load_picture(path).pixels


def _load_file(path: str | os.PathLike[str]) -> Picture:
    kind, data = read_file(path)
    name = os.path.basename(os.fspath(path))
    stored = decode(kind, data, name)
    pixels = turned(to_srgb(stored.color, stored.profile, name), stored.orientation)
    alpha = None
    if stored.alpha is not None:
        alpha = turned(unit_range(stored.alpha, name), stored.orientation)
    picture = finish_picture(pixels, alpha, name, hashlib.sha256(data).hexdigest())
    return replace(picture, signed=data) if MANIFEST in data else picture
