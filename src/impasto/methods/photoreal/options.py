"""The options of photographs that stay photographs."""

from __future__ import annotations

from dataclasses import dataclass

from impasto.methods import shared_options as shared
from impasto.options import check, option


@dataclass(frozen=True)
class PhotorealOptions:
    """All that can be asked of the transfer of tone, colour and light."""

    strength: float = shared.strength()
    size: int | None = shared.size()
    retouch: float = option(
        0.0,
        "How far skin and sky are smoothed, edges kept; with quality photoreal.",
        group="Look",
        low=0,
        high=1,
    )
    threads: int | None = shared.threads()
    memory: str | None = shared.memory()

    def __post_init__(self) -> None:
        """Check all limits."""
        check(self)
