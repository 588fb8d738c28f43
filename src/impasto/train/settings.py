"""Settings of a training, each declared once. Needs no torch."""

from __future__ import annotations

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


def learning_rate(step: int, config: BackboneTraining, warm_up: int = 200) -> float:
    """Return the share of the peak rate: linear warm-up, constant, a linear fall to 1 %."""
    left = (config.steps - step) / max(1.0, config.steps * config.decay_share)
    return min(1.0, (step + 1) / warm_up) * min(1.0, 0.01 + 0.99 * left)
