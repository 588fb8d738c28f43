"""Find faces, and say where they are, softly.

The detector is dlib's: histograms of oriented gradients (Dalal and Triggs 2005) and a linear
classifier of five views, trained as in King 2015, arXiv:1502.00046. It comes with dlib-bin.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.errors import ImageError, MissingExtraError
from impasto.images import check_pixels, thumbnail

Image = NDArray[np.float32]

SCALES = (512, 1024)
"""Longest sides at which faces are looked for; the detector sees faces of 80 pixels and more."""
LEAST_SCORE = 0.3
"""Of what counts as a face: with 0, dogs and windows do."""

_OVERLAP = 0.3  # of the union of two boxes, from which on they are one face
# half axes of a head and its centre, as shares of a box, which goes from the brows to the chin
_ACROSS, _ALONG, _UP = 0.62, 0.80, 0.08
_SOFT = 1.5  # where the ellipse has faded, in half axes


@dataclass(frozen=True)
class Face:
    """Hold a face: the box from brows to chin, in pixels, and the detector's score.

    The box may reach beyond the picture. Scores begin at 0.3; clear faces have 1 to 3.
    """

    left: float
    top: float
    width: float
    height: float
    score: float = 1.0


def find_faces(image: Image) -> list[Face]:
    """Return the faces of a picture (H, W, 3), the surest first.

    Finds faces seen from the front or turned a little, from about a twelfth of the longest side on;
    in photos, and in paintings and drawings that keep a face's shades. Takes a quarter of a second.

    Raises:
        ImageError: the array is no picture, or has a side under 16 pixels.
        MissingExtraError: dlib is not installed.
    """
    pixels = check_pixels(image, "image", copy=False)
    height, width = pixels.shape[:2]
    if min(height, width) < 16:
        raise ImageError(f"image is {width}x{height} px: faces need sides of 16 px or more")
    found = [face for side in SCALES for face in _faces_at(pixels, side)]
    kept: list[Face] = []
    for face in sorted(found, key=lambda face: -face.score):
        if all(_overlap(face, other) < _OVERLAP for other in kept):
            kept.append(face)
    return kept


def face_map(image: Image, faces: Sequence[Face] | None = None) -> Image:
    """Return where the faces of a picture (H, W, 3) are: (H, W) in [0, 1].

    An ellipse around each head is 1 and fades smoothly to 0 around it. Without `faces` they are
    looked for.

    Raises:
        as `find_faces`.
    """
    pixels = check_pixels(image, "image", copy=False)
    height, width = pixels.shape[:2]
    found = np.zeros((height, width), np.float32)
    for face in find_faces(pixels) if faces is None else faces:
        across, along = _ACROSS * face.width, _ALONG * face.height
        x, y = face.left + face.width / 2, face.top + (0.5 - _UP) * face.height
        rows = _span(y, along * _SOFT, height)
        columns = _span(x, across * _SOFT, width)
        down = (np.arange(rows.start, rows.stop) + 0.5 - y) / along
        right = (np.arange(columns.start, columns.stop) + 0.5 - x) / across
        radius = np.hypot(down[:, None], right)
        share = np.clip((_SOFT - radius) / (_SOFT - 1), 0, 1)
        soft = (share * share * (3 - 2 * share)).astype(np.float32)
        found[rows, columns] = np.maximum(found[rows, columns], soft)
    return found


@cache
def _detector() -> Any:
    try:
        import dlib
    except ModuleNotFoundError as error:
        raise MissingExtraError("Finding faces", "regions") from error
    return dlib.get_frontal_face_detector()


def _faces_at(pixels: Image, side: int) -> list[Face]:
    detector = _detector()
    small = np.ascontiguousarray((thumbnail(pixels, side) * 255 + 0.5).astype(np.uint8))
    boxes, scores, _ = detector.run(small, 0, LEAST_SCORE)
    down, right = pixels.shape[0] / small.shape[0], pixels.shape[1] / small.shape[1]
    return [
        Face(box.left() * right, box.top() * down, box.width() * right, box.height() * down, score)
        for box, score in zip(boxes, scores, strict=True)
    ]


def _overlap(one: Face, other: Face) -> float:
    """Return what two boxes share of what they cover."""
    across = min(one.left + one.width, other.left + other.width) - max(one.left, other.left)
    along = min(one.top + one.height, other.top + other.height) - max(one.top, other.top)
    shared = max(across, 0.0) * max(along, 0.0)
    return shared / (one.width * one.height + other.width * other.height - shared)


def _span(centre: float, half: float, length: int) -> slice:
    first = min(max(int(np.floor(centre - half)), 0), length)
    return slice(first, max(first, min(int(np.ceil(centre + half)), length)))
