"""The options of photographs that stay photographs."""

from __future__ import annotations

from dataclasses import dataclass

from impasto.options import byte_count, check, option


@dataclass(frozen=True)
class PhotorealOptions:
    """All that can be asked of the transfer of tone, colour and light."""

    strength: float = option(
        1.0, "How much style: 0 gives the content back, 1 the full style.", low=0, high=1
    )
    size: int | None = option(
        None, "Longest side of the result in pixels; without it, the content's size.", low=16
    )
    retouch: float = option(
        0.0,
        "How far skin and sky are smoothed, edges kept; with quality photoreal.",
        group="Look",
        low=0,
        high=1,
    )
    threads: int | None = option(
        None, "CPU threads; without it, one for each core.", group="Search", low=1, high=1024
    )
    memory: str | None = option(
        None, "Main memory to do with, as 2GB; without it, most of what is free.", group="Search"
    )

    def __post_init__(self) -> None:
        """Check all limits."""
        check(self)
        byte_count(self.memory)
