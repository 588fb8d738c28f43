"""Sumi-e: mountains in mist, bamboo and a branch of plum, in ink wash on raw paper."""

from collections.abc import Sequence

import numpy as np

from impasto.drawn.bamboo import bamboo, plum
from impasto.drawn.fields import (
    Array,
    fbm,
    grid,
    noise,
    paper,
    resize,
    ridge,
    sample,
    smoothstep,
)
from impasto.drawn.palette import over, ramp, rgb
from impasto.drawn.pens import Plate
from impasto.drawn.strokes import trace
from impasto.drawn.washes import INK, Sheet, brush

_MIST = "#efe4ca"
_SEAL = "#c0301f"
_PLAN = 320
_TOUCH = (0.5, 1.0, 0.9, 0.75, 0.6, 0.4, 0.1)
_BONE = (0.9, 1.0, 0.85, 0.95, 0.8, 0.75, 0.5)
# level of the foot, darkness, and the peaks: middle, half-width and height
_RANGES = (
    (0.5, 0.35, ((0.12, 0.1, 0.2), (0.34, 0.09, 0.25), (0.6, 0.1, 0.2), (0.87, 0.09, 0.24))),
    (0.6, 0.7, ((0.23, 0.07, 0.3), (0.45, 0.055, 0.35), (0.58, 0.05, 0.2))),
    (0.71, 1.0, ((0.03, 0.1, 0.3), (0.16, 0.06, 0.19), (0.37, 0.1, 0.13), (0.66, 0.07, 0.1))),
    (0.99, 1.25, ((0.02, 0.16, 0.22), (0.27, 0.13, 0.14), (0.6, 0.16, 0.07), (0.97, 0.17, 0.13))),
)


def _crest(
    rng: np.random.Generator, x: Array, peaks: Sequence[tuple[float, float, float]]
) -> Array:
    """Return the height of karst towers over `x`: (middle, half-width, height) each."""
    rise = np.zeros_like(x)
    for middle, half, height in peaks:
        gap = np.abs(x + 0.012 * ridge(rng, x, 5, 3) - middle) / half
        rise = np.maximum(rise, height * np.exp(-(gap**2.4)) * (1 + 0.07 * ridge(rng, x, 9, 3)))
    return np.asarray(rise + 0.008 * ridge(rng, x, 11, 3), dtype=np.float32)


def _range(
    sheet: Sheet, base: float, peaks: Sequence[tuple[float, float, float]], strength: float
) -> None:
    """Wash in a range that dissolves into mist, then draw its edge, its folds and its moss."""
    rng = sheet.rng
    line = _crest(rng, grid(_PLAN)[0], peaks)[0]
    crest = np.interp(sheet.x[0], grid(_PLAN)[0][0], base - line)[None, :]
    below = sheet.y - crest + sheet.wobble(0.003, 40)
    mask = smoothstep(-0.0015, 0.0015, below)
    depth = np.maximum(below, 0)
    sheet.colour = over(sheet.colour, rgb(_MIST), mask * (0.35 + 0.6 * smoothstep(0, 0.1, depth)))
    sheet.wash(mask, INK, strength * (0.02 + 0.75 * np.exp(-depth / 0.06)), 0.35)
    folds = smoothstep(0.0, 0.45, fbm(rng, sheet.size, 9, 4) + 0.35 * np.sin(70 * sheet.x))
    sheet.wash(mask * folds, INK, 0.6 * strength * np.exp(-depth / 0.06), 0.4)
    _folds(sheet, base - line, strength)


def _folds(sheet: Sheet, line: Array, strength: float) -> None:
    """Draw the edge of a range in pieces, split-brush strokes down its flanks, and moss dots."""
    rng, count = sheet.rng, 420
    x, y = grid(_PLAN)
    slope = np.gradient(line) * _PLAN
    fall = np.stack(
        np.broadcast_arrays(0.28 * np.sign(slope) + 0.2 * noise(rng, _PLAN, 9), 1 + 0 * y), -1
    )
    at = rng.uniform(0, 1, count)
    top = np.interp(at, x[0], line)
    tall = np.clip(line.max() - top, 0.02, 1)
    starts = np.stack(
        [at, top + 0.012 + rng.beta(1, 1.7, count) * np.minimum(0.16, 0.9 * tall)], -1
    )
    length = rng.uniform(0.02, 0.06, count).astype(np.float32)
    fade = np.exp(-(starts[:, 1] - top) / 0.09)
    paths = trace(fall.astype(np.float32), starts.astype(np.float32), length)
    dark = strength * rng.uniform(0.5, 1.1, count) * fade
    brush(sheet, paths, rng.uniform(0.003, 0.0085, count), dark, _TOUCH, 0.95)
    starts = np.arange(0.0, 1.0, 0.028) + rng.uniform(-0.008, 0.008, 36)
    across = starts[:, None] + np.linspace(0, 1, 9) * rng.uniform(0.028, 0.06, (36, 1))
    edge = np.stack([across, np.interp(across, x[0], line)], -1)
    dark = strength * rng.uniform(0.6, 1.35, 36)
    brush(sheet, edge, rng.uniform(0.003, 0.0075, 36), dark, _BONE, 0.8)
    at = np.clip(rng.choice(starts, 130) + rng.normal(0, 0.016, 130), 0, 1)
    level = np.interp(at, x[0], line) + rng.normal(0.004, 0.006, 130)
    lean = np.linspace(-0.5, 0.5, 5)[None, :, None] * rng.normal(0, 1, (130, 1, 2)) * 0.006
    dots = np.stack([at, level], -1)[:, None] + lean
    dark = strength * rng.uniform(0.7, 1.6, 130)
    brush(sheet, dots, rng.uniform(0.003, 0.0075, 130), dark, _TOUCH, 0.2)


def _mountains(sheet: Sheet) -> None:
    """Set four ranges in mist, each nearer and darker than the one behind."""
    rng = sheet.rng

    def peaks(spots: Sequence[tuple[float, float, float]]) -> list[tuple[float, float, float]]:
        scale = rng.uniform(0.88, 1.12, (len(spots), 3))
        return [
            (at + 0.3 * (a - 1), half * b, tall * c)
            for (at, half, tall), (a, b, c) in zip(spots, scale, strict=True)
        ]

    for base, strength, spots in _RANGES:
        _range(sheet, base, peaks(spots), strength)


def _water(sheet: Sheet) -> None:
    """Draw ripples and a fisherman's boat on the open water."""
    rng, count = sheet.rng, 60
    at, level = rng.uniform(0, 1, count), 0.73 + 0.11 * rng.uniform(0, 1, count)
    along = np.linspace(-0.5, 0.5, 9) * rng.uniform(0.04, 0.13, (count, 1))
    rise = level[:, None] + 0.0016 * np.sin(along * 90 + at[:, None] * 40)
    paths = np.stack([at[:, None] + along, rise], -1)
    brush(
        sheet, paths, rng.uniform(0.002, 0.004, count), rng.uniform(0.2, 0.55, count), _TOUCH, 0.9
    )
    x, y = rng.uniform(0.44, 0.54), 0.775
    hull = np.array([(-0.06, -0.009), (-0.03, 0.003), (0, 0.006), (0.03, 0.003), (0.06, -0.012)])
    roof = np.array(
        [(-0.022, -0.002), (-0.014, -0.018), (0, -0.022), (0.014, -0.018), (0.022, -0.002)]
    )
    man = np.array(
        [(0.036, -0.002), (0.037, -0.01), (0.038, -0.018), (0.038, -0.024), (0.038, -0.03)]
    )
    pole = np.array([(0.02, -0.045), (0.035, -0.02), (0.05, 0.005), (0.062, 0.026), (0.07, 0.04)])
    marks = np.stack([hull, roof, man, pole]) + np.array([x, y])
    brush(
        sheet,
        marks,
        np.array([0.009, 0.009, 0.012, 0.0022]),
        np.array([1.8, 1.3, 1.8, 1.4]),
        _BONE,
        0.3,
    )


def _seal(sheet: Sheet) -> None:
    """Stamp the seal: characters of square strokes left white in a red square."""
    rng, left, top, side = sheet.rng, 0.05, 0.6, 0.062
    plate = Plate(max(sheet.size * 2, 1024))
    plate.polygon(
        np.array([(left, top), (left + side, top), (left + side, top + side), (left, top + side)])
    )
    cell = side / 9
    lines = [((1, r), (8, r)) for r in (1.2, 4.5, 7.8)] + [
        ((c, 1.2), (c, 7.8)) for c in (1.2, 4.5, 7.8)
    ]
    lines += [
        ((2.3, 2.8), (3.6, 2.8)),
        ((5.6, 2.8), (6.8, 2.8)),
        ((2.9, 5.6), (2.9, 7)),
        ((5.6, 6.2), (6.8, 6.2)),
    ]
    for start, end in lines:
        path = np.array([left, top]) + np.linspace(start, end, 5) * cell
        plate.ribbon(path, np.full(5, cell * 0.34), fill=0)
    worn = smoothstep(-1.7, -0.9, -sheet.tooth + 0.5 * noise(rng, sheet.size, 60))
    cover = (
        smoothstep(0.3, 0.7, plate.cover(sheet.size) + 0.12 * noise(rng, sheet.size, 140)) * worn
    )
    sheet.colour = over(sheet.colour, rgb(_SEAL), 0.92 * cover)


def paint(size: int, rng: np.random.Generator) -> Array:
    """Paint the sheet, `(size, size, 3)`."""
    fine = max(size * 3 // 2, 512)
    x, y = grid(fine)
    tooth = np.clip(paper(rng, fine) * 0.8 + 0.3 * noise(rng, fine, 150), -2.5, 2.5)
    white = ramp(0.5 + 0.3 * fbm(rng, fine, 3, 5), ("#ead9b8", "#f1e6cd", "#f7f0df"))
    sheet = Sheet(rng, white + 0.016 * tooth[..., None], tooth, x, y)
    sun = np.hypot(x - rng.uniform(0.58, 0.66), y - rng.uniform(0.15, 0.2))
    sheet.wash(smoothstep(0.062, 0.06, sun), "#d8442f", 0.75, 0.5)
    sheet.wash(smoothstep(0.0, 0.5, fbm(rng, fine, 3, 4) + 0.9 * (0.35 - y)), INK, 0.12, 0.3)
    _mountains(sheet)
    _water(sheet)
    plum(sheet)
    bamboo(sheet)
    _seal(sheet)
    fibre = smoothstep(
        0.62, 0.8, noise(rng, fine, 220) * 0.6 + sample(fbm(rng, 512, 40, 2), x * 0.2 % 1, y)
    )
    return resize(over(sheet.colour, rgb("#fbf6e8"), 0.1 * fibre), size)
