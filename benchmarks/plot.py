"""The plot of results/speed.json: time over megapixels, ours and the peers'."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

from benchmarks.text import label, size_name

_OURS = {"int8": "#b3261e", "bfloat16": "#e0711c", "float32": "#e8b04a"}
_OTHERS = ("#1f4e79", "#4a90c2", "#3f8f7f", "#7fb7a4", "#6a5a8c", "#a79bc0", "#777777")
_SHOWN = ("realtime openvino int8", "realtime openvino bfloat16", "realtime openvino float32")
_METHODS = ("realtime", "residual")


def draw(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Draw medians over sizes, with bars from the tenth to the ninetieth percentile."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, NullLocator

    figure = Figure(figsize=(8.2, 5), layout="constrained")
    axes = figure.subplots()
    others = cycle(_OTHERS)
    for program in _slowest_first(rows):
        own = program.split()[0] in _METHODS
        if own and program not in _SHOWN:
            continue
        color = _OURS[program.split()[-1]] if own else next(others)
        points = [row for row in rows if row["program"] == program and "ms" in row]
        if not points:
            continue
        middle = [row["ms"]["median"] for row in points]
        below = [row["ms"]["median"] - row["ms"]["p10"] for row in points]
        above = [row["ms"]["p90"] - row["ms"]["median"] for row in points]
        x = [_megapixels(row["size"]) for row in points]
        style: dict[str, Any] = {"marker": "o" if own else "s", "linestyle": "-" if own else "--"}
        name = label(program)
        axes.errorbar(x, middle, (below, above), color=color, label=name, capsize=3, **style)
    sizes = dict.fromkeys(row["size"] for row in rows)
    ticks = [_megapixels(size) for size in sizes]
    axes.set(xscale="log", yscale="log", ylabel="milliseconds for a picture in memory")
    axes.set_xticks(ticks, [f"{size_name(size)}\n{_megapixels(size):.2g} Mpx" for size in sizes])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.grid(color="0.9")
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.legend(frameon=False, loc="lower right")
    figure.savefig(path, dpi=110, metadata={"Software": None})


def _slowest_first(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the programs as they lie in the plot."""
    first: dict[str, float] = {}
    for row in rows:
        first.setdefault(row["program"], row["ms"]["median"] if "ms" in row else 0.0)
    return sorted(first, key=lambda program: -first[program])


def _megapixels(size: str) -> float:
    width, height = map(int, size.split("x"))
    return width * height / 1e6
