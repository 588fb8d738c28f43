"""Charts of a page, as SVG and plain HTML: bars, curves, the flow of colours, outlines."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from impasto.explanation.findings import Attribution, Colors, Curves, Palette, hex_color
from impasto.explanation.markup import HUES, text
from impasto.explanation.words import percent

POINTS = 400  # of a curve that are drawn
DECADES = 5  # below the highest; what is smaller runs along the bottom
Values = NDArray[np.float64]


def bar(value: float, whole: float, tick: float | None, label: str) -> str:
    """Return a bar that fills its track at `whole`, with a tick at a yardstick."""

    def share(part: float) -> float:
        return 100 * min(1.0, max(0.0, part / whole)) if whole > 0 else 0.0

    mark = "" if tick is None else f'<b style="left:{share(tick):.1f}%"></b>'
    over = " over" if value > whole > 0 else ""
    return (
        f'<span class="bar{over}"><i style="width:{share(value):.1f}%"></i>{mark}</span>'
        f'<span class="of">{text(label)}</span>'
    )


def legend_bar(colors: Sequence[str], low: str, high: str, middle: str = "") -> str:
    """Return a strip of colours with what its ends mean."""
    return (
        f'<span class="legend"><span>{text(low)}</span>'
        f'<span class="strip" style="background:linear-gradient(90deg,{",".join(colors)})">'
        f"</span><span>{text(middle)}{text(high)}</span></span>"
    )


def curves(found: Curves) -> str:
    """Return losses over the steps, on a logarithm; dashed lines are where the size changes."""
    drawn = {n: v for n, v in found.losses.items() if (v > 0).any()}
    if not drawn:
        return "<p>All losses are 0 throughout.</p>"
    axes = _Axes.of(found.steps, list(drawn.values()))
    lines = [
        f'<polyline style="stroke:{_hue(name, drawn)}"'
        f' points="{axes.points(found.steps, values)}"/>'
        for name, values in drawn.items()
    ]
    label = f"Weighted losses from step {axes.first:g} to step {axes.last:g}"
    keys = "".join(
        f'<li><span class="key" style="background:{_hue(name, drawn)}"></span>{text(name)}'
        f" <small>{values[0]:.3g} to {values[-1]:.3g}</small></li>"
        for name, values in drawn.items()
    )
    return (
        f'<div class="scroll"><svg class="curves" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img"'
        f' aria-label="{label}">{axes.drawn(found.sizes)}{"".join(lines)}</svg></div>'
        f'<ul class="keys">{keys}</ul>'
    )


_WIDTH, _HEIGHT = 720, 330
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 712, 22, 300


@dataclass(frozen=True)
class _Axes:
    """Steps to the right, powers of ten upwards."""

    first: float
    last: float
    low: int
    high: int

    @classmethod
    def of(cls, steps: Values, losses: Sequence[Values]) -> _Axes:
        positive = np.concatenate([v[(v > 0) & np.isfinite(v)] for v in losses])
        high = math.floor(math.log10(positive.max())) + 1
        low = max(math.floor(math.log10(positive.min())), high - DECADES)
        return cls(float(steps[0]), float(steps[-1]), min(low, high - 1), high)

    def x(self, step: float) -> float:
        return _LEFT + (_RIGHT - _LEFT) * (step - self.first) / max(self.last - self.first, 1)

    def y(self, power: float) -> float:
        return _TOP + (_BOTTOM - _TOP) * (self.high - power) / (self.high - self.low)

    def points(self, steps: Values, values: Values) -> str:
        count = min(POINTS, len(steps))
        found = []
        for i in np.linspace(0, len(steps) - 1, count).round().astype(int):
            sound = values[i] > 0 and math.isfinite(values[i])
            power = max(math.log10(values[i]), self.low) if sound else self.low
            found.append(f"{self.x(steps[i]):.1f},{self.y(power):.1f}")
        return " ".join(found)

    def drawn(self, sizes: Sequence[tuple[float, int]]) -> str:
        parts = []
        for power in range(self.low, self.high + 1):
            parts.append(
                f'<line class="grid" x1="{_LEFT}" x2="{_RIGHT}" y1="{self.y(power):.1f}"'
                f' y2="{self.y(power):.1f}"/><text x="{_LEFT - 6}" y="{self.y(power) + 4:.1f}"'
                f' text-anchor="end">{10.0**power:g}</text>'
            )
        for step, size in sizes:
            parts.append(
                f'<line class="scale" x1="{self.x(step):.1f}" x2="{self.x(step):.1f}" y1="{_TOP}"'
                f' y2="{_BOTTOM}"/><text x="{self.x(step) + 3:.1f}" y="{_TOP - 6}">{size} px</text>'
            )
        for step, anchor in ((self.first, "start"), (self.last, "end")):
            parts.append(
                f'<text x="{self.x(step):.1f}" y="{_BOTTOM + 20}" text-anchor="{anchor}">'
                f"step {step:g}</text>"
            )
        return "".join(parts)


def _hue(name: str, names: Iterable[str]) -> str:
    if name == "loss":
        return "currentColor"
    others = [other for other in names if other != "loss"]
    return HUES[others.index(name) % len(HUES)]


def palette_strip(palette: Palette, name: str) -> str:
    """Return a palette as a strip whose parts are as wide as their shares."""
    parts = "".join(
        f'<span style="flex-grow:{max(float(share), 0.004):.4f};background:{hex_color(color)}"'
        f' title="{hex_color(color)}, {percent(float(share))}"></span>'
        for color, share in zip(palette.colors, palette.shares, strict=True)
    )
    told = ", ".join(
        f"{hex_color(color)} {percent(float(share))}"
        for color, share in zip(palette.colors, palette.shares, strict=True)
    )
    return f'<div class="palette" role="img" aria-label="{text(name)}: {told}">{parts}</div>'


def flow(found: Colors) -> str:
    """Return how the content's colours became the result's: ribbons as wide as their shares."""
    width, height, gap, side, margin = 560, 330, 7, 26, 62
    columns = []
    for shares in (found.content.shares, found.result.shares):
        room = height - gap * (len(shares) - 1)
        columns.append((np.cumsum([0.0, *shares]) * room, room))
    (lefts, left_room), (rights, right_room) = columns
    out, parts, ramps = np.zeros(found.flow.shape[0]), [], []
    into = np.zeros(found.flow.shape[1])
    for i, j in np.argwhere(found.flow > 0.002):
        share = float(found.flow[i, j])
        a, b = lefts[i] + gap * i + out[i], rights[j] + gap * j + into[j]
        thick, wide = share * left_room, share * right_room
        out[i], into[j] = out[i] + thick, into[j] + wide
        ramp = f"ramp{i}-{j}"
        ramps.append(
            f'<linearGradient id="{ramp}"><stop stop-color="{hex_color(found.content.colors[i])}"/>'
            f'<stop offset="1" stop-color="{hex_color(found.result.colors[j])}"/></linearGradient>'
        )
        parts.append(
            _ribbon(margin + side, width - margin - side, (a, a + thick), (b, b + wide), ramp)
        )
    for palette, bounds, x, label, anchor in (
        (found.content, lefts, margin, margin - 6, "end"),
        (found.result, rights, width - margin - side, width - margin + 6, "start"),
    ):
        for n, (start, stop) in enumerate(pairwise(bounds)):
            top = start + gap * n
            parts.append(
                f'<rect x="{x}" y="{top:.1f}" width="{side}" height="{stop - start:.1f}"'
                f' fill="{hex_color(palette.colors[n])}"/><text x="{label}"'
                f' y="{(top + (stop - start) / 2 + 5):.1f}" text-anchor="{anchor}">'
                f"{percent(float(palette.shares[n]))}</text>"
            )
    return (
        f'<svg class="flow" viewBox="0 -4 {width} {height + 8}" role="img" aria-label="Flow of'
        f' colours from the content, left, to the result, right"><defs>{"".join(ramps)}</defs>'
        f"{''.join(parts)}</svg>"
    )


def _ribbon(x: float, end: float, a: tuple[float, float], b: tuple[float, float], ramp: str) -> str:
    middle = (x + end) / 2
    return (
        f'<path fill="url(#{ramp})" opacity="0.75" d="M{x} {a[0]:.1f}C{middle} {a[0]:.1f} {middle}'
        f" {b[0]:.1f} {end} {b[0]:.1f}V{b[1]:.1f}C{middle} {b[1]:.1f} {middle} {a[1]:.1f} {x}"
        f' {a[1]:.1f}Z"/>'
    )


def style_outlines(found: Attribution, height: int, width: int) -> str:
    """Return numbered outlines of the most used patches, to lie over the style."""
    cell, parts = found.cell, []
    for n, patch in enumerate(found.patches):
        x, y = patch.left * cell, patch.top * cell
        wide, high = (patch.right - patch.left) * cell, (patch.bottom - patch.top) * cell
        parts.append(
            f'<rect x="{x}" y="{y}" width="{wide}" height="{high}" fill="none" stroke="{HUES[n]}"'
            f' stroke-width="4"/><text x="{x + 8}" y="{y + 26}" class="mark"'
            f' fill="{HUES[n]}">{n + 1}</text>'
        )
    return f'<svg viewBox="0 0 {width} {height}" aria-hidden="true">{"".join(parts)}</svg>'


def result_outlines(found: Attribution, height: int, width: int) -> str:
    """Return the places that resemble the most used patches, to lie over the result."""
    parts = []
    for n, patch in enumerate(found.patches):
        mask = (found.rows >= patch.top) & (found.rows < patch.bottom)
        mask &= (found.columns >= patch.left) & (found.columns < patch.right)
        steps = np.diff(np.pad(mask.astype(np.int8), ((0, 0), (1, 1))), axis=1)
        path = [
            f"M{start} {line}h{stop - start}v1h{start - stop}z"
            for line, row in enumerate(steps)
            for start, stop in zip(np.flatnonzero(row == 1), np.flatnonzero(row == -1), strict=True)
        ]
        parts.append(f'<path fill="{HUES[n]}" d="{"".join(path)}"/>')
    box = f"0 0 {width / found.cell:g} {height / found.cell:g}"
    return f'<svg viewBox="{box}" aria-hidden="true">{"".join(parts)}</svg>'
