"""Options of films that do not flicker. Needs neither OpenCV nor torch."""

from __future__ import annotations

from dataclasses import dataclass

from impasto.options import check, option


@dataclass(frozen=True)
class TemporalOptions:
    """Say how calm a film is to be."""

    temporal: float = option(
        1.0,
        "How calm: 0 paints frame by frame, 1 keeps what was painted wherever it is still seen.",
        group="Film",
        low=0,
        high=1,
    )
    settle: float = option(
        0.0,
        "How slowly the frame's own statistics are followed: calmer where things pass, not where"
        " light changes.",
        group="Film",
        low=0,
        high=0.99,
    )
    frame_steps: int = option(
        60,
        "Steps of the optimiser at each frame that follows another.",
        group="Film",
        low=1,
        high=100_000,
    )
    passes: int = option(
        1,
        "Times that the optimiser goes over a shot, forth and back, which must fit in the memory.",
        group="Film",
        low=1,
        high=100,
    )

    def __post_init__(self) -> None:
        """Check all limits."""
        check(self)
