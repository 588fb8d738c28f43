"""Draw the log of a training: each number over the steps, in a panel of its own."""

from __future__ import annotations

import csv
from pathlib import Path

from matplotlib.figure import Figure

_ACROSS = 4
_NO_CURVES = ("step", "seconds_per_step")


def plot_log(log: Path, path: Path) -> None:
    """Draw the numbers of `log`, a CSV file with a column `step`, as the picture `path`."""
    with log.open(newline="") as file:
        rows = list(csv.DictReader(file))
    curves = {name: _curve(rows, name) for name in rows[0] if name not in _NO_CURVES}
    curves = {name: points for name, points in curves.items() if points}
    down = -(-len(curves) // _ACROSS)
    figure = Figure(figsize=(3.2 * _ACROSS, 2.2 * down), layout="constrained")
    panels = list(figure.subplots(down, _ACROSS, squeeze=False).flat)
    for axes, (name, points) in zip(panels, curves.items(), strict=False):
        steps, values = zip(*points, strict=True)
        axes.plot(steps, values, linewidth=1.2, marker="." if len(points) < 8 else "")
        axes.set_title(name.replace("_", " "), fontsize=9)
        axes.tick_params(labelsize=7)
        axes.grid(alpha=0.3)
    for axes in panels[len(curves) :]:
        axes.set_visible(False)
    figure.savefig(path, dpi=100)


def _curve(rows: list[dict[str, str]], name: str) -> list[tuple[float, float]]:
    """Return (step, value) where there is a value; what a run went back over, only once."""
    points = {float(row["step"]): float(row[name]) for row in rows if row[name]}
    return sorted(points.items())
