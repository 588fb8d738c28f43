"""A stained-glass window: a sun over hills and a winding river, in leaded panes."""

import numpy as np

from impasto.drawn.cells import Labels, borders, distance, nearest_at, scatter
from impasto.drawn.fields import (
    Array,
    blur,
    fbm,
    grid,
    noise,
    resize,
    ridge,
    shade,
    smoothstep,
)
from impasto.drawn.palette import ramp, rgb

_GLASS = (
    ("#fff3a8", "#ffd84a", "#ffb81f"),  # sun
    ("#ff8a1f", "#f5b52a", "#e8551c", "#ffcf4a"),  # rays
    ("#1c3fb0", "#2f66d8", "#3f8fe0", "#2a2f9c", "#5fb4e6"),  # sky
    ("#5a2a8c", "#7d3fa8", "#3f2f8c", "#9a4f9c"),  # far hills
    ("#0f7a5c", "#1f9a6c", "#0f5f6c", "#4fae5a"),  # hills
    ("#5f9a1f", "#8fb82a", "#2f7a2f", "#b8c83a"),  # meadow
    ("#1f9ac8", "#6fd0e0", "#2f7fd0", "#a8e6e6"),  # river
    ("#8c1428", "#b01f2f", "#7a1038", "#a8281f"),  # border
    ("#e8b83a", "#f5d86a"),  # border corners
    ("#d81f3f", "#f0506a", "#b8143f"),  # flowers
)


def _regions(rng: np.random.Generator, size: int) -> tuple[Labels, Labels, tuple[float, float]]:
    """Lay out the window: kind of glass and petal per pixel, and where the sun stands."""
    x, y = grid(size)
    sun = (rng.uniform(0.4, 0.6), rng.uniform(0.28, 0.34))
    gap = np.hypot(x - sun[0], y - sun[1])
    turn = np.arctan2(y - sun[1], x - sun[0]) / (2 * np.pi)
    kind = np.full((size, size), 2, np.int32)
    spokes = 16
    wave = np.abs(((turn * spokes + 0.25 * np.sin(gap * 9)) % 1) - 0.5) * 2
    kind[(wave < 0.5) & (gap < 0.33)] = 1
    kind[gap < 0.115] = 0
    far = 0.55 + 0.06 * ridge(rng, x, 1.3, 2)
    hill = 0.64 + 0.05 * ridge(rng, x, 1.0, 2)
    meadow = 0.76 + 0.04 * ridge(rng, x, 0.8, 2)
    kind[y > far], kind[y > hill], kind[y > meadow] = 3, 4, 5
    depth = np.clip((y - hill) / (1 - hill), 0, 1)
    middle = sun[0] + 0.22 * np.sin(depth * 5.5 + rng.uniform(-0.6, 0.6)) * (0.25 + depth)
    kind[(np.abs(x - middle) < 0.015 + 0.12 * depth) & (y > hill)] = 6
    petal = np.zeros_like(kind)
    for number in range(7):
        place = (0.15 + 0.117 * number + rng.uniform(-0.018, 0.018), rng.uniform(0.82, 0.885))
        out, angle = np.hypot(x - place[0], y - place[1]), np.arctan2(y - place[1], x - place[0])
        if kind[int(place[1] * size), int(place[0] * size)] == 5:
            bloom = out < 0.034 + 0.007 * np.cos(5 * angle)
            kind[bloom] = 9
            sector = np.floor(angle / (2 * np.pi) * 5 + 0.5).astype(np.int32) % 5
            petal[bloom] = (sector + 5 * number)[bloom]
            kind[out < 0.0125] = 8
    along = np.where(np.abs(x - 0.5) > np.abs(y - 0.5), y, x)
    rim = np.minimum(np.minimum(x, 1 - x), np.minimum(y, 1 - y))
    kind[rim < 0.07] = 7
    kind[(rim < 0.07) & (np.abs((along - 0.07) / 0.86 * 7 % 1 - 0.5) > 0.39)] = 8
    kind[(np.abs(x - 0.5) > 0.43) & (np.abs(y - 0.5) > 0.43)] = 8
    return kind, petal, sun


def _panes(
    rng: np.random.Generator, kind: Labels, petal: Labels, sun: tuple[float, float]
) -> Labels:
    """Cut every region into panes, in the way a glazier would; return the pane numbers."""
    size = kind.shape[0]
    x, y = grid(size)
    warp_x = x + 0.012 * noise(rng, size, 5)
    warp_y = y + 0.012 * noise(rng, size, 5)
    cut = nearest_at(scatter(rng, 150, 0.062), warp_x, warp_y)
    wide = nearest_at(scatter(rng, 60, 0.09), warp_x * 0.7, warp_y * 1.5 % 1)
    gap = np.hypot(x - sun[0], y - sun[1])
    turn = np.arctan2(y - sun[1], x - sun[0]) / (2 * np.pi) + 0.5
    ring = np.floor(turn * 10 + 0.3).astype(np.int32) + 20 * (gap < 0.055)
    ray = np.floor(turn * 16 + 0.25 * np.sin(gap * 9) + 0.5).astype(np.int32)
    ray = ray % 16 + 20 * (gap > 0.21)
    along = np.where(np.abs(x - 0.5) > np.abs(y - 0.5), y, x)
    side = (np.abs(x - 0.5) > np.abs(y - 0.5)) * 2 + ((x + y) > 1)
    brick = np.floor((along - 0.07) / 0.86 * 7).astype(np.int32) + 30 * side.astype(np.int32)
    choice = {0: np.where(gap < 0.055, 19, ring), 1: ray, 6: wide, 7: brick, 8: brick, 9: petal}
    pane = cut.copy()
    for number, cells in choice.items():
        pane = np.where(kind == number, cells, pane).astype(np.int32)
    pane = np.where(np.isin(kind, (3, 4, 5)), wide, pane)
    return np.asarray(kind * 1000 + pane, dtype=np.int32)


def _glass(rng: np.random.Generator, pane: Labels, x: Array, y: Array) -> Array:
    """Colour the panes: one tint each, streaked and brighter on one side."""
    size = pane.shape[0]
    numbers, index = np.unique(pane, return_inverse=True)
    index = index.reshape(pane.shape)
    chance = rng.uniform(0, 1, (1000 * len(_GLASS), 3))[numbers]
    tint = np.empty((len(numbers), 3), np.float32)
    for row, number in enumerate(numbers):
        codes = _GLASS[number // 1000]
        tint[row] = rgb(codes[int(chance[row, 0] * len(codes))]) * (0.82 + 0.3 * chance[row, 1])
    lean = (2 * np.pi * chance[:, 2]).astype(np.float32)[index]
    streak = noise(rng, size, 40)
    swirl = fbm(rng, size, 6, 5)
    gradient = (np.cos(lean) * (x - 0.5) + np.sin(lean) * (y - 0.5)) * 9
    tone = 0.98 + 0.16 * np.sin(gradient) + 0.17 * swirl + 0.06 * streak
    colour = tint[index] * tone[..., None]
    pale = np.clip(0.22 * smoothstep(0.5, 1.6, swirl + 0.7 * np.sin(gradient)), 0, 1)
    return np.asarray(colour + (1 - colour) * pale[..., None], dtype=np.float32)


def paint(size: int, rng: np.random.Generator) -> Array:
    """Glaze the window, `(size, size, 3)`."""
    fine = size * 2
    kind, petal, sun = _regions(rng, fine)
    pane = _panes(rng, kind, petal, sun)
    x, y = grid(fine)
    colour = _glass(rng, pane, x, y)
    seam = distance(borders(pane), 0.03)
    frame = distance(borders(kind), 0.03)
    width = 0.0030 + 0.0011 * noise(rng, fine, 12) + 0.0005 * noise(rng, fine, 60)
    seam = np.minimum(seam, frame - 0.0016)
    light = 1.12 - 0.5 * np.exp(-np.maximum(seam - width, 0) / 0.006)
    beam = 0.92 + 0.3 * np.exp(-((np.hypot(x - sun[0], y - sun[1]) / 0.4) ** 2))
    ripple = shade(0.0006 * noise(rng, fine, 70) + 0.0012 * noise(rng, fine, 22), 4.0)
    colour = colour * (light * beam * (1 + 0.13 * ripple))[..., None]
    bubbles = smoothstep(0.93, 1.0, noise(rng, fine, 150))
    colour = np.clip(colour + 0.1 * bubbles[..., None], 0, 1.2)
    came = smoothstep(0.0007, -0.0007, seam - width)
    round_ = np.sqrt(np.clip(1 - (seam / (width + 1e-4)) ** 2, 0, 1)) * 0.004
    metal = ramp(0.3 + 0.6 * shade(round_, 1.1), ("#08080b", "#16171c", "#2c2e36", "#7d8088"))
    metal = metal * (1 + 0.25 * noise(rng, fine, 200))[..., None]
    picture = colour + (metal - colour) * came[..., None]
    bloom = blur(resize(picture, size), 0.012)
    return np.asarray(0.93 * resize(picture, size) + 0.16 * bloom**1.3, dtype=np.float32)
