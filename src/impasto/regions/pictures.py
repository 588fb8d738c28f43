"""Pictures of regions: one colour for each, and a sheet to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from impasto.images import fit

if TYPE_CHECKING:
    from impasto.regions.auto import Regions

Labels = NDArray[np.uint8]
Image = NDArray[np.float32]

# Okabe and Ito 2008, "Color Universal Design": told apart whatever one's colour vision
PALETTE: NDArray[np.uint8] = np.array(
    [
        (0, 114, 178),
        (230, 159, 0),
        (0, 158, 115),
        (204, 121, 167),
        (240, 228, 66),
        (86, 180, 233),
        (213, 94, 0),
        (0, 0, 0),
    ],
    np.uint8,
)
_TINT = 0.5
_SIDE = 640  # pixels of each picture in a sheet
_GAP = 12


def label_picture(labels: Labels) -> Image:
    """Return labels (H, W), from 0 to 7, as a picture (H, W, 3) of the colours of `PALETTE`."""
    colors: Image = PALETTE.astype(np.float32) / np.float32(255)
    return colors[labels]


def outlined(picture: Image, labels: Labels) -> Image:
    """Return a picture (H, W, 3) tinted by its regions' colours, with borders in black and white.

    `labels` are (H, W).
    """
    tinted = (1 - _TINT) * picture + np.float32(_TINT) * label_picture(labels)
    border = np.zeros(labels.shape, bool)
    border[:, 1:] |= labels[:, 1:] != labels[:, :-1]
    border[1:] |= labels[1:] != labels[:-1]
    around = border.copy()
    around[:, :-1] |= border[:, 1:]
    around[:-1] |= border[1:]
    tinted[around] = 1
    tinted[border] = 0
    return tinted.astype(np.float32, copy=False)


def preview(content: Image, style: Image, regions: Regions) -> Image:
    """Return a sheet (H, W, 3): both pictures with their regions, and their labels below."""
    pictures = [(content, regions.content), (style, regions.style)]
    return _beside([_column(picture, labels) for picture, labels in pictures])


def preview_one(picture: Image, labels: Labels) -> Image:
    """Return a sheet (H, W, 3): a picture with its regions, and its labels below."""
    return _column(picture, labels)


def _column(picture: Image, labels: Labels) -> Image:
    seen = fit(picture, _SIDE)
    small = _nearest(labels, *seen.shape[:2])
    gap = np.ones((_GAP, seen.shape[1], 3), np.float32)
    return np.concatenate([outlined(seen, small), gap, label_picture(small)])


def _beside(columns: list[Image]) -> Image:
    height = max(len(column) for column in columns)
    parts: list[Any] = []
    for column in columns:
        below = np.ones((height - len(column), column.shape[1], 3), np.float32)
        gap = np.ones((height, _GAP, 3), np.float32)
        parts += (
            [gap, np.concatenate([column, below])] if parts else [np.concatenate([column, below])]
        )
    return np.concatenate(parts, axis=1)


def _nearest(labels: Labels, height: int, width: int) -> Labels:
    rows = (np.arange(height) + 0.5) * labels.shape[0] / height
    columns = (np.arange(width) + 0.5) * labels.shape[1] / width
    found: Labels = labels[rows.astype(int)[:, None], columns.astype(int)]
    return found
