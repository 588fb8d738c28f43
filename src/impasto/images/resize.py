"""Change the size of pictures without aliasing and without going through 8 bits."""

import math
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.errors import ImageError
from impasto.images.picture import check_size

_BAND = 64  # rows
_SAMPLES = 64  # pixels before for one after, in each direction: more change nothing to be seen


def resize(pixels: NDArray[Any], height: int, width: int) -> NDArray[np.float32]:
    """Resize to exactly `height` x `width` with an antialiased Lanczos filter.

    Args:
        pixels: `(H, W, C)` or `(H, W)` in `[0, 1]`.
        height: New height in pixels.
        width: New width in pixels.

    Returns:
        A new float32 array, clipped to `[0, 1]`: Lanczos overshoots at edges.

    Raises:
        ImageError: The array is no picture, or a side would be under 1 pixel.
    """
    from PIL import Image

    if pixels.ndim not in (2, 3) or pixels.size == 0:
        raise ImageError(
            f"an array of shape {pixels.shape} cannot be resized; "
            "expected (height, width) or (height, width, channels)"
        )
    if height < 1 or width < 1:
        raise ImageError(f"a picture cannot become {width}x{height} px; every side needs 1 px")
    if pixels.shape[:2] == (height, width):
        return np.clip(pixels, 0.0, 1.0, dtype=np.float32, order="C")  # type: ignore[no-any-return]
    planes = pixels[..., None] if pixels.ndim == 2 else pixels
    resized = np.empty((height, width, planes.shape[2]), np.float32)
    for channel in range(planes.shape[2]):
        plane = Image.fromarray(np.ascontiguousarray(planes[..., channel], np.float32))
        resized[..., channel] = np.asarray(plane.resize((width, height), Image.Resampling.LANCZOS))
    np.clip(resized, 0.0, 1.0, out=resized)
    return resized[..., 0] if pixels.ndim == 2 else resized


def fit(pixels: NDArray[Any], longest: int) -> NDArray[np.float32]:
    """Resize so that the longest side is exactly `longest`; the shape of the picture stays.

    Small pictures are enlarged.

    Raises:
        ImageError: The array is no picture, or `longest` is under 1.
    """
    if longest < 1:
        raise ImageError(f"the longest side cannot become {longest} px; expected at least 1")
    if pixels.ndim < 2 or pixels.size == 0:
        return resize(pixels, longest, longest)
    return resize(pixels, *_fitted(pixels.shape, longest))


def sides_at(pixels: NDArray[Any], longest: int | None, name: str) -> tuple[int, int]:
    """Return the height and width that `fit` would give; without `longest` they stay as they are.

    Raises:
        ImageError: That is too small for the networks or too large for the memory.
    """
    height, width = pixels.shape[:2]
    if longest is not None:
        (height, width), name = _fitted(pixels.shape, longest), f"{name} at size {longest}"
    check_size(width, height, name)
    return height, width


def _fitted(shape: tuple[int, ...], longest: int) -> tuple[int, int]:
    height, width = shape[:2]
    scale = longest / max(height, width)
    # `round` brings the longest side to `longest` exactly; a sliver keeps one pixel.
    return max(1, round(height * scale)), max(1, round(width * scale))


def resized_part(
    pixels: Any, height: int, width: int, place: tuple[slice, slice]
) -> NDArray[np.float32]:
    """Return a part of what `resize` to `height` x `width` would give, at the cost of the part.

    What gets much smaller is averaged first, in strips, which differs by less than half a level.

    Args:
        pixels: `(H, W)` or `(H, W, C)` in `[0, 1]`, an array or what is indexed like one.
        height: Height of the whole, in pixels.
        width: Width of the whole, in pixels.
        place: Rows and columns of the part.
    """
    from PIL import Image

    scale = min(pixels.shape[0] / height, pixels.shape[1] / width)
    if scale >= 2 * _SAMPLES:
        pixels = _Averaged(pixels, int(scale / _SAMPLES))
    down, top, bottom = _needed(place[0], pixels.shape[0], height)
    right, left, end = _needed(place[1], pixels.shape[1], width)
    seen = pixels[top:bottom, left:end]
    rows, columns = place
    box = (
        columns.start * right - left,
        rows.start * down - top,
        min(columns.stop * right - left, seen.shape[1]),
        min(rows.stop * down - top, seen.shape[0]),
    )
    size = (columns.stop - columns.start, rows.stop - rows.start)
    planes = seen[..., None] if seen.ndim == 2 else seen
    out = np.empty((size[1], size[0], planes.shape[2]), np.float32)
    for channel in range(planes.shape[2]):
        plane = Image.fromarray(np.ascontiguousarray(planes[..., channel], np.float32))
        out[..., channel] = np.asarray(plane.resize(size, Image.Resampling.LANCZOS, box=box))
    np.clip(out, 0.0, 1.0, out=out)
    return out[..., 0] if seen.ndim == 2 else out


def _needed(span: slice, before: int, after: int) -> tuple[float, int, int]:
    """Return pixels before for one after, and the first and the last that a span depends on."""
    scale = before / after
    support = 3 * max(scale, 1) + 2  # of the Lanczos filter
    first = max(0, math.floor(span.start * scale - support))
    return scale, first, min(before, math.ceil(span.stop * scale + support))


def thumbnail(pixels: Any, longest: int) -> NDArray[np.float32]:
    """Resize as `fit`, of a picture that is read in parts.

    What is to be much smaller is first averaged over rectangles that are nearly square.

    Args:
        pixels: `(H, W, 3)` in `[0, 1]`, an array or what is indexed like one.
        longest: Longest side of the result.
    """
    height, width = pixels.shape[:2]
    side = max(1, max(height, width) // (4 * longest))
    if side == 1:
        return _in_bands(pixels, *_fitted(pixels.shape, longest))
    seen = _Averaged(pixels, side)
    return resize(seen[0 : seen.shape[0], 0 : seen.shape[1]], *_fitted(pixels.shape, longest))


class _Averaged:
    """Show a picture smaller: a pixel is the mean of nearly a square of so many pixels' side."""

    def __init__(self, pixels: Any, side: int) -> None:
        self.pixels = pixels
        self.rows, self.columns = (_edges(length, side) for length in pixels.shape[:2])
        self.shape = (len(self.rows) - 1, len(self.columns) - 1, *pixels.shape[2:])

    def __getitem__(self, place: tuple[slice, slice]) -> NDArray[np.float32]:
        rows = self.rows[place[0].start : place[0].stop + 1]
        columns = np.array(self.columns[place[1].start : place[1].stop + 1])
        counts = np.diff(columns).reshape(-1, *[1] * len(self.shape[2:]))
        out = np.empty((len(rows) - 1, len(counts), *self.shape[2:]), np.float32)
        for row, (top, bottom) in enumerate(pairwise(rows)):
            band = self.pixels[top:bottom, columns[0] : columns[-1]].mean(0, dtype=np.float64)
            out[row] = np.add.reduceat(band, columns[:-1] - columns[0]) / counts
        return out


def _in_bands(pixels: Any, height: int, width: int) -> NDArray[np.float32]:
    """Resize as `resize`, of a picture that is read a band of rows at a time."""
    whole, small = slice(0, width), np.empty((height, width, 3), np.float32)
    for start in range(0, height, _BAND):
        rows = slice(start, min(start + _BAND, height))
        small[rows] = resized_part(pixels, height, width, (rows, whole))
    return small


def _edges(length: int, side: int) -> list[int]:
    """Cut a length into equal parts, no shorter than `side` if that can be."""
    count = max(1, length // side)
    return [i * length // count for i in range(count + 1)]
