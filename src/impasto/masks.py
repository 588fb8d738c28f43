"""Masks and maps as they are given: read, softened, and brought to one plane for each style."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageFilter

from impasto.errors import OptionError
from impasto.images import Picture, Source, load_picture, resize
from impasto.methods.contract import Image
from impasto.methods.guides import check_masks
from impasto.methods.realtime.codes import StyleCode
from impasto.recipe import Ingredient
from impasto.regions import face_map, find_regions, match_labels
from impasto.styles import Style

MaskSource = Source | tuple[Source, Source]
MOST_FEATHER = 0.25
COUNT = 4  # regions that are found, where no number is given


@dataclass(frozen=True, eq=False)
class Grey:
    """Hold a picture's mean over its colours, (H, W) in [0, 1], and what a recipe says of it."""

    plane: Image
    ingredient: Ingredient

    @classmethod
    def load(cls, source: Source) -> Grey:
        """Read a picture."""
        picture = load_picture(source)
        return cls(picture.pixels.mean(2), Ingredient.of(picture))


@dataclass(frozen=True, eq=False)
class Labels:
    """Hold two label pictures, the content's and the style's; see `regions.match_labels`."""

    content: Picture
    style: Picture

    @property
    def ingredient(self) -> tuple[Ingredient, Ingredient]:
        """Return what a recipe says of them."""
        return Ingredient.of(self.content), Ingredient.of(self.style)

    def parts(self, style: Picture) -> list[tuple[Picture, Image]]:
        """Return for each region the style, transparent elsewhere, and the content's mask.

        Raises:
            ImageError: the label pictures have not the same labels.
        """
        names = [self.content.name, self.style.name]
        found = match_labels(self.content.pixels, self.style.pixels, names)
        return [(_shown(style, match.style), match.content) for match in found]


@dataclass(frozen=True, eq=False)
class Auto:
    """Stand for regions that are found, so many at most; see `regions.find_regions`."""

    count: int

    @property
    def ingredient(self) -> Ingredient:
        """Return what a recipe says of them."""
        return Ingredient(f"auto:{self.count}", "", kind="auto")

    def parts(self, style: Picture, content: Image) -> list[tuple[Picture, Image]]:
        """Return for each region the style, transparent elsewhere, and the content's mask."""
        found = find_regions(content, style.pixels, self.count)
        planes = [
            ((found.style == i).astype(np.float32), (found.content == i).astype(np.float32))
            for i in range(found.count)
        ]
        return [(_shown(style, theirs), ours) for theirs, ours in planes]


Mask = Grey | Labels | Auto


@dataclass(frozen=True, eq=False)
class Guided:
    """Hold styles, their blend weights, a mask (H, W) for each or none, and a strength map."""

    styles: Sequence[Style]
    blend: Sequence[float]
    masks: Sequence[Image]
    strength: Image | None


@dataclass(frozen=True, eq=False)
class Guides:
    """Hold what says where each style goes, and how strongly.

    Masks' borders are softened by `feather`, a share of their longest side. `faces` is the
    strength at the content's faces. `show` gives the content where it is known by now.
    """

    masks: Sequence[Mask] = ()
    strength_map: Grey | None = None
    feather: float = 0.0
    faces: float = 1.0
    show: Callable[[], Picture] | None = field(default=None, repr=False)

    @classmethod
    def load(
        cls,
        masks: Sequence[MaskSource] = (),
        strength_map: Source | None = None,
        feather: float = 0.0,
        faces: float = 1.0,
        show: Callable[[], Picture] | None = None,
    ) -> Guides:
        """Read the pictures.

        A mask may be a pair of label pictures, the content's and the style's, or "auto", also with
        a number of regions, "auto:6".

        Raises:
            ImageError: one cannot be read.
            OptionError: a number is outside its limits, or there is nothing to soften.
        """
        if not 0 <= feather <= MOST_FEATHER:
            raise OptionError(f"feather is {feather:g}; expected 0 to {MOST_FEATHER:g}")
        if feather and not masks:
            raise OptionError("feather softens masks, and there is none")
        if not 0 <= faces <= 1:
            raise OptionError(f"faces is {faces:g}; expected 0 to 1, the strength there")
        grey = None if strength_map is None else Grey.load(strength_map)
        return cls([_load(mask) for mask in masks], grey, feather, faces, show)

    def apply(self, styles: Sequence[Style], blend: Sequence[float]) -> Guided:
        """Return styles and masks as methods take them: with regions, a style for each of them.

        Raises:
            OptionError: there are masks, but not one for each style; a style with regions goes by
                a name; or the content must be seen, and is not known yet.
            others as the regions' and the faces' functions.
        """
        strength = self._strength()
        if not self.masks:
            return Guided(styles, blend, (), strength)
        check_masks(self.masks, styles)
        parts = [
            (seen, share, self._soft(plane))
            for style, share, mask in zip(styles, blend, self.masks, strict=True)
            for seen, plane in self._parts(style, mask)
        ]
        seen, shares, planes = zip(*parts, strict=True)
        if len(planes) == 1 and strength is not None:  # the style here, the content there
            return Guided(seen, shares, (), _product(planes[0], strength))
        return Guided(seen, shares, planes, strength)

    def _parts(self, style: Style, mask: Mask) -> Sequence[tuple[Style, Image]]:
        if isinstance(mask, Grey):
            return [(style, mask.plane)]
        if isinstance(style, StyleCode):
            raise OptionError(
                f"style {style.name} has no picture in which regions could be: give it a grey mask"
                " alone, or name its picture"
            )
        return mask.parts(style) if isinstance(mask, Labels) else mask.parts(style, self._content)

    def _strength(self) -> Image | None:
        grey = None if self.strength_map is None else self.strength_map.plane
        if self.faces == 1:
            return grey
        calm = 1 - np.float32(1 - self.faces) * face_map(self._content)
        return calm if grey is None else _product(calm, grey)

    @cached_property
    def _content(self) -> Image:
        if self.show is None:
            raise OptionError(
                "regions and faces are found in the content, which is not known yet: give label"
                " pictures and a strength map, or use stylize"
            )
        return self.show().pixels

    def _soft(self, plane: Image) -> Image:
        radius = self.feather * max(plane.shape)
        if radius == 0:
            return plane
        grey = PillowImage.fromarray(np.rint(plane * 255).astype(np.uint8))
        blurred: NDArray[np.uint8] = np.asarray(grey.filter(ImageFilter.GaussianBlur(radius)))
        return np.divide(blurred, 255, dtype=np.float32)


def _load(mask: MaskSource) -> Mask:
    if isinstance(mask, tuple):
        return Labels(*map(load_picture, mask))
    count = regions_asked(str(mask)) if isinstance(mask, str | Path) else None
    return Grey.load(mask) if count is None else Auto(count)


def regions_asked(mask: str) -> int | None:
    """Return how many regions "auto" or "auto:6" asks for, None if it names a file.

    >>> regions_asked("auto"), regions_asked("auto:6"), regions_asked("auto.png")
    (4, 6, None)
    """
    auto = re.fullmatch(r"auto(?::(\d+))?", mask)
    return int(auto[1] or COUNT) if auto and not Path(mask).exists() else None


def _shown(style: Picture, where: Image) -> Picture:
    """Return a style of which only some places are seen."""
    if where.all():
        return style
    alpha = (resize(where, *style.pixels.shape[:2]) >= 0.5).astype(np.float32)
    return replace(style, alpha=alpha if style.alpha is None else alpha * style.alpha)


def _product(mask: Image, strength: Image) -> Image:
    """Return both together, at the size of the larger."""
    larger, other = sorted((mask, strength), key=lambda plane: plane.size, reverse=True)
    return larger * resize(other, *larger.shape)
