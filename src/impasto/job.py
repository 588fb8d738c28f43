"""One content, prepared styles and options: all that a run needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from impasto.errors import DivergedError, OptionError
from impasto.images import Picture, Source, load_picture, resize
from impasto.masks import Guided, Guides
from impasto.methods.contract import Image, Sample, Step
from impasto.methods.photoreal.options import PhotorealOptions
from impasto.methods.quality import METHODS, Options
from impasto.methods.realtime.codes import StyleCode
from impasto.methods.realtime.options import RealtimeOptions
from impasto.options import as_recipe
from impasto.recipe import Ingredient, Recipe
from impasto.styles import (
    Style,
    StyleSource,
    ingredient_of,
    normalized_blend,
    open_styles,
    sample_of,
)

if TYPE_CHECKING:
    from impasto.backbones import Backbone
    from impasto.methods.optimize.stylizer import OptimizeStylizer
    from impasto.methods.photoreal.stylizer import PhotorealStylizer
    from impasto.methods.realtime.engines import Engines
    from impasto.methods.realtime.mixed import MixedStylizer
    from impasto.methods.realtime.stylizer import RealtimeStylizer

    AnyStylizer = OptimizeStylizer | RealtimeStylizer | MixedStylizer | PhotorealStylizer

Progress = Callable[[Step], object]


@dataclass(frozen=True, eq=False)
class Stylized:
    """Hold a result: `image` (H, W, 3) float32 sRGB in [0, 1], `alpha` (H, W) or None, `recipe`.

    `signed` is the content's file where that is signed, to be kept in what is signed now.
    """

    image: Image
    alpha: Image | None
    recipe: Recipe
    signed: bytes | None = None


@dataclass(frozen=True, eq=False)
class Setup:
    """Hold all that a run needs but a content: styles, guides, and the stylizer made of them."""

    styles: Sequence[Style]
    blend: Sequence[float]
    guides: Guides
    stylizer: AnyStylizer

    @classmethod
    def open(
        cls,
        style: StyleSource | Sequence[StyleSource],
        blend: Sequence[float] | None,
        options: Options,
        guides: Guides | None = None,
        engines: Engines | None = None,
    ) -> Setup:
        """Load the pictures and prepare the stylizer, with engines of setups before where given."""
        styles = open_styles(style)
        weights = normalized_blend(blend, len(styles))
        guides = guides or Guides()
        stylizer = prepare_stylizer(styles, weights, options, guides, engines=engines)
        return cls(styles, weights, guides, stylizer)

    def recipe(self, content: Ingredient, steps: int, stopped: bool = False) -> Recipe:
        """Return how a picture of this content is made, after so many steps."""
        options, init = self.stylizer.options, self.stylizer.init
        made_with = self.stylizer.made_with()
        # as it was, not as it was asked for: another machine has other cores
        plain = as_recipe(options)
        decided = ("engine", "precision", "threads")
        plain |= {name: made_with[name] for name in decided if name in made_with}
        if init is not None:
            plain["init"] = init.name
        if plain.get("network"):  # without its folder, as all names
            plain["network"] = Path(plain["network"]).name
        guides, grey = self.guides, self.guides.strength_map
        return Recipe(
            method=next(name for name, kind in METHODS.items() if isinstance(options, kind)),
            options=plain,
            content=content,
            styles=[ingredient_of(p, b) for p, b in zip(self.styles, self.blend, strict=True)],
            made_with=made_with,
            steps=steps,
            stopped=stopped,
            init=None if init is None else Ingredient.of(init),
            masks=[mask.ingredient for mask in guides.masks],
            strength_map=None if grey is None else grey.ingredient,
            feather=guides.feather,
            faces=guides.faces,
        )


@dataclass(frozen=True, eq=False)
class Job:
    """One content and a setup: all that a run needs; `run` or `iterate` it."""

    content: Picture
    setup: Setup

    @classmethod
    def open(
        cls,
        content: Source,
        style: StyleSource | Sequence[StyleSource],
        blend: Sequence[float] | None,
        options: Options,
        guides: Guides | None = None,
    ) -> Job:
        """Load the pictures and prepare the stylizer."""
        picture = load_picture(content)
        guides = replace(guides or Guides(), show=lambda: picture)
        return cls(picture, Setup.open(style, blend, options, guides))

    def iterate(self) -> Iterator[Step]:
        """Yield the stylizer's steps; see `Step`."""
        return self.setup.stylizer.iterate(self.content.pixels)

    def run(self, progress: Progress | None = None, stop_after: int | None = None) -> Stylized:
        """Go to the end, or to where Ctrl-C or `stop_after` stops it, and return the result."""
        last, stopped = None, False
        try:
            for last in self.iterate():
                if progress is not None:
                    progress(last)
                if last.number == stop_after and last.number < last.total:
                    stopped = True
                    break
        except KeyboardInterrupt:
            if last is None:
                raise
            stopped = last.number < last.total
        except DivergedError as error:
            error.result = None if last is None else self.result(last, stopped=True)
            raise
        return self.result(last, stopped)

    def result(self, last: Step | None, stopped: bool = False) -> Stylized:
        """Return the picture at a step (None: before all steps, the content) at full size."""
        if last is not None and last.number == last.total:
            image = np.ascontiguousarray(last.image())
        else:
            fitted = self.setup.stylizer.fitted(self.content.pixels)
            image = fitted.copy() if last is None else resize(last.image(), *fitted.shape[:2])
        alpha = self.content.alpha
        if alpha is not None and alpha.shape != image.shape[:2]:
            alpha = resize(alpha, *image.shape[:2])
        steps = 0 if last is None else last.number
        recipe = self.setup.recipe(Ingredient.of(self.content), steps, stopped)
        return Stylized(image, alpha, recipe, self.content.signed)


def prepare_stylizer(
    styles: Sequence[Style],
    blend: Sequence[float],
    options: Options,
    guides: Guides,
    network: Backbone | None = None,
    engines: Engines | None = None,
) -> AnyStylizer:
    """Return the stylizer that the options ask for.

    `network` is for the optimiser, `engines` for the real-time network.

    Raises:
        OptionError: the method cannot take a style, or there is not a mask for each.
    """
    guided = guides.apply(styles, blend)
    if isinstance(options, RealtimeOptions):
        return _prepare_realtime(guided, options, engines)
    if isinstance(options, PhotorealOptions):
        from impasto.methods.photoreal.stylizer import prepare as prepare_photoreal

        samples = _samples(guided.styles, "photoreal")
        return prepare_photoreal(samples, guided.blend, options, guided.masks, guided.strength)
    # late, so that importing impasto needs no torch
    from impasto.engine import choose_device

    choose_device(options.device)  # says what is missing when torch is
    from impasto.methods.optimize.stylizer import prepare as prepare_optimizer

    samples = _samples(guided.styles, "the optimiser")
    return prepare_optimizer(samples, guided.blend, options, network, guided.masks, guided.strength)


def _samples(styles: Sequence[Style], method: str) -> list[Sample]:
    samples = []
    for style in styles:
        if isinstance(style, StyleCode):
            raise OptionError(
                f"style {style.name} is a code, and {method} needs the picture: name its file,"
                " or use quality fast"
            )
        samples.append(sample_of(style))
    return samples


def _prepare_realtime(
    guided: Guided, options: RealtimeOptions, engines: Engines | None
) -> RealtimeStylizer | MixedStylizer:
    from impasto.methods.realtime.mixed import prepare_any

    seen = [
        style if isinstance(style, StyleCode) else sample_of(style).pixels
        for style in guided.styles
    ]
    return prepare_any(seen, guided.blend, options, guided.masks, guided.strength, engines)
