"""The optimiser's options, and the presets that set several at once. Needs no torch."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from impasto.backbones import BACKBONES, layer_name
from impasto.errors import OptionError
from impasto.methods import shared_options as shared
from impasto.methods.optimize.catalog import CONTENT_LOSSES, FIVE, STYLE_LOSSES, Loss
from impasto.options import check, declarations, option, suggest, unknown_option

OPTIMIZERS = ("lbfgs", "adam", "adam-tutorial", "sgd")
STARTS = ("content", "noise", "style", "fast")


# name -> (what it is for, which knobs it turns)
PRESETS: Mapping[str, tuple[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "sharper": (
            "too blurry: no smoothing, more steps",
            {"tv_weight": 0.0, "steps": 450},
        ),
        "softer": ("too harsh: more smoothing", {"tv_weight": 20.0}),
        "steadier": (
            "too distorted: shapes kept also in detail, and their edges",
            {
                "content_losses": "features, laplacian=0.5",
                "content_layers": "relu3_1=0.5,relu4_2",
                "content_weight": 0.25,
            },
        ),
        "faithful": ("more of the photo", {"content_weight": 0.45}),
        "bolder": (
            "more of the painting: less content, larger strokes",
            {"content_weight": 0.045, "style_scale": 1.4},
        ),
        "keep-colors": (
            "the photo's colours, the painting's strokes",
            {"preserve_color": "luminance"},
        ),
        "gatys": (
            "the classic: Gram matrices alone",
            {
                "style_losses": "gram",
                "style_layers": FIVE,
                "content_weight": 0.03,
                "tv_weight": 2.0,
            },
        ),
        "transport": (
            "features as Gaussians: smooth, even",
            {"style_losses": "transport", "content_weight": 0.1},
        ),
        "sliced": (
            "whole distributions: rich, evenly spread texture",
            {"style_losses": "sliced", "content_weight": 0.1},
        ),
        "histogram": (
            "Gram matrices and histograms: steadier contrast",
            {"style_losses": "gram, histogram", "content_weight": 0.05},
        ),
        "strokes": (
            "each place from its likeness: whole strokes, few inventions",
            {"style_losses": "nearest", "content_weight": 0.2},
        ),
        "patches": (
            "patch by patch: pieces of the painting",
            {"style_losses": "patches", "content_weight": 0.2},
        ),
        "matched": (
            "some places, matched both ways, their likeness to each other kept",
            {
                "style_losses": "earth-mover, moments=0.3",
                "content_losses": "self-similarity",
                "content_weight": 1.0,
            },
        ),
    }
)


@dataclass(frozen=True)
class OptimizeOptions:
    """All that can be asked of the optimiser; defaults give a finished picture."""

    preset: str | None = option(
        None, "Knobs for a common wish; your own options win over it.", choices=tuple(PRESETS)
    )
    strength: float = shared.strength()
    size: int | None = shared.size()
    style_scale: float = shared.style_scale(
        "Stroke size: the style's longest side over the content's."
    )
    preserve_color: str = shared.preserve_color()
    detail: float = option(
        0.0, "How much of the content's fine detail is blended back in the end.", low=0, high=1
    )
    seed: int = shared.seed()

    backbone: str = option(
        "compact", "Network that judges likeness.", group="Look", choices=BACKBONES
    )
    content_weight: float = option(
        0.15, "Weight of what is kept of the content.", group="Look", low=0, high=1e6
    )
    style_weight: float = option(1.0, "Weight of the style.", group="Look", low=0, high=1e6)
    tv_weight: float = option(
        0.5, "Weight of total variation: calms noise.", group="Look", low=0, high=1e6
    )
    range_weight: float = option(
        50.0, "Weight of values outside what a picture can show.", group="Look", low=0, high=1e6
    )
    content_losses: str = option(
        "features",
        "What is kept of the content, as loss or loss=weight, ...: "
        + ", ".join(CONTENT_LOSSES)
        + ".",
        group="Look",
    )
    style_losses: str = option(
        "gram, nearest=0.3",
        "What is taken of the style, as loss or loss=weight, ...: " + ", ".join(STYLE_LOSSES) + ".",
        group="Look",
    )
    content_layers: str | None = option(
        None,
        "Layers of the content losses, as layer or layer=weight, ...; without it, their own.",
        group="Look",
    )
    style_layers: str | None = option(
        None,
        "Layers of the style losses, as layer or layer=weight, ...; without it, their own.",
        group="Look",
    )
    pooling: str = option(
        "max", "Pooling of the backbone.", group="Look", choices=("max", "average")
    )
    padding: str = option(
        "auto",
        "What the backbone sees beyond the border; auto is its own, zeros may grow a frame.",
        group="Look",
        choices=("auto", "replicate", "reflect", "zeros"),
    )

    steps: int = option(
        300, "Steps in all, spread over the scales.", group="Search", low=1, high=100_000
    )
    optimizer: str = option("lbfgs", "How to search.", group="Search", choices=OPTIMIZERS)
    learning_rate: float | None = option(
        None, "Step size in units of white; not for lbfgs.", group="Search", low=1e-6, high=10
    )
    init: str = option(
        "content",
        "Start from content, noise, style, fast (the real-time result) or a picture file.",
        group="Search",
    )
    coarsest: int = option(
        128,
        "Longest side to begin with; doubled up to the size. A huge value means one scale.",
        group="Search",
        low=32,
    )
    device: str = shared.device()
    precision: str = option(
        "auto",
        "Arithmetic of the backbone; auto takes bfloat16 where the hardware has it.",
        group="Search",
        choices=("auto", "float32", "bfloat16"),
    )
    threads: int | None = shared.threads()
    memory: str | None = shared.memory()

    def __post_init__(self) -> None:
        """Check all limits, that the layers can be read, and that nothing contradicts itself."""
        check(self)
        content, style = self.content_shares(), self.style_shares()
        if not any((content, style, self.tv_weight, self.range_weight)):
            raise OptionError("all weights are 0: give content_weight or style_weight some")
        if self.optimizer == "lbfgs" and self.learning_rate is not None:
            raise OptionError("learning_rate: lbfgs finds its own step; leave it out or use adam")

    def content_shares(self) -> dict[str, dict[str, float]]:
        """Return the content's weight, shared among its losses and their layers."""
        return _shares(
            self.content_losses, CONTENT_LOSSES, self.content_layers, self.content_weight
        )

    def style_shares(self) -> dict[str, dict[str, float]]:
        """Return the style's weight, shared among its losses and their layers."""
        return _shares(self.style_losses, STYLE_LOSSES, self.style_layers, self.style_weight)


def resolve(given: Mapping[str, Any]) -> OptimizeOptions:
    """Return options from keywords: defaults, then the preset's knobs, then what was given.

    Raises:
        OptionError: an unknown option or preset, or a value outside its limits.
    """
    known = declarations(OptimizeOptions)
    for name in given:
        if name not in known:
            raise unknown_option(name, OptimizeOptions)
    preset = given.get("preset")
    if preset is not None and preset not in PRESETS:
        raise OptionError(f"preset {preset!r}: {suggest(str(preset), PRESETS)}")
    knobs = PRESETS[preset][1] if preset is not None else {}
    return OptimizeOptions(**{**knobs, **given})


def layer_weights(text: str) -> dict[str, float]:
    """Read "relu1_1, relu2_1=0.5" into weights by layer; no weight means 1; Keras names do too.

    Raises:
        OptionError: not a layer, not a finite weight of at least 0, or a layer named twice.
    """
    return _weights(text, "layer", layer_name)


def loss_weights(text: str, known: Mapping[str, Loss]) -> dict[str, float]:
    """Read "gram, nearest=0.5" into weights by loss; no weight means 1.

    Raises:
        OptionError: not a loss, not a finite weight of at least 0, or a loss named twice.
    """

    def checked(name: str) -> str:
        if name not in known:
            raise OptionError(f"loss {name!r}: {suggest(name, known)}")
        return name

    return _weights(text, "loss", checked)


def _weights(text: str, what: str, read_name: Callable[[str], str]) -> dict[str, float]:
    weights: dict[str, float] = {}
    for part in filter(None, (p.strip() for p in text.split(","))):
        name, equals, number = part.partition("=")
        found = read_name(name.strip())
        try:
            weight = float(number) if equals else 1.0
        except ValueError:
            weight = math.nan
        if not (weight >= 0 and math.isfinite(weight)):
            raise OptionError(f"{what} weight {part!r}: expected a number of at least 0")
        if found in weights:
            raise OptionError(f"{what} {found} is named twice in {text!r}")
        weights[found] = weight
    return weights


def _shares(
    losses: str, known: Mapping[str, Loss], layers: str | None, total: float
) -> dict[str, dict[str, float]]:
    """Return weights by loss and layer, whose sum for each loss is `total` times its own.

    A loss of the picture itself has one layer, ""; what has no weight is left out.
    """
    shares: dict[str, dict[str, float]] = {}
    for name, weight in loss_weights(losses, known).items():
        own = {"": 1.0}
        if known[name].layers:
            own = layer_weights(known[name].layers if layers is None else layers)
        whole = sum(own.values())
        found = {
            layer: total * weight * w / whole for layer, w in own.items() if w * weight * total > 0
        }
        if found:
            shares[name] = found
    return shares
