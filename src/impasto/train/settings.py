"""Settings of a training, each declared once. Needs no torch."""

from __future__ import annotations

import math
from dataclasses import dataclass

from impasto.errors import OptionError
from impasto.options import check, option


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
    seed: int = option(0, "Seed of every random number.", low=0)

    def __post_init__(self) -> None:
        """Check all limits, and that a batch holds what it should."""
        check(self)
        if self.batch - self.from_pool < self.fresh:
            raise OptionError(
                f"batch {self.batch} has no room for from_pool {self.from_pool} and fresh"
                f" {self.fresh}: take a larger batch"
            )


def learning_rate(
    step: int, config: BackboneTraining | RealtimeTraining, warm_up: int = 200
) -> float:
    """Return the share of the peak rate: linear warm-up, constant, a linear fall to 1 %."""
    left = (config.steps - step) / max(1.0, config.steps * config.decay_share)
    return min(1.0, (step + 1) / warm_up) * min(1.0, 0.01 + 0.99 * left)


@dataclass(frozen=True)
class RealtimeTraining:
    """Say how the real-time network is trained.

    The losses' weights are those that the runs behind the shipped network ended with (see its
    model card); no single run with all of these defaults made it.
    """

    steps: int = option(30000, "Steps in all.", low=1)
    batch: int = option(6, "Pictures a step.", low=1)
    fresh: int = option(2, "Of these, new ones; the rest are seen again.", low=1)
    memory: int = option(1024, "Pictures of each kind kept to be seen again.", low=1)
    drawn: int = option(6, "Styles of each kind that our own code draws.", low=0)
    swapped: float = option(0.1, "Share of pairs whose style is a photo.", low=0, high=1)
    identity: float = option(0.08, "Share of contents that are their own styles.", low=0, high=1)
    calm: int = option(2, "Of a batch, contents that are painted again, moved.", low=0)
    from_below: int = option(1, "Of a batch, contents painted without fine features.", low=0)
    size: int = option(128, "Side of the pictures in pixels, a multiple of 16.", low=32)
    enlarged: float = option(2.5, "Largest factor by which squares are enlarged.", low=1, high=8)
    final_size: int = option(224, "Side for the last part of the training.", low=32)
    final_share: float = option(0.12, "That part, as a share of all steps.", low=0, high=1)
    shallow_every: int = option(2, "Steps between those that look at relu1_1 and relu2_1.", low=1)
    decay_share: float = option(0.5, "The last part of all steps, in which the rate falls.", low=0)
    rate: float = option(1.5e-3, "Peak learning rate.", low=1e-6, high=1)
    weight_decay: float = option(1e-4, "Weight decay of AdamW.", low=0, high=1)
    content_weight: float = option(1.0, "Weight of content distances.", low=0)
    style_weight: float = option(8.0, "Weight of the distances of Gram matrices.", low=0)
    moments_weight: float = option(1.0, "Weight of the distances of means and mean squares.", low=0)
    identity_weight: float = option(4.0, "Weight of pixel distances to own styles.", low=0)
    calm_weight: float = option(2.5, "Weight of changes under shifts and noise.", low=0)
    grid_weight: float = option(20.0, "Weight of patterns that repeat every 16 pixels.", low=0)
    blocks_weight: float = option(2.5, "Weight of seams between squares of pixels.", low=0)
    variation_weight: float = option(2.0, "Weight of total variation.", low=0)
    color_jitter: float = option(0.2, "Share of styles in changed colours.", low=0, high=1)
    laid_over: float = option(
        0.15, "Share of styles that are two, one over the other.", low=0, high=1
    )
    range_weight: float = option(20.0, "Weight of values outside 0 to 1.", low=0)
    clip: float = option(2.0, "Largest norm of a step's gradient.", low=1e-3)
    average: float = option(0.999, "Decay of the averaged weights.", low=0, high=0.99999)
    seed: int = option(0, "Seed of every random number.", low=0)

    def __post_init__(self) -> None:
        """Check all limits, and that a batch holds what it should."""
        check(self)
        if self.batch % self.fresh or self.calm + self.from_below > self.batch:
            raise OptionError(
                f"batch {self.batch}: expected a multiple of fresh {self.fresh}, and no fewer"
                f" than calm {self.calm} and from_below {self.from_below} together"
            )
        if self.size % 16 or self.final_size % 16:
            raise OptionError(f"size {self.size}, {self.final_size}: expected multiples of 16")

    def stage(self, step: int) -> tuple[int, int]:
        """Return the first step of the part that `step` is in, and the side of its pictures."""
        begin = math.ceil(self.steps * (1 - self.final_share))
        return (begin, self.final_size) if step >= begin else (0, self.size)
