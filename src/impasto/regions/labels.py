"""Label pictures: each colour names a region, the same in the content and in the style."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from impasto.errors import ImageError
from impasto.regions.borders import Image

LEAST_AREA = 0.002  # of a picture, for a colour to be a label: what is less is a softened border
MOST = 64  # labels
APART = 0.16  # between colours, in [0, sqrt 3]; those of a JPEG's label differ by less
_COMMON = 0.01  # of a picture, for a colour of one that is not flat
_STEPS = 32  # of each channel, in which colours that are not flat are counted

Color = tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class Match:
    """Hold one region: where it is in the content (H, W) and in the style (h, w), both 0 or 1."""

    color: Color
    content: Image
    style: Image


def match_labels(content: Image, style: Image, names: Sequence[str]) -> list[Match]:
    """Return the regions of two label pictures (H, W, 3), those with most of the content first.

    Flat colours are told apart exactly. Where colours are not flat, as in a JPEG, they belong to
    the nearest of the common ones. `names` are the two pictures', for errors.

    Raises:
        ImageError: a label of the content is not in the style, or these are no label pictures.
    """
    pictures = (content, style)
    palette = _flat(pictures)
    if palette is None:
        palette = _common(pictures)
    if not 0 < len(palette) <= MOST:
        raise ImageError(
            f"{names[0]}, {names[1]}: {len(palette)} colours for labels; expected 1 to {MOST}"
        )
    labels = [_nearest(picture, palette) for picture in pictures]
    counts = np.bincount(labels[0].ravel(), minlength=len(palette))
    there = np.bincount(labels[1].ravel(), minlength=len(palette))
    missing = [_shown(palette[i]) for i in np.flatnonzero((counts > 0) & (there == 0))]
    if missing:
        raise ImageError(
            f"{names[1]} has nothing in {', '.join(missing)}, which {names[0]} has: paint in both"
            " what belongs together"
        )
    return [
        Match(_color(palette[i]), *((label == i).astype(np.float32) for label in labels))
        for i in np.argsort(-counts, kind="stable")
        if counts[i]
    ]


def _flat(pictures: Sequence[Image]) -> NDArray[np.float64] | None:
    """Return the exact colours, None where there are many: then they are not flat."""
    found = []
    for picture in pictures:
        colors, counts = np.unique(_bytes(picture).reshape(-1, 3), axis=0, return_counts=True)
        if len(colors) > MOST:
            return None
        found.append(colors[counts >= LEAST_AREA * counts.sum()])
    return np.unique(np.concatenate(found), axis=0) / 255.0


def _common(pictures: Sequence[Image]) -> NDArray[np.float64]:
    """Return the commonest colours that are apart from each other."""
    table = np.zeros((_STEPS,) * 3)
    for picture in pictures:
        cells = np.minimum((picture * _STEPS).astype(np.int64), _STEPS - 1).reshape(-1, 3)
        np.add.at(table, tuple(cells.T), 1 / len(cells))
    cells = np.stack(np.unravel_index(np.argsort(-table, axis=None, kind="stable"), table.shape), 1)
    shares = table[tuple(cells.T)]
    chosen: list[NDArray[np.float64]] = []
    for cell, share in zip(cells, shares, strict=True):
        if share < _COMMON:
            break
        color = (cell + 0.5) / _STEPS
        if all(np.linalg.norm(color - other) >= APART for other in chosen):
            chosen.append(color)
    return np.array(chosen)


def _nearest(picture: Image, palette: NDArray[np.float64]) -> NDArray[np.int64]:
    best = np.full(picture.shape[:2], np.inf, np.float32)
    labels = np.zeros(picture.shape[:2], np.int64)
    for number, color in enumerate(palette.astype(np.float32)):
        apart = np.square(picture - color).sum(2)
        labels[apart < best] = number
        np.minimum(best, apart, out=best)
    return labels


def _bytes(picture: Image) -> NDArray[np.uint8]:
    return np.rint(picture * 255).astype(np.uint8)


def _color(values: NDArray[np.float64]) -> Color:
    red, green, blue = values.tolist()
    return red, green, blue


def _shown(values: NDArray[np.float64]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*np.rint(values * 255).astype(int).tolist())
