"""Settings of a training, each declared once. Needs no torch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import Field, asdict, dataclass
from types import MappingProxyType
from typing import Any

from impasto.errors import OptionError
from impasto.methods import shared_options as shared
from impasto.options import check, declarations, option


@dataclass(frozen=True)
class BackboneTraining:
    """Say how the student is trained; the defaults made the shipped weights."""

    steps: int = option(9000, "Steps in all.", low=1)
    batch: int = option(8, "Pictures a step.", low=2)
    fresh: int = option(2, "Of these, new ones; the rest are seen again.", low=2)
    memory: int = option(1024, "Pictures kept to be seen again, about 2 MB each.", low=1)
    from_pool: int = option(2, "Of a batch, pictures that are being stylised.", low=0)
    pool: int = option(48, "Pictures being stylised at any time.", low=1)
    pool_share: float = option(
        0.4, "The last part of all steps, with such pictures.", low=0, high=1
    )
    size: int = option(160, "Side of the pictures in pixels.", low=32)
    final_size: int = option(224, "Side for the last part of the training.", low=32)
    final_share: float = option(0.1, "That part, as a share of all steps.", low=0, high=1)
    shallow_every: int = option(
        4, "Steps between those that look at relu1_1 and relu2_1, which learn fast.", low=1
    )
    decay_share: float = option(
        0.8, "The last part of all steps, in which the rate falls.", low=0, high=1
    )
    rate: float = option(1e-2, "Peak learning rate.", low=1e-6, high=1)
    weight_decay: float = option(1e-4, "Weight decay of AdamW.", low=0, high=1)
    gram_weight: float = option(0.5, "Weight of Gram errors beside feature errors.", low=0)
    average: float = option(0.999, "Decay of the averaged weights.", low=0, high=0.99999)
    noise: float = option(0.15, "Most noise added to a picture (deviation).", low=0, high=1)
    seed: int = shared.seed()

    def __post_init__(self) -> None:
        """Check all limits, and that a batch holds what it should."""
        check(self)
        if self.batch - self.from_pool < self.fresh:
            raise OptionError(
                f"batch {self.batch} has no room for from_pool {self.from_pool} and fresh"
                f" {self.fresh}: take a larger batch"
            )


def learning_rate(
    step: int, config: BackboneTraining | PaintingTraining, warm_up: int = 200
) -> float:
    """Return the share of the peak rate: linear warm-up, constant, a linear fall to 1 %.

    Short runs warm up for a fifth of their steps.
    """
    warm_up = min(warm_up, max(1, config.steps // 5))
    left = (config.steps - step) / max(1.0, config.steps * config.decay_share)
    return min(1.0, (step + 1) / warm_up) * min(1.0, 0.01 + 0.99 * left)


def settings_of(config: BackboneTraining | PaintingTraining) -> dict[str, Any]:
    """Return what a run may not change when it goes on: all but its end."""
    return {name: value for name, value in asdict(config).items() if name != "steps"}


@dataclass(frozen=True)
class PaintingTraining:
    """Say how a network that paints is trained."""

    steps: int = option(2000, "Steps in all.", low=1)
    batch: int = option(6, "Pictures a step.", low=1)
    fresh: int = option(2, "Of these, new ones; the rest are seen again.", low=1)
    memory: int = option(512, "Pictures of each kind kept to be seen again.", low=1)
    identity: float = option(0.08, "Share of contents that are to come back.", low=0, high=1)
    calm: int = option(2, "Of a batch, contents that are painted again, moved.", low=0)
    from_below: int = option(1, "Of a batch, contents painted without fine features.", low=0)
    size: int = option(192, "Side of the pictures in pixels, a multiple of 16.", low=32)
    enlarged: float = option(2.5, "Largest factor by which squares are enlarged.", low=1, high=8)
    shallow_every: int = option(2, "Steps between those that look at relu1_1 and relu2_1.", low=1)
    decay_share: float = option(0.5, "The last part of all steps, in which the rate falls.", low=0)
    rate: float = option(1.5e-3, "Peak learning rate.", low=1e-6, high=1)
    weight_decay: float = option(1e-4, "Weight decay of AdamW.", low=0, high=1)
    content_weight: float = option(1.0, "Weight of content distances.", low=0)
    style_weight: float = option(7.5, "Weight of the distances of Gram matrices.", low=0)
    moments_weight: float = option(2.5, "Weight of the distances of means and mean squares.", low=0)
    identity_weight: float = option(4.0, "Weight of pixel distances to own styles.", low=0)
    calm_weight: float = option(4.0, "Weight of changes under shifts and noise.", low=0)
    grid_weight: float = option(20.0, "Weight of patterns that repeat every 16 pixels.", low=0)
    blocks_weight: float = option(2.5, "Weight of seams between squares of pixels.", low=0)
    regularity_weight: float = option(
        15.0, "Weight of patterns that repeat every 2 to 13 pixels.", low=0
    )
    variation_weight: float = option(2.0, "Weight of total variation.", low=0)
    range_weight: float = option(20.0, "Weight of values outside 0 to 1.", low=0)
    clip: float = option(2.0, "Largest norm of a step's gradient.", low=1e-3)
    average: float = option(0.999, "Decay of the averaged weights.", low=0, high=0.99999)
    seed: int = shared.seed()

    def __post_init__(self) -> None:
        """Check all limits, and that a batch holds what it should."""
        check(self)
        if self.batch % self.fresh or self.calm + self.from_below > self.batch:
            raise OptionError(
                f"batch {self.batch}: expected a multiple of fresh {self.fresh}, and no fewer"
                f" than calm {self.calm} and from_below {self.from_below} together"
            )
        if any(size % 16 for size in self.sizes):
            sizes = ", ".join(map(str, self.sizes))
            raise OptionError(f"size {sizes}: expected multiples of 16")

    @property
    def sizes(self) -> tuple[int, ...]:
        """Return the sides of the pictures in all parts of the training."""
        return (self.size,)

    @property
    def parts(self) -> tuple[tuple[int, float], ...]:
        """Return the first step of each part of the training, and its share of all steps."""
        return ((0, 1.0),)

    def stage(self, step: int) -> tuple[int, int]:
        """Return the first step of the part that `step` is in, and the side of its pictures."""
        return 0, self.size


@dataclass(frozen=True)
class RealtimeTraining(PaintingTraining):
    """Say how the real-time network is trained.

    The losses' weights are those that the runs behind the shipped network ended with (see its
    model card), but for regularity, which came after them; no single run with all of these
    defaults made it.
    """

    steps: int = option(30000, "Steps in all.", low=1)
    memory: int = option(1024, "Pictures of each kind kept to be seen again.", low=1)
    style_weight: float = option(8.0, "Weight of the distances of Gram matrices.", low=0)
    moments_weight: float = option(1.0, "Weight of the distances of means and mean squares.", low=0)
    calm_weight: float = option(2.5, "Weight of changes under shifts and noise.", low=0)
    drawn: int = option(6, "Styles of each kind that our own code draws.", low=0)
    swapped: float = option(0.1, "Share of pairs whose style is a photo.", low=0, high=1)
    size: int = option(128, "Side of the pictures in pixels, a multiple of 16.", low=32)
    final_size: int = option(224, "Side for the last part of the training.", low=32)
    final_share: float = option(0.12, "That part, as a share of all steps.", low=0, high=1)
    color_jitter: float = option(0.2, "Share of styles in changed colours.", low=0, high=1)
    laid_over: float = option(
        0.15, "Share of styles that are two, one over the other.", low=0, high=1
    )

    @property
    def sizes(self) -> tuple[int, ...]:
        """Return the sides of the pictures in all parts of the training."""
        return self.size, self.final_size

    @property
    def parts(self) -> tuple[tuple[int, float], ...]:
        """Return the first step of each part of the training, and its share of all steps."""
        begin = math.ceil(self.steps * (1 - self.final_share))
        last = 1 - begin / self.steps
        return tuple(part for part in ((0, 1 - last), (begin, last)) if part[1] > 0)

    def stage(self, step: int) -> tuple[int, int]:
        """Return the first step of the part that `step` is in, and the side of its pictures."""
        begin = math.ceil(self.steps * (1 - self.final_share))
        return (begin, self.final_size) if step >= begin else (0, self.size)


@dataclass(frozen=True)
class StyleTraining(PaintingTraining):
    """Say how a network of a few styles is trained."""

    style_size: int = option(
        384, "Longest side at which styles are looked at: larger means larger strokes.", low=64
    )
    width: float = option(
        1.0,
        "Channels of all layers, times the default's; others than 1 begin from random numbers.",
        group="Network",
        low=0.25,
        high=4,
    )
    blocks: int = option(
        2, "Residual blocks where the picture is smallest.", group="Network", low=0, high=12
    )
    depthwise: bool = option(False, "Separable convolutions in residual blocks.", group="Network")
    rate: float = option(1e-3, "Peak learning rate.", low=1e-6, high=1)
    average: float = option(0.995, "Decay of the averaged weights.", low=0, high=0.99999)

    def shape(self, arch: str) -> dict[str, Any]:
        """Return the configuration of a network of an architecture."""

        def wide(channels: int) -> int:
            return max(8, round(channels * self.width / 8) * 8)

        if arch == "residual":
            return {
                "widths": (wide(24), wide(56)),
                "blocks": self.blocks,
                "depthwise": self.depthwise,
            }
        names = {"fine": 32, "coarse": 64, "deep": 80, "last": 16}
        return {name: wide(n) for name, n in names.items()} | {"deep_blocks": self.blocks}


@dataclass(frozen=True)
class GanTraining(StyleTraining):
    """Say how a network of a collection's style is trained."""

    content_weight: float = option(1.0, "Weight of content distances.", low=0)
    style_weight: float = option(2.0, "Weight of the distances of Gram matrices.", low=0)
    moments_weight: float = option(1.0, "Weight of the distances of means and mean squares.", low=0)
    adversarial_weight: float = option(1.0, "Weight of what the critic says.", low=0)
    contrast_weight: float = option(0.5, "Weight of the patches' contrastive loss.", low=0)
    keep_weight: float = option(2.0, "Weight of changes to the collection itself.", low=0)
    generator: str = option(
        "unet", "Which network paints.", group="Network", choices=("unet", "residual")
    )
    critic_rate: float = option(4e-4, "Learning rate of the critic.", low=1e-7, high=1)
    critic_width: int = option(
        32, "Channels of the critic's first layer.", group="Network", low=8, high=128
    )

    def __post_init__(self) -> None:
        """Check all limits, and that no option is of the other generator."""
        super().__post_init__()
        _refuse(self, KINDS[self.generator].without, f"generator {self.generator}")


@dataclass(frozen=True)
class Kind:
    """Name the settings of a kind of network, and those of them that change nothing in it."""

    settings: type[PaintingTraining]
    without: tuple[str, ...] = ()

    @property
    def options(self) -> dict[str, Field[Any]]:
        """Return the settings that do change something."""
        found = declarations(self.settings).items()
        return {name: field for name, (field, _) in found if name not in self.without}

    def check(self, config: PaintingTraining, name: str) -> None:
        """Check that settings are those of this kind, whose name is `name`.

        Raises:
            OptionError: they are not.
        """
        if type(config) is not self.settings:
            raise OptionError(f"kind {name}: expected {self.settings.__name__}")
        _refuse(config, self.without, f"kind {name}")


def _refuse(config: PaintingTraining, names: Sequence[str], where: str) -> None:
    for name in names:
        if getattr(config, name) != declarations(type(config))[name][0].default:
            raise OptionError(f"{name} changes nothing in {where}: leave it out")


# what each kind of network of one's own is trained by
KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "unet": Kind(StyleTraining, without=("depthwise",)),
        "residual": Kind(StyleTraining, without=("from_below",)),
        "gan": Kind(GanTraining, without=("style_size",)),
        "arbitrary": Kind(RealtimeTraining, without=("drawn",)),
    }
)
