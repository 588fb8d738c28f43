"""From styles and options to a stylizer."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from impasto import __version__
from impasto.backbones import Backbone, load_backbone
from impasto.backbones.stages import Stage, stages_of
from impasto.engine import (
    available_memory,
    choose_device,
    choose_precision,
    cpu_threads,
    usable_cores,
)
from impasto.errors import OptionError
from impasto.images import (
    Picture,
    blend_detail,
    check_pixels,
    fit,
    keep_luminance,
    load_picture,
    match_color,
    resize,
    sides_at,
)
from impasto.methods.contract import Anchor, Image, Sample, Step
from impasto.methods.optimize.balance import balance
from impasto.methods.optimize.guidance import Guidance
from impasto.methods.optimize.memory import (
    HISTORY,
    PROGRAM,
    Arrangement,
    Budget,
    Demand,
    advice,
    arrange,
)
from impasto.methods.optimize.options import STARTS, OptimizeOptions
from impasto.methods.optimize.run import Run
from impasto.methods.optimize.schedule import Scale, StyleAtScale, plan
from impasto.methods.optimize.solvers import make_solver
from impasto.methods.realtime.model import shipped_model
from impasto.methods.realtime.options import RealtimeOptions
from impasto.options import byte_count
from impasto.weights import find_weights, weights_sha256

# losses that keep whole features of a picture, and how many: the content's; targets and matches
HELD = {"features": 1, "nearest": 6, "patches": 8}
# of a graphics processor: fewer, larger strips than caches of a CPU ask for
LARGE = Budget(2**32, 2**29)


@dataclass(frozen=True, eq=False)
class OptimizeStylizer:
    """Stylize by optimisation; a `Stylizer` that can also be watched, through `iterate`.

    `init` is the picture to start from where the options name a file; `weights_hash` the SHA-256
    of the backbone's weights.
    """

    backbone: Backbone
    styles: tuple[Sample, ...]
    guidance: Guidance
    options: OptimizeOptions
    device: torch.device
    init: Picture | None
    weights_hash: str

    def __call__(self, content: Image) -> Image:
        """Return the stylized content, (H, W, 3) in [0, 1].

        Raises:
            as `iterate`.
        """
        last = deque(self.iterate(content), maxlen=1)
        return last[0].image() if last else self.fitted(content)

    def iterate(
        self, content: Image, start: Image | None = None, anchors: Sequence[Anchor] = ()
    ) -> Iterator[Step]:
        """Yield a step at a time; the last one's `image()` is the result.

        At strength 0 there is nothing to do and nothing is yielded: the result is the content.
        `start` takes the place of what `init` says; with `anchors`, of any size, the result stays
        near those pictures: Ruder et al. 2016, "Artistic Style Transfer for Videos".

        Raises:
            ImageError: the content is no picture, or too small or too large at the size wanted.
            OptionError: the picture needs more memory than there is.
            DivergedError: the losses did not stay finite.
        """
        options, content = self.options, check_pixels(content, "the content")
        height, width = sides_at(content, options.size, "the content")
        if options.strength == 0:
            return
        scales = plan(height, width, options.coarsest, options.steps)
        memory = self._arrange(scales[-1])
        content = self.fitted(content)
        styles = self._styles_for(content)
        place = (self.device, memory.budget)
        asked = (self.backbone, content, styles, self.guidance, *place)
        run = Run(*asked, seed=options.seed, anchors=anchors)
        if start is None:
            start = self.start(content, (scales[0].height, scales[0].width))
        solver = make_solver(options.optimizer, options.learning_rate, memory.history)
        with cpu_threads(options.threads):
            for step in run.iterate(start, scales, balance(options), solver):
                if step.number == 1 and memory.history < HISTORY and options.optimizer == "lbfgs":
                    told = f"L-BFGS keeps {memory.history} pairs, not {HISTORY}: memory is short"
                    step = replace(step, message=told)
                yield self._finished(step, content)

    def varied(self, blend: Sequence[float], strength: float) -> OptimizeStylizer:
        """Return the same stylizer with other shares of its styles, and another strength."""
        guidance = replace(self.guidance, blend=tuple(blend))
        options = replace(self.options, strength=strength)
        return replace(self, guidance=guidance, options=options)

    def made_with(self) -> dict[str, Any]:
        """Return what else decides the result, for the recipe."""
        return {
            "impasto": __version__,
            "torch": torch.__version__,
            "device": self.device.type,
            "threads": self.options.threads or usable_cores(),
            "precision": self._precision(),
            "weights_sha256": self.weights_hash,
            **({"fast_sha256": shipped_model().sha256} if self.options.init == "fast" else {}),
        }

    def _precision(self) -> str:
        return choose_precision(self.options.precision, self.device)

    def fitted(self, content: Image) -> Image:
        """Return the content, checked, at the size of the result."""
        content, size = check_pixels(content, "the content"), self.options.size
        sides_at(content, size, "the content")
        return content if size is None else fit(content, size)

    def _finished(self, step: Step, content: Image) -> Step:
        """Return a step whose picture has the content's detail and colours, as far as asked."""
        options = self.options
        if options.detail == 0 and options.preserve_color != "luminance":
            return step

        def finished() -> Image:
            image, kept = step.image(), resize(content, step.height, step.width)
            image = blend_detail(image, kept, options.detail)
            return keep_luminance(image, kept) if options.preserve_color == "luminance" else image

        return replace(step, image=finished)

    def _styles_for(self, content: Image) -> list[StyleAtScale]:
        styles = self.styles
        if self.options.preserve_color == "statistics":
            styles = tuple(
                replace(style, pixels=match_color(style.pixels, content)) for style in styles
            )
        return [StyleAtScale(style, self.options.style_scale) for style in styles]

    def start(self, content: Image, size: tuple[int, int] | None = None) -> Image:
        """Return what a run for this content begins from, at a size (H, W) or the content's."""
        init, (height, width) = self.options.init, size or content.shape[:2]
        if init == "content":
            return resize(content, height, width)
        if init == "noise":
            rng = np.random.default_rng(self.options.seed)
            return rng.random((height, width, 3), dtype=np.float32)
        if init == "fast":
            return resize(self._fast(content), height, width)
        start = self.styles[0].pixels if self.init is None else self.init.pixels
        return resize(start, height, width)

    def _fast(self, content: Image) -> Image:
        """Return the real-time network's result, to start from."""
        from impasto.methods.realtime import stylizer as realtime

        own = self.options
        options = RealtimeOptions(
            strength=own.strength,
            style_scale=own.style_scale,
            threads=own.threads,
            memory=own.memory,
        )
        where, seen = self.guidance, [style.pixels for style in self.styles]
        if len(where.masks) < 2:
            guides = where.masks, where.strength
            return realtime.prepare(seen, where.blend, options, *guides)(content)
        # each alone, as the network would mix them some way beyond a border
        alone = (realtime.prepare([one], [1.0], options, (), where.strength) for one in seen)
        return where.compose((ready(content) for ready in alone), *content.shape[:2])

    def _arrange(self, scale: Scale) -> Arrangement:
        """Fit the largest scale into memory; see `memory.arrange`."""
        demand = self._demand(scale)
        if self.device.type == "cuda":  # whose memory is its own
            return arrange(demand, None, LARGE)
        asked = byte_count(self.options.memory)
        if asked is not None:
            limit, whose = max(asked - PROGRAM, 0), "allowed"
        else:
            there = available_memory()
            if there is None:
                return arrange(demand, None)
            limit, whose = int(0.9 * there), "free"
        found = arrange(demand, limit)
        if found.needed > limit:
            network = self.options.backbone if self.weights_hash else "this network"
            raise OptionError(
                f"a {scale.width}x{scale.height} picture needs about"
                f" {found.needed / 2**30:.1f} GB with {network}, and"
                f" {limit / 2**30:.1f} GB are {whose}: {advice(demand, limit)}"
            )
        return found

    def _demand(self, scale: Scale) -> Demand:
        options, weights = self.options, balance(self.options)
        stages = stages_of(self.backbone, weights.layers)
        pixels = scale.height * scale.width
        solver = options.optimizer

        def of_solver(history: int) -> int:
            return make_solver(solver, history=history).bytes_per_pixel(pixels, scale.steps)

        kept = sum(self._kept(stage, weights.losses) for stage in stages)
        longest = max(scale.height, scale.width) * options.style_scale
        areas = [
            height * width * min(1, longest / max(height, width)) ** 2
            for height, width, _ in (style.pixels.shape for style in self.styles)
        ]
        return Demand(stages, scale.height, scale.width, kept, of_solver, int(60 * sum(areas)))

    def _kept(self, stage: Stage, losses: Mapping[str, Mapping[str, float]]) -> int:
        """Return bytes for each pixel of the features that losses keep of a stage."""
        # of a network that is not cut, nobody knows how small its layers are: a quarter
        halvings = 2 * (2 if stage.halo is None else stage.depth)
        size = 2 if self._precision() == "bfloat16" else 4
        return sum(
            self.backbone.channels(layer) * size * HELD.get(name, 0) >> halvings
            for layer in stage.layers
            for name, layers in losses.items()
            if layer in layers
        )


def prepare(
    styles: Sequence[Sample],
    blend: Sequence[float],
    options: OptimizeOptions,
    network: Backbone | None = None,
    masks: Sequence[Image] = (),
    strength_map: Image | None = None,
) -> OptimizeStylizer:
    """Load the backbone and return a stylizer for styles blended by weights that sum to one.

    `network` takes the place of the named backbone; it must be on the device already. `masks`, one
    for each style, say where it goes, `strength_map` how strongly, both (H, W) in [0, 1].

    Raises:
        MissingExtraError: PyTorch is not installed.
        WeightsError: the backbone's weights are not to be had.
        ImageError: the picture to start from cannot be read.
        OptionError: the device is not available, a layer is not one of the backbone's, or there
            are masks, but not one for each style.
    """
    guidance = Guidance(tuple(blend), tuple(masks), strength_map)
    device = choose_device(options.device)
    init = None if options.init in STARTS else load_picture(options.init)
    backbone = _load(options, device) if network is None else network
    weights = balance(options)
    for layer in weights.layers:
        if layer not in backbone.layers:
            raise OptionError(f"the backbone has no layer {layer}: {', '.join(backbone.layers)}")
    digest = weights_sha256(find_weights(options.backbone)) if network is None else ""
    return OptimizeStylizer(backbone, tuple(styles), guidance, options, device, init, digest)


def _load(options: OptimizeOptions, device: torch.device) -> Backbone:
    return load_backbone(
        options.backbone,
        pooling=options.pooling,
        padding=None if options.padding == "auto" else options.padding,
        device=device,
        precision=choose_precision(options.precision, device),
    )
