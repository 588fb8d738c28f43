"""Change the size of pictures without aliasing and without going through 8 bits."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.errors import ImageError


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
    height, width = pixels.shape[:2]
    scale = longest / max(height, width)
    # `round` brings the longest side to `longest` exactly; a sliver keeps one pixel.
    return resize(pixels, max(1, round(height * scale)), max(1, round(width * scale)))
