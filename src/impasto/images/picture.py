"""Hold a picture in memory and check arrays that callers hand in."""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.errors import ImageError

MAX_PIXELS = 2**28
"""Most pixels a picture may have: 268 million, about 3 GB as float32."""

MIN_SIDE = 16
"""Fewest pixels a side may have: the networks halve a picture up to four times."""

_RANGE_SLACK = 1e-3


@dataclass(frozen=True, eq=False)
class Picture:
    """Hold one picture and where it came from.

    Attributes:
        pixels: `(H, W, 3)`, sRGB in `[0, 1]`.
        alpha: `(H, W)` in `[0, 1]`, 0 is transparent; None when the picture is opaque.
        name: File name without its folder, or "array".
        sha256: Hash of the file's bytes, or of an array's shape, type and bytes.
        signed: The file's bytes where it seems to carry a signed manifest, for whoever signs what
            is made of it; else None.
    """

    pixels: NDArray[np.float32]
    alpha: NDArray[np.float32] | None
    name: str
    sha256: str
    signed: bytes | None = None


def check_pixels(pixels: NDArray[Any], name: str, *, copy: bool = True) -> NDArray[np.float32]:
    """Check an array of pixels and bring it into the image contract.

    Args:
        pixels: `(H, W, 3)`; uint8, uint16, or floats in `[0, 1]`. It is not changed.
        name: What error messages call the array.
        copy: Without it, an array that keeps the contract already is returned itself.

    Returns:
        A new `(H, W, 3)` float32 array in `[0, 1]`. Floats up to 0.001 outside are clipped.

    Raises:
        ImageError: The shape, the type or a value is not one of those.
    """
    pixels = _as_array(pixels, name)
    if pixels.ndim != 3 or pixels.shape[2] != 3:
        raise ImageError(
            f"{name} has shape {pixels.shape}; expected (height, width, 3): "
            "reorder or convert its channels to RGB"
        )
    return unit_range(pixels, name, copy=copy)


def unit_range(values: NDArray[Any], name: str, *, copy: bool = True) -> NDArray[np.float32]:
    """Scale samples of any accepted type to float32 numbers in `[0, 1]`; `copy` as above.

    Raises:
        ImageError: The array is empty, of another type, not finite or out of range.
    """
    if values.size == 0:
        raise ImageError(
            f"{name} is empty, its shape is {values.shape}; pass a picture with pixels"
        )
    if values.dtype.kind == "u" and values.dtype.itemsize <= 2:
        top = np.float32(255 if values.dtype.itemsize == 1 else 65535)
        return np.divide(values, top, dtype=np.float32)  # type: ignore[no-any-return]
    if values.dtype.kind != "f":
        raise ImageError(
            f"{name} has numbers of type {values.dtype}; expected uint8, uint16 or float: "
            "convert it with .astype"
        )
    low, high = float(values.min()), float(values.max())
    if not np.isfinite(low + high):
        raise ImageError(f"{name} holds NaN or infinite values; replace them by numbers in [0, 1]")
    if low < -_RANGE_SLACK or high > 1 + _RANGE_SLACK:
        raise ImageError(
            f"{name} has values from {low:.4g} to {high:.4g}; expected [0, 1]: "
            "divide by its maximum (255 for bytes) or clip it"
        )
    inside = low >= 0 and high <= 1
    found = values.astype(np.float32, copy=copy or not inside)
    return found if inside else np.clip(found, 0.0, 1.0, out=found)


def check_side(width: int, height: int, name: str) -> None:
    """Refuse a picture that is too small for the networks.

    Raises:
        ImageError: A side is under `MIN_SIDE`.
    """
    if min(width, height) < MIN_SIDE:
        raise ImageError(
            f"{name} is {width}x{height} px; every side needs at least {MIN_SIDE} px: "
            "enlarge or crop it"
        )


def check_size(width: int, height: int, name: str) -> None:
    """Refuse a picture that is too small for the networks or too large for the memory.

    Raises:
        ImageError: A side is under `MIN_SIDE`, or there are more than `MAX_PIXELS` pixels.
    """
    check_side(width, height, name)
    if width * height > MAX_PIXELS:
        raise ImageError(
            f"{name} is {width}x{height} px, over the limit of {MAX_PIXELS} pixels: "
            "scale it down first"
        )


def picture_from_array(array: NDArray[Any], name: str = "array") -> Picture:
    """Make a picture of a grey `(H, W)`, RGB `(H, W, 3)` or RGBA `(H, W, 4)` array.

    Raises:
        ImageError: The array is none of those, or too small or too large.
    """
    array = _as_array(array, name)
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)):
        raise ImageError(
            f"{name} has shape {array.shape}; expected (height, width), (height, width, 3) "
            "or (height, width, 4): reorder its axes"
        )
    check_size(array.shape[1], array.shape[0], name)
    digest = hashlib.sha256(f"{array.shape} {array.dtype.str} ".encode())
    digest.update(np.ascontiguousarray(array).tobytes())
    values = unit_range(array, name)
    if values.ndim == 2:
        values = np.repeat(values[..., None], 3, axis=2)
    alpha = values[..., 3] if values.shape[2] == 4 else None
    return finish_picture(values[..., :3], alpha, name, digest.hexdigest())


def finish_picture(
    pixels: NDArray[np.float32], alpha: NDArray[np.float32] | None, name: str, sha256: str
) -> Picture:
    """Drop an alpha that is opaque everywhere and give fully transparent pixels a colour.

    Editors leave anything, often black, under alpha 0; a network would see and smear it.
    Those pixels get the mean of the visible ones, weighted by alpha.

    Raises:
        ImageError: Nothing is visible.
    """
    if alpha is None or bool((alpha == 1).all()):
        return Picture(np.ascontiguousarray(pixels), None, name, sha256)
    total = float(alpha.sum(dtype=np.float64))
    if total == 0:
        raise ImageError(f"{name} is transparent everywhere: give it at least one visible pixel")
    mean = np.einsum("hwc,hw->c", pixels, alpha, dtype=np.float64) / total
    filled = np.where((alpha == 0)[..., None], mean.astype(np.float32), pixels)
    return Picture(filled, np.ascontiguousarray(alpha), name, sha256)


def _as_array(value: NDArray[Any], name: str) -> NDArray[Any]:
    if not isinstance(value, np.ndarray):
        raise ImageError(f"{name} is a {type(value).__name__}; expected a numpy array of pixels")
    return value


def check_pair(
    result: NDArray[Any], content: NDArray[Any]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return a result and its content, checked as by `check_pixels`.

    Raises:
        ImageError: An array is no picture, or the sizes differ.
    """
    result = check_pixels(result, "result", copy=False)
    content = check_pixels(content, "content", copy=False)
    if result.shape != content.shape:
        raise ImageError(
            f"result is {result.shape[:2]} and content {content.shape[:2]} (height, width); "
            "expected the same size: resize one of them"
        )
    return result, content
