"""A watercolour: misty mountains over a lake at sunrise, on rough white paper."""

import numpy as np
from PIL import Image, ImageDraw

from impasto.drawn.fields import (
    Array,
    blur,
    fbm,
    grid,
    noise,
    paper,
    resize,
    ridge,
    sample,
    shade,
    smoothstep,
)
from impasto.drawn.palette import glaze, rgb
from impasto.drawn.washes import Sheet


def _sky(sheet: Sheet, sun: tuple[float, float], shore: float) -> None:
    """Wash the sky wet in wet: warm around the sun, blue above, clouds left white."""
    gap = np.hypot(sheet.x - sun[0], (sheet.y - sun[1]) * 1.2) + sheet.wobble(0.03, 4)
    disc = smoothstep(0.0, 0.006, np.hypot(sheet.x - sun[0], sheet.y - sun[1]) - 0.048)
    sheet.wash(disc, "#f7c66a", 0.62 * np.exp(-((gap / 0.24) ** 2)), 0.5)
    sheet.wash(disc, "#ee8f78", 0.3 * np.exp(-(((gap - 0.26) / 0.13) ** 2)), 0.1)
    clouds = fbm(sheet.rng, sheet.size, 3, 5) + 0.5 * np.sin(9 * sheet.y + 3 * sheet.x)
    open_sky = smoothstep(-0.1, 0.3, clouds + 1.2 * (0.16 - sheet.y))
    depth = 0.9 * smoothstep(shore, -0.05, sheet.y) * smoothstep(0.22, 0.5, gap)
    open_sky = open_sky * disc
    sheet.wash(open_sky, "#5f9fd0", depth, 0.5)
    sheet.wash(smoothstep(0.3, 0.6, open_sky), "#3f6fb8", 0.4 * depth, 0.3)
    shadow = disc * smoothstep(0.0, -0.5, clouds) * smoothstep(0.42, 0.2, sheet.y)
    sheet.wash(shadow, "#a89fc4", 0.22, 0.3)


def _ranges(sheet: Sheet, shore: float) -> None:
    """Glaze four ranges over one another, each nearer, darker and fading into mist."""
    inks = ("#b9b4e0", "#8aa0d0", "#4f88b0", "#2f6878")
    for index, ink in enumerate(inks):
        base = shore - 0.25 + 0.065 * index
        swing = 0.085 - 0.012 * index
        profile = ridge(sheet.rng, sheet.x, 1.2 + 0.5 * index, 2)
        jags = 1 - 2 * np.abs(ridge(sheet.rng, sheet.x, 3.5 + index, 4))
        crest = base - swing * (profile + 0.36 * jags) + sheet.wobble(0.004, 26)
        below = sheet.y - crest
        mask = smoothstep(-0.0012, 0.0012, below) * smoothstep(
            shore + 0.004, shore - 0.002, sheet.y
        )
        mist = 0.1 + 0.95 * np.exp(-np.maximum(below, 0) / 0.06)
        sheet.wash(mask, ink, mist * (0.5 + 0.14 * index), 0.5)
        folds = smoothstep(0.1, 0.5, fbm(sheet.rng, sheet.size, 9, 4) + 0.25 * jags)
        sheet.wash(mask * folds, ink, 0.3 * mist, 0.45)


def _lake(sheet: Sheet, sun: tuple[float, float], shore: float) -> None:
    """Wash the lake in level strokes, with the light of the sun left in it."""
    depth = (sheet.y - shore) / (1 - shore)
    water = smoothstep(
        0.0, 0.006, sheet.y - shore + 0.001 - 0.003 * noise(sheet.rng, sheet.size, 9)
    )
    drift = 2.2 * fbm(sheet.rng, sheet.size, 3, 3) + 0.8 * noise(sheet.rng, sheet.size, 14)
    rows = np.sin(46 * np.sqrt(np.clip(depth, 0, 1)) + drift)
    width = 0.035 + 0.1 * depth + 0.03 * rows
    glade = smoothstep(1.15, 0.7, np.abs(sheet.x - sun[0] + 0.02 * rows) / width)
    dry = smoothstep(-0.55, -0.1, rows + 0.55 * sheet.tooth * smoothstep(0.1, 0.8, depth) + 0.9)
    sheet.wash(water * dry * (1 - 0.9 * glade), "#7fc0d4", 0.42 + 0.5 * np.clip(depth, 0, 1), 0.6)
    sheet.wash(water * glade, "#f2ab6a", 0.55 * (0.5 + 0.5 * rows) * (1.1 - depth), 0.4)
    patches = noise(sheet.rng, sheet.size, 9) + 0.6 * noise(sheet.rng, sheet.size, 26)
    near = smoothstep(0.2, 0.6, rows + 0.8 * patches) * smoothstep(-0.75, -0.2, patches)
    sheet.wash(water * near * (1 - glade), "#2f78a4", 0.2 + 0.4 * np.clip(depth, 0, 1), 0.7)
    mirror = smoothstep(0.16, 0.0, depth) * water * (0.6 + 0.4 * (rows > 0))
    sheet.wash(mirror * (1 - 0.8 * glade), "#3f7890", 0.5, 0.2)


def _firs(sheet: Sheet, shore: float) -> None:
    """Paint a dark point of land with firs, wet enough to bleed a little, and its mirror."""
    side = 1.0 if sheet.rng.uniform() < 0.5 else -1.0
    scale = 2
    image = Image.new("L", (sheet.size * scale, sheet.size * scale), 0)
    pen = ImageDraw.Draw(image)
    unit = sheet.size * scale
    for _ in range(30):
        out = sheet.rng.beta(0.9, 2.2) * 0.46
        at = out if side > 0 else 1 - out
        foot = shore + 0.07 - 0.1 * out + sheet.rng.uniform(-0.012, 0.012)
        height = (0.25 - 0.34 * out) * sheet.rng.uniform(0.6, 1.15) + 0.02
        _fir(sheet.rng, pen, (at * unit, foot * unit), height * unit)
    trees = resize(np.asarray(image, dtype=np.float32) / 255, sheet.size)
    from_edge = sheet.x if side > 0 else 1 - sheet.x
    upper = shore + 0.055 - 0.11 * from_edge + sheet.wobble(0.006, 14)
    lower = shore + 0.135 - 0.26 * from_edge + sheet.wobble(0.008, 10)
    land = smoothstep(-0.001, 0.001, sheet.y - upper) * smoothstep(0.001, -0.001, sheet.y - lower)
    sheet.wash(land, "#7a8f3f", 0.8, 0.7)
    shift = 0.004 * fbm(sheet.rng, sheet.size, 40, 2)
    trees = smoothstep(0.3, 0.7, sample(np.clip(trees, 0, 1), sheet.x + shift, sheet.y + shift))
    sheet.wash(trees, "#3f6a4f", 0.85, 0.4)
    sheet.wash(
        trees * smoothstep(-0.1, 0.5, fbm(sheet.rng, sheet.size, 22, 3)), "#1f3f4f", 0.7, 0.5
    )
    axis = 2 * (shore + 0.1 - 0.18 * from_edge)
    ripple = 0.006 * np.sin(sheet.y * 300 + 3 * noise(sheet.rng, sheet.size, 8))
    mirror = sample(blur(trees, 0.002), sheet.x + ripple, np.clip(axis - sheet.y, 0, 1))
    mirror = mirror * smoothstep(0, 0.01, sheet.y - lower) * smoothstep(0.92, 0.75, sheet.y)
    sheet.wash(mirror, "#3f6f6a", 0.62, 0.4)


def _fir(
    rng: np.random.Generator, pen: ImageDraw.ImageDraw, foot: tuple[float, float], height: float
) -> None:
    """Dab a fir from the top down with the point of the brush."""
    tiers = 12
    stem = max(1.0, height * 0.012)
    pen.polygon(
        [(foot[0] - stem, foot[1]), (foot[0], foot[1] - height), (foot[0] + stem, foot[1])], 255
    )
    for tier in range(tiers):
        share = (tier + 0.6) / tiers
        level = foot[1] - height * (1 - share * 0.92)
        for turn in (-1, 1):
            reach = turn * height * (0.03 + 0.2 * share) * rng.uniform(0.6, 1.2)
            droop = height * rng.uniform(0.03, 0.08)
            thick = height * rng.uniform(0.035, 0.06)
            tip = (foot[0] + reach, level + droop)
            pen.polygon([(foot[0], level - thick), tip, (foot[0], level + thick)], 255)


def _birds(sheet: Sheet, sun: tuple[float, float]) -> None:
    """Touch in a flight of birds, and spatter a few drops."""
    image = Image.new("L", (sheet.size * 2, sheet.size * 2), 0)
    pen, unit = ImageDraw.Draw(image), sheet.size * 2
    for _ in range(6):
        at_x = sun[0] + sheet.rng.uniform(-0.24, -0.04)
        at_y, span = sun[1] + sheet.rng.uniform(-0.13, 0.02), sheet.rng.uniform(0.008, 0.015)
        for turn in (-1, 1):
            wing = [(0, 0.0), (0.45, -0.42), (1.0, -0.22), (0.5, -0.22)]
            pen.polygon(
                [((at_x + turn * a * span) * unit, (at_y + b * span) * unit) for a, b in wing], 255
            )
    for _ in range(50):
        at = sheet.rng.uniform(0.06, 0.94, 2) * unit
        radius = (0.0006 + 0.0022 * sheet.rng.uniform() ** 4) * unit
        box = (at[0] - radius, at[1] - radius, at[0] + radius, at[1] + radius)
        pen.ellipse([float(value) for value in box], int(sheet.rng.integers(60, 160)))
    marks = resize(np.asarray(image, dtype=np.float32) / 255, sheet.size)
    sheet.wash(np.clip(marks, 0, 1), "#2f4a68", 0.95, 0.3)


def paint(size: int, rng: np.random.Generator) -> Array:
    """Paint the sheet, `(size, size, 3)`."""
    work = max(size, 256)
    x, y = grid(work)
    tooth = np.clip(paper(rng, work) * 0.9 + 0.35 * noise(rng, work, 150), -2.5, 2.5)
    white = np.broadcast_to(rgb("#fbf8f0"), (work, work, 3)).astype(np.float32)
    sheet = Sheet(rng, white, tooth, x, y)
    shore = rng.uniform(0.6, 0.64)
    sun = (rng.uniform(0.56, 0.72), rng.uniform(0.26, 0.32))
    _sky(sheet, sun, shore)
    sheet.bloom((rng.uniform(0.1, 0.35), rng.uniform(0.08, 0.2)), 0.085, "#3f6fb8")
    sheet.bloom((rng.uniform(0.8, 0.95), rng.uniform(0.07, 0.16)), 0.05, "#5f8fc4")
    _ranges(sheet, shore)
    _lake(sheet, sun, shore)
    sheet.bloom((rng.uniform(0.2, 0.8), rng.uniform(0.85, 0.93)), 0.07, "#2f6f98")
    _firs(sheet, shore)
    _birds(sheet, sun)
    rim = np.minimum(np.minimum(x, 1 - x), np.minimum(y, 1 - y)) + sheet.wobble(0.006, 9)
    inside = smoothstep(0.03, 0.033, rim + 0.002 * tooth)
    edge = np.exp(-(((rim - 0.034) / 0.003) ** 2))
    colour = glaze(sheet.colour, rgb("#6f8fb0"), 0.35 * edge)
    colour = white + (colour - white) * inside[..., None]
    relief = shade(0.0006 * tooth, 0.9)
    return resize(np.asarray(colour * (1 + 0.055 * relief[..., None]), dtype=np.float32), size)
