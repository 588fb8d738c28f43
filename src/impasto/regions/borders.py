"""Borders of regions: islands away, and along the picture's edges at its full size.

The guided filter (He, Sun and Tang, PAMI 2013), and its fast form (arXiv:1505.00996): linear maps
are found on a small copy and applied to the picture.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.uint8]
Image = NDArray[np.float32]

_ISLAND = 0.004  # of the picture; what is smaller belongs to what is around it
_RADIUS = 8  # pixels of the small copy
_EPSILON = 1e-3
_BAND = 256  # rows


def without_islands(labels: Labels) -> Labels:
    """Give pieces that are under 0.4 % of the picture to the region that they touch most."""
    from skimage.measure import label

    out = labels.copy()
    # where a region consists of nothing else, it would be lost
    for _ in range(3):
        pieces = label(out, background=-1, connectivity=1)  # type: ignore[no-untyped-call]
        sizes = np.bincount(pieces.ravel())
        small = np.flatnonzero((sizes > 0) & (sizes < _ISLAND * labels.size))
        if not len(small):
            break
        touches = _touches(pieces, out, len(sizes))
        largest = touches.argmax(1)
        kept = {int(r) for r in np.unique(out[~np.isin(pieces, small)])}
        for piece in small:
            own = pieces == piece
            if touches[piece].any() and int(out[own][0]) in kept:
                out[own] = largest[piece]
    return out


def at_size(labels: Labels, small: Image, picture: Image) -> Labels:
    """Return labels (H, W) for a picture (H, W, 3), of labels (h, w) for its small copy.

    Every label that is there stays, unless it would have no pixel.
    """
    maps = _linear_maps(labels, small)
    height, width = picture.shape[:2]
    out = np.empty((height, width), np.uint8)
    for top in range(0, height, _BAND):
        rows = slice(top, min(top + _BAND, height))
        out[rows] = _applied(maps, picture, rows).argmax(0)
    return out


def _touches(pieces: NDArray[Any], labels: Labels, count: int) -> NDArray[np.int64]:
    """Return how long the border of each piece with each label is."""
    regions = int(labels.max()) + 1
    found = np.zeros(count * regions, np.int64)
    for one, other in (
        ((slice(None), slice(1, None)), (slice(None), slice(None, -1))),
        ((slice(1, None),), (slice(None, -1),)),
    ):
        for here, there in ((one, other), (other, one)):
            differ = pieces[here] != pieces[there]
            keys = pieces[here][differ] * regions + labels[there][differ]
            found += np.bincount(keys, minlength=len(found))
    return found.reshape(count, regions)


def _linear_maps(labels: Labels, small: Image) -> NDArray[np.float32]:
    """Return (k, 4, h, w): how much of each label a colour means at each place."""
    from scipy.ndimage import uniform_filter

    def box(plane: NDArray[Any]) -> NDArray[np.float64]:
        found: NDArray[np.float64] = uniform_filter(plane, 2 * _RADIUS + 1, mode="nearest")
        return found

    colors = [small[..., i].astype(np.float64) for i in range(3)]
    mean = np.stack([box(color) for color in colors], 2)
    second = np.empty((*labels.shape, 3, 3))
    for i in range(3):
        for j in range(3):
            second[..., i, j] = box(colors[i] * colors[j]) - mean[..., i] * mean[..., j]
    inverse = np.linalg.inv(second + _EPSILON * np.eye(3))
    maps = []
    for number in range(int(labels.max()) + 1):
        share = (labels == number).astype(np.float64)
        with_color = np.stack([box(share * color) for color in colors], 2)
        gains = np.einsum("hwij,hwj->hwi", inverse, with_color - mean * box(share)[..., None])
        offset = box(share) - (gains * mean).sum(2)
        maps.append([box(plane) for plane in (*np.moveaxis(gains, 2, 0), offset)])
    return np.array(maps, np.float32)


def _applied(maps: NDArray[np.float32], picture: Image, rows: slice) -> NDArray[np.float32]:
    """Return how much of each label there is in some rows of the picture, (k, rows, W)."""
    from PIL import Image as Pil

    height, width = picture.shape[:2]
    scale = maps.shape[2] / height
    box = (0, rows.start * scale, maps.shape[3], rows.stop * scale)

    def grown(plane: NDArray[np.float32]) -> NDArray[np.float32]:
        size = (width, rows.stop - rows.start)
        return np.asarray(Pil.fromarray(plane).resize(size, Pil.Resampling.BILINEAR, box=box))

    seen = picture[rows]
    return np.stack(
        [
            grown(offset) + sum(grown(gain) * seen[..., i] for i, gain in enumerate(gains))
            for *gains, offset in maps
        ]
    )
