"""Split two pictures into regions that match, such as sky and sky."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.errors import ImageError, OptionError
from impasto.images import check_pixels, thumbnail
from impasto.regions.borders import Image, Labels, at_size, without_islands
from impasto.regions.clusters import Numbers, cluster, match
from impasto.regions.pictures import PALETTE, label_picture
from impasto.regions.superpixels import Superpixels, describe

SMALL = 512  # pixels of the longest side that is looked at
LEAST_SIDE = 16
_LEAST_CONTENT = 0.02
_LEAST_STYLE = 0.05  # of fewer pixels no statistics can be had


@dataclass(frozen=True, eq=False)
class Regions:
    """Hold the regions of two pictures.

    Attributes:
        content: (H, W) uint8, the number of each pixel's region, from 0, the largest first.
        style: (h, w) uint8; what has the same number goes together. Every number that one has the
            other has too.
    """

    content: Labels
    style: Labels

    @property
    def count(self) -> int:
        """Return how many regions there are."""
        return int(self.content.max()) + 1

    def label_pictures(self) -> tuple[Image, Image]:
        """Return both as pictures (H, W, 3) that have one colour of `PALETTE` for each region."""
        return label_picture(self.content), label_picture(self.style)


def find_regions(content: Image, style: Image, count: int = 4, seed: int = 0) -> Regions:
    """Split a content (H, W, 3) and a style (h, w, 3) into up to `count` regions that match.

    Each picture is split on its own, so the regions of a content do not depend on the style; then
    they are matched by lightness, colour, texture, height and features of `compact`. There are
    fewer where a picture has less to tell apart. A style region is at least 5 % of the style.
    Takes a few seconds, as it looks at copies of 512 pixels.

    The same pictures, seed and number of threads give the same regions.

    Raises:
        ImageError: an array is no picture, or has a side under 16 pixels.
        OptionError: count is not 1 to 8.
        MissingExtraError: scikit-image or PyTorch is not installed.
    """
    one = _Split.of(content, "content", count, _LEAST_CONTENT, seed)
    other = _Split.of(style, "style", count, _LEAST_STYLE, seed)
    ours, theirs = match(one.parts, one.regions, other.parts, other.regions)
    return Regions(*_numbered(one.labels(ours), other.labels(theirs)))


def split_picture(picture: Image, count: int = 4, seed: int = 0) -> Labels:
    """Split one picture (H, W, 3) into up to `count` regions; return labels (H, W), uint8.

    They are those that `find_regions` finds in a content, the largest first, but for what it joins
    because the style has no more regions.

    Raises:
        as `find_regions`.
    """
    split = _Split.of(picture, "content", count, _LEAST_CONTENT, seed)
    labels = split.labels(split.regions)
    return _numbered(labels, labels)[0]


@dataclass(frozen=True, eq=False)
class _Split:
    picture: Image
    small: Image
    parts: Superpixels
    regions: Numbers  # of each superpixel

    @classmethod
    def of(cls, picture: Any, name: str, count: int, least: float, seed: int) -> _Split:
        if not isinstance(count, int) or not 1 <= count <= len(PALETTE):
            raise OptionError(f"count is {count!r}: expected 1 to {len(PALETTE)} regions")
        pixels = check_pixels(picture, name, copy=False)
        if min(pixels.shape[:2]) < LEAST_SIDE:
            height, width = pixels.shape[:2]
            raise ImageError(
                f"{name} is {width}x{height} px: regions need sides of {LEAST_SIDE} px or more"
            )
        small = thumbnail(pixels, SMALL) if max(pixels.shape[:2]) > SMALL else pixels
        parts = describe(small)
        return cls(pixels, small, parts, cluster(parts, count, least, seed))

    def labels(self, regions: NDArray[Any]) -> Labels:
        """Return labels (H, W), of a number for each superpixel."""
        small = without_islands(regions[self.parts.labels].astype(np.uint8))
        return at_size(small, self.small, self.picture)


def _numbered(content: Labels, style: Labels) -> tuple[Labels, Labels]:
    """Number both from 0 without gaps, the content's largest first.

    What only one of them has, as its border ate it up, joins the largest.
    """
    there = np.intersect1d(content, style)
    sizes = np.bincount(content.ravel(), minlength=256)[there]
    table = np.zeros(256, np.uint8)
    table[there[np.argsort(-sizes, kind="stable")]] = np.arange(len(there))
    return table[content], table[style]
