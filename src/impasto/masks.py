"""Masks and maps as they are given: read, softened, and brought to one plane for each style."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageFilter

from impasto.errors import OptionError
from impasto.images import Picture, load_picture, resize
from impasto.methods.contract import Image
from impasto.methods.realtime.codes import StyleCode
from impasto.recipe import Ingredient
from impasto.regions import match_labels
from impasto.styles import Source, Style

MaskSource = Source | tuple[Source, Source]
MOST_FEATHER = 0.25


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

    def parts(self, style: Style) -> list[tuple[Picture, Image]]:
        """Return for each region the style, transparent elsewhere, and the content's mask.

        Raises:
            ImageError: the label pictures have not the same labels.
            OptionError: the style goes by a name, so that it has no places.
        """
        if isinstance(style, StyleCode):
            raise OptionError(
                f"style {style.name} has no picture in which regions could be: give it a grey mask"
                " alone, or name its picture"
            )
        names = [self.content.name, self.style.name]
        found = match_labels(self.content.pixels, self.style.pixels, names)
        return [(_shown(style, match.style), match.content) for match in found]


Mask = Grey | Labels


@dataclass(frozen=True, eq=False)
class Guided:
    """Hold styles, their blend weights, a mask (H, W) for each or none, and a strength map."""

    styles: Sequence[Style]
    blend: Sequence[float]
    masks: Sequence[Image]
    strength: Image | None


@dataclass(frozen=True, eq=False)
class Guides:
    """Hold the pictures that say where each style goes, and how strongly.

    Masks' borders are softened by `feather`, a share of their longest side.
    """

    masks: Sequence[Mask] = ()
    strength_map: Grey | None = None
    feather: float = 0.0

    @classmethod
    def load(
        cls, masks: Sequence[MaskSource], strength_map: Source | None, feather: float = 0.0
    ) -> Guides:
        """Read the pictures; a mask may be a pair of label pictures, the content's and the style's.

        Raises:
            ImageError: one cannot be read.
            OptionError: `feather` is outside its limits, or there is nothing to soften.
        """
        if not 0 <= feather <= MOST_FEATHER:
            raise OptionError(f"feather is {feather:g}; expected 0 to {MOST_FEATHER:g}")
        if feather and not masks:
            raise OptionError("feather softens masks, and there is none")
        pictures = [
            Labels(*map(load_picture, mask)) if isinstance(mask, tuple) else Grey.load(mask)
            for mask in masks
        ]
        return cls(pictures, None if strength_map is None else Grey.load(strength_map), feather)

    def apply(self, styles: Sequence[Style], blend: Sequence[float]) -> Guided:
        """Return styles and masks as methods take them: of label pictures, a style each region.

        Raises:
            OptionError: there are masks, but not one for each style.
            as `Labels.parts`.
        """
        strength = None if self.strength_map is None else self.strength_map.plane
        if not self.masks:
            return Guided(styles, blend, (), strength)
        if len(self.masks) != len(styles):
            raise OptionError(
                f"{len(self.masks)} masks for {len(styles)} styles: give one for each"
            )
        parts = [
            (seen, share, self._soft(plane))
            for style, share, mask in zip(styles, blend, self.masks, strict=True)
            for seen, plane in _parts(style, mask)
        ]
        seen, shares, planes = zip(*parts, strict=True)
        if len(planes) == 1 and strength is not None:  # the style here, the content there
            return Guided(seen, shares, (), _product(planes[0], strength))
        return Guided(seen, shares, planes, strength)

    def _soft(self, plane: Image) -> Image:
        radius = self.feather * max(plane.shape)
        if radius == 0:
            return plane
        grey = PillowImage.fromarray(np.rint(plane * 255).astype(np.uint8))
        blurred: NDArray[np.uint8] = np.asarray(grey.filter(ImageFilter.GaussianBlur(radius)))
        return np.divide(blurred, 255, dtype=np.float32)


def _parts(style: Style, mask: Mask) -> Sequence[tuple[Style, Image]]:
    return mask.parts(style) if isinstance(mask, Labels) else [(style, mask.plane)]


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
