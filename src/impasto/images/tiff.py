"""Read TIFF pages with all their bits, which Pillow would cut to 8."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.errors import ImageError
from impasto.images.picture import unit_range

_COLORS = {"MINISWHITE": 1, "MINISBLACK": 1, "RGB": 3, "SEPARATED": 4}
_JPEG = (6, 7)
_ASSOCIATED, _UNASSOCIATED = 1, 2


def is_for_pillow(page: Any) -> bool:
    """Tell whether a page is of a kind with 8 bits at most that only Pillow converts.

    Those are palettes, black and white, YCbCr, Lab and JPEG inside TIFF. All others go
    past Pillow, also because it holds TIFF files to its own, lower limit of pixels.
    """
    plain = _photometric(page) in _COLORS and page.bitspersample == 8
    return page.bitspersample <= 8 and (not plain or int(page.compression) in _JPEG)


def read_page(page: Any, name: str) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """Read the colour `(H, W, C)` and the alpha of a tifffile page.

    Raises:
        ImageError: It is neither grey, RGB nor CMYK, or neither of unsigned integers nor of
            floats in `[0, 1]`.
    """
    photometric = _photometric(page)
    colors = _COLORS.get(photometric)
    if colors is None or page.axes not in ("YX", "YXS", "SYX"):
        raise ImageError(
            f"{name} is a {page.bitspersample}-bit TIFF of kind {photometric} {page.axes}; "
            "expected grey, RGB or CMYK: export it as RGB"
        )
    stored = _read_samples(page, name)
    color = stored[..., :colors]
    if color.shape[2] != colors:
        raise ImageError(
            f"{name} is a TIFF of kind {photometric} with {color.shape[2]} channels; "
            f"expected {colors}: export it again"
        )
    if photometric == "MINISWHITE":
        color = _top(color) - color
    extra = [int(kind) for kind in page.extrasamples]
    if not extra or extra[0] not in (_ASSOCIATED, _UNASSOCIATED):
        return color, None
    alpha = stored[..., colors]
    return (_unmultiply(color, alpha) if extra[0] == _ASSOCIATED else color), alpha


def _photometric(page: Any) -> str:
    return getattr(page.photometric, "name", str(page.photometric))


def _read_samples(page: Any, name: str) -> NDArray[Any]:
    """Read `(H, W, S)` as uint8, uint16 or, for any other depth, float32 in `[0, 1]`."""
    stored: NDArray[Any] = page.asarray()
    if page.axes == "SYX":
        stored = np.moveaxis(stored, 0, 2)
    stored = stored.reshape(*stored.shape[:2], -1)
    if stored.dtype.kind == "f":
        return unit_range(stored, name)
    if stored.dtype.kind != "u":
        raise ImageError(
            f"{name} is a TIFF with numbers of type {stored.dtype}; expected unsigned integers "
            "or floats in [0, 1]: export it with 16 bits"
        )
    if page.bitspersample in (8, 16):
        return stored.astype(stored.dtype.newbyteorder("="), copy=False)
    # 10, 12, 14 or 32 bits: as they are, the first three would come out too dark.
    return unit_range(stored / (2.0**page.bitspersample - 1), name)


def _top(samples: NDArray[Any]) -> Any:
    return samples.dtype.type(1 if samples.dtype.kind == "f" else np.iinfo(samples.dtype).max)


def _unmultiply(color: NDArray[Any], alpha: NDArray[Any]) -> NDArray[np.float32]:
    """Undo colours that were stored multiplied by alpha; float32 in `[0, 1]`."""
    opacity = alpha.astype(np.float32) / np.float32(_top(alpha))
    divided = color / np.float32(_top(color)) / np.maximum(opacity, 1e-6)[..., None]
    clipped: NDArray[np.float32] = np.minimum(divided, 1).astype(np.float32)
    return clipped
