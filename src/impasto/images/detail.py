"""Bring a content's fine detail back into what was painted from it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.images.color import LUMA
from impasto.images.picture import check_pair

_LEVELS = 4  # bands of detail: structures of 2 to 32 pixels
_FAINT = 1e-4  # energy of a band that is no detail, (1 % of the range) squared

Plane = NDArray[np.float32]


def blend_detail(result: NDArray[Any], content: NDArray[Any], amount: float) -> NDArray[np.float32]:
    """Blend the content's detail into a result of the same size, in luma; colours stay.

    Both are taken apart into Laplacian pyramids (Burt & Adelson 1983). In each band the content's
    detail takes the place of the result's, `amount` of it, where there is more of it: by the ratio
    of their energies around, e_c / (e_c + e_r). So edges come back and strokes stay on what is flat
    in the photo. It is blending of gradients, as Perez et al. 2003 ("Poisson Image Editing",
    section 3.2) do by the larger of both, but of bounded reach: no light and dark far away change.

    Args:
        result: `(H, W, 3)` in `[0, 1]`.
        content: The same size.
        amount: 0 gives the result, 1 the most of the content's detail.

    Raises:
        ImageError: An array is no picture, or the sizes differ.
    """
    result, content = check_pair(result, content)
    if amount == 0:
        return result.copy()
    change = _change(result @ LUMA, content @ LUMA, np.float32(amount))
    return np.asarray(np.clip(result + change[..., None], 0, 1), np.float32)


def steepness(light: NDArray[Any]) -> NDArray[np.float64]:
    """Return how steep a plane (H, W) is at each place: its gradient's length by Sobel's filter.

    It is the change for each pixel; at the border the plane goes on as it ends.
    """
    light = np.pad(np.asarray(light, np.float64), 1, mode="edge")
    across, down = light[:, 2:] - light[:, :-2], light[2:] - light[:-2]
    across = (across[:-2] + 2 * across[1:-1] + across[2:]) / 8
    down = (down[:, :-2] + 2 * down[:, 1:-1] + down[:, 2:]) / 8
    return np.asarray(np.hypot(across, down))


def _change(own: Plane, other: Plane, amount: np.float32, level: int = 0) -> Plane:
    """Return what a plane changes by, from this level of the pyramid on."""
    if level == _LEVELS or min(own.shape) < 4:
        return np.zeros_like(own)
    half = tuple(-(-side // 2) for side in own.shape)
    low = [_resized(plane, half) for plane in (own, other)]
    band, theirs = (p - _resized(q, p.shape) for p, q in zip((own, other), low, strict=True))
    energies = [_around(plane**2) + _FAINT for plane in (band, theirs)]
    share = energies[1] / (energies[0] + energies[1])
    change = amount * share * (theirs - band)
    deeper = _change(low[0], low[1], amount, level + 1)
    return np.asarray(change + _resized(deeper, own.shape), np.float32)


def _around(plane: Plane) -> Plane:
    """Return the mean of about 5 pixels around, by way of a smaller plane."""
    quarter = tuple(max(1, side // 4) for side in plane.shape)
    return np.maximum(_resized(plane, quarter, plane.shape), 0)


def _resized(plane: Plane, *shapes: tuple[int, ...]) -> Plane:
    from PIL import Image

    picture = Image.fromarray(np.ascontiguousarray(plane, np.float32))
    for height, width in shapes:
        picture = picture.resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(picture, np.float32)
