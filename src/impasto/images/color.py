"""Keep or transfer colours.

After Gatys et al. 2016, "Preserving Color in Neural Artistic Style Transfer"
(arXiv:1606.05897).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.images.picture import check_pair, check_pixels

LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_LEVEL = 1 / 255
_ROWS = 64  # of a picture, at a time: all at once would want fresh memory six times


def keep_luminance(result: NDArray[Any], content: NDArray[Any]) -> NDArray[np.float32]:
    """Give a stylized picture the colours of its content: section 3.2, luminance only.

    Luma comes from `result`, the two chroma channels of YIQ from `content`. Where that
    leaves the RGB cube the chroma is reduced until it fits, which keeps luma and hue;
    the paper does not say what it does there, and clipping channels would shift both.

    Args:
        result: `(H, W, 3)`, the stylized picture.
        content: `(H, W, 3)` of the same size.

    Raises:
        ImageError: An array is no picture, or the sizes differ.
    """
    result, content = check_pair(result, content)
    kept = np.empty(result.shape, np.float32)
    for start in range(0, len(result), _ROWS):
        part = slice(start, start + _ROWS)
        kept[part] = _kept(result[part], content[part])
    return kept


def _kept(result: NDArray[np.float32], content: NDArray[np.float32]) -> NDArray[np.float32]:
    luma = (result @ LUMA)[..., None]
    # The Y column of YIQ -> RGB is (1, 1, 1): RGB less its luma is the chroma, in RGB.
    chroma = content - (content @ LUMA)[..., None]
    room = np.where(chroma > 0, 1 - luma, luma)
    fraction = room / np.maximum(np.abs(chroma), np.float32(1e-12))
    scale = np.minimum(fraction.min(axis=2, keepdims=True), np.float32(1))
    return np.clip(luma + scale * chroma, 0.0, 1.0)  # type: ignore[no-any-return]


def match_color(source: NDArray[Any], reference: NDArray[Any]) -> NDArray[np.float32]:
    """Give `source`, such as a style picture, the mean and covariance of a reference.

    The linear map of image analogies, section 3.1 of the paper: with symmetric square
    roots, `A = C_reference^(1/2) C_source^(-1/2)`. Deviation: spreads under one 8-bit
    level count as one level, on both sides, so that the noise of a flat or grey picture
    is not blown up into colours. The result is clipped to `[0, 1]`.

    Args:
        source: `(H, W, 3)`.
        reference: `(h, w, 3)`, of any size.

    Raises:
        ImageError: An array is no picture.
    """
    source = check_pixels(source, "source", copy=False)
    colors = source.reshape(-1, 3).astype(np.float64)
    wanted = check_pixels(reference, "reference", copy=False).reshape(-1, 3).astype(np.float64)
    transform = _covariance_root(wanted, 0.5) @ _covariance_root(colors, -0.5)
    moved = (colors - colors.mean(axis=0)) @ transform.T + wanted.mean(axis=0)
    matched: NDArray[np.float32] = np.clip(moved, 0.0, 1.0).astype(np.float32)
    return matched.reshape(source.shape)


def _covariance_root(colors: NDArray[np.float64], power: float) -> NDArray[np.float64]:
    centred = colors - colors.mean(axis=0)
    values, vectors = np.linalg.eigh(centred.T @ centred / len(centred))
    root: NDArray[np.float64] = (vectors * np.maximum(values, _LEVEL**2) ** power) @ vectors.T
    return root
