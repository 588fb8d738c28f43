"""How calm a film is painted."""

from __future__ import annotations

from dataclasses import dataclass

from impasto.options import check, option


@dataclass(frozen=True)
class TemporalOptions:
    """All that can be asked of how one frame follows another."""

    temporal: float = option(
        1.0, "How calm films are: 0 paints each frame by itself, which flickers.", low=0, high=1
    )
    frame_steps: int = option(
        60, "Steps of the optimiser at each frame that follows another.", low=1, high=100_000
    )

    def __post_init__(self) -> None:
        """Check all limits."""
        check(self)
