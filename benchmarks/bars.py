"""What we ask of the speed on four cores, and where it is missed by what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.text import REFERENCE, number, shown_table


@dataclass(frozen=True)
class Bar:
    """Ask for at most so much of one measurement: an engine's size, or a command."""

    what: str
    most: float
    unit: str
    engine: str = ""
    command: str = ""


BARS = (
    Bar("1080p, engine", 60, "ms", engine="1920x1080"),
    Bar("4K, engine", 250, "ms", engine="3840x2160"),
    Bar("4K, JPEG to JPEG, whole command", 2.5, "s", command="3840x2160 JPEG to JPEG"),
    Bar("the same, no graph kept", 2.5, "s", command="3840x2160 JPEG to JPEG, no graph kept"),
    Bar("`impasto --help`, cold", 0.25, "s", command="--help"),
    Bar("first picture of a process, 512 px", 1.0, "s", command="512x512 JPEG to JPEG"),
    Bar("the same, no graph kept", 1.0, "s", command="512x512 JPEG to JPEG, no graph kept"),
)


def table(whole: Mapping[str, Any]) -> str:
    """Return what is asked, what was measured, and what takes most where it is missed."""
    rows = []
    for bar in BARS:
        value = measured(bar, whole["results"])
        found = "not measured" if value is None else f"{number(value)} {bar.unit}"
        verdict = ""
        if value is not None:
            verdict = "reached" if value <= bar.most else f"missed: {causes(bar, whole['results'])}"
        rows.append((bar.what, f"{bar.most:g} {bar.unit}", found, verdict))
    return shown_table(("", "Asked, at most", "Measured", ""), rows)


def measured(bar: Bar, results: Mapping[str, Any]) -> float | None:
    """Return the median that a bar is about."""
    if bar.command:
        row = results.get("commands", {}).get(bar.command, {})
        return row["seconds"]["median"] if "seconds" in row else None
    for row in results.get("networks", []):
        if (row["program"], row["size"]) == (REFERENCE, bar.engine) and "engine_ms" in row:
            return float(row["engine_ms"]["median"])
    return None


def causes(bar: Bar, results: Mapping[str, Any], largest: int = 3) -> str:
    """Return the largest costs of what a bar is about: layers, or phases of a command."""
    if bar.command:
        found = results["commands"][bar.command].get("phases", {})
        once = {name: ms for name, ms in found.items() if "again" not in name}
        parts = sorted(once.items(), key=lambda part: -part[1])[:largest]
        return "; ".join(f"{name} {number(ms)} ms" for name, ms in parts)
    rows = results.get("counters", {}).get(bar.engine, {}).get("layers", [])[:largest]
    parts = [(f"{row['kind']} {row['shapes'].replace(' -> ', ' to ')}", row["ms"]) for row in rows]
    return "; ".join(f"{name} {number(ms)} ms" for name, ms in parts)
