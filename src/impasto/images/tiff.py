"""Read TIFF files with all their bits."""

from typing import Any, BinaryIO

from numpy.typing import NDArray

from impasto.errors import ImageError
from impasto.images.picture import unit_range

BITS, PHOTOMETRIC, SAMPLES, EXTRA_SAMPLES = 258, 262, 277, 338
_MAX_SAMPLES = 16
_WHITE_IS_ZERO, _LAB = 0, 8
_ALPHA = (1, 2)


def read_tags(file: BinaryIO) -> Any:
    """Read the tags of the first page; those with a default may be absent."""
    from PIL.TiffImagePlugin import ImageFileDirectory_v2

    head = file.read(16)
    # BigTIFF, version 43, has a longer header.
    tags = ImageFileDirectory_v2(head if 43 in head[2:4] else head[:8])
    file.seek(tags.next)
    tags.load(file)
    return tags


def is_for_pillow(tags: Any) -> bool:
    """Tell whether a page is of a kind that libvips refuses: 8-bit Lab, or 12-bit grey."""
    return has_12_bits(tags) or (tags.get(PHOTOMETRIC) == _LAB and max(_bits(tags)) == 8)


def has_12_bits(tags: Any) -> bool:
    """Tell whether a page is of 12-bit grey."""
    return _bits(tags) == (12,)


def check_depth(tags: Any, name: str) -> None:
    """Refuse depths that cannot be read, and channels without end.

    Raises:
        ImageError: It has 10, 14, 64 or another such number of bits per sample, or more than
            16 channels.
    """
    if tags.get(SAMPLES, 1) > _MAX_SAMPLES:
        raise ImageError(
            f"{name} is a TIFF with {tags[SAMPLES]} channels; expected {_MAX_SAMPLES} at most: "
            "export it as RGB"
        )
    bits = _bits(tags)
    if not set(bits) <= {1, 2, 4, 8, 16, 32}:
        raise ImageError(
            f"{name} is a TIFF with {max(bits)} bits per sample; expected 8, 16 or 32: "
            "export it with 16 bits"
        )


def split_samples(
    stored: NDArray[Any], colors: int, tags: Any, name: str
) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """Split samples into colour `(H, W, C)` and alpha; uint8, uint16 or float32 in `[0, 1]`.

    Raises:
        ImageError: It is neither grey, RGB nor CMYK, or neither of unsigned integers nor of
            floats in `[0, 1]`.
    """
    if not colors:
        raise ImageError(
            f"{name} is a TIFF of kind {tags.get(PHOTOMETRIC)} with {stored.shape[2]} channels; "
            "expected grey, RGB or CMYK: export it as RGB"
        )
    if stored.dtype.kind not in "uf":
        raise ImageError(
            f"{name} is a TIFF with numbers of type {stored.dtype}; expected unsigned integers "
            "or floats in [0, 1]: export it with 16 bits"
        )
    if stored.dtype.itemsize > 2:
        stored = unit_range(stored / (1 if stored.dtype.kind == "f" else 2.0**32 - 1), name)
        if tags.get(PHOTOMETRIC) == _WHITE_IS_ZERO:
            # libvips inverts 8 and 16 bits only.
            stored[..., 0] = 1 - stored[..., 0]
    extra = tags.get(EXTRA_SAMPLES) or (0,)
    has_alpha = stored.shape[2] > colors and extra[0] in _ALPHA
    return stored[..., :colors], stored[..., colors] if has_alpha else None


def _bits(tags: Any) -> tuple[int, ...]:
    return tuple(tags.get(BITS) or (1,))
