"""Options that several methods have, each declared once. Needs no torch.

A function is one option: a class of options calls it where the option stands in the help.
"""

from __future__ import annotations

from typing import Any

from impasto.options import byte_count, option


def strength() -> Any:
    """Declare how much style there is."""
    return option(1.0, "How much style: 0 gives the content back, 1 the full style.", low=0, high=1)


def size() -> Any:
    """Declare the longest side of the result."""
    return option(
        None, "Longest side of the result in pixels; without it, the content's size.", low=16
    )


def style_scale(help: str, default: float | None = 1.0) -> Any:
    """Declare how large strokes are; `help` says of what it is a scale."""
    return option(default, help, low=0.1, high=4)


def preserve_color() -> Any:
    """Declare which of the content's colours stay."""
    return option(
        "none",
        "Keep the content's colours: exactly (luminance) or in their statistics.",
        choices=("none", "luminance", "statistics"),
    )


def seed() -> Any:
    """Declare where random numbers begin."""
    return option(0, "Seed of every random number.", low=0)


def device() -> Any:
    """Declare where to compute."""
    return option(
        "auto", "Where to compute.", group="Search", choices=("auto", "cpu", "cuda", "mps")
    )


def threads(group: str = "Search") -> Any:
    """Declare how many threads compute."""
    return option(
        None, "CPU threads; without it, one for each core.", group=group, low=1, high=1024
    )


def memory() -> Any:
    """Declare how much memory there is to do with."""
    return option(
        None,
        "Main memory to do with, as 2GB; without it, most of what is free.",
        group="Search",
        reads=byte_count,
    )
