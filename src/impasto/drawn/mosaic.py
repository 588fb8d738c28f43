"""A floor mosaic: two fish that circle each other, in tesserae that follow their contours.

The tesserae are placed as in Hausner, Simulating Decorative Mosaics (SIGGRAPH 2001): the
sites of square cells, turned to the nearest contour, move to the middle of their cells until
they lie evenly. The deviation: cells are found with a maximum norm in the frame of the site
over a small window, instead of by rendering pyramids.
"""

from dataclasses import dataclass

import numpy as np

from impasto.drawn.cells import Labels, borders, distance
from impasto.drawn.fields import (
    Array,
    blur,
    fbm,
    grid,
    noise,
    normalise,
    resize,
    sample,
    shade,
    smoothstep,
)
from impasto.drawn.palette import ramp, rgb

_PLAN = 384
_TILE = 1 / 72  # side of a tessera
_ROUNDS = 9
_COLOURS = (
    ("#0f4a5c", "#14606e", "#1c7a80", "#2f9490", "#0c3a52"),  # deep water
    ("#3fa79c", "#6cc4b0", "#9fd8c0", "#2f9490"),  # wave
    ("#c2552c", "#a8431f", "#d46f3a", "#b84a26"),  # body
    ("#e0a83a", "#ecc25a", "#c98f2a", "#f4d98a"),  # gold
    ("#f3e7cc", "#e8d8b4", "#f8f0de"),  # light
    ("#1c1a22", "#2a2430", "#141420"),  # outline
    ("#8c3220", "#a8431f", "#74281c"),  # border
)
_WATER, _WAVE, _BODY, _GOLD, _LIGHT, _DARK, _BORDER = range(7)


@dataclass(frozen=True)
class _Tiles:
    """Placed tesserae: sites `(K, 2)` and the direction `(K, 2)` of one of their sides."""

    site: Array
    axis: Array


def _fish(kind: Labels, x: Array, y: Array) -> None:
    """Draw a fish of length 1 around the origin, head to the right, into the plan."""
    bend = y - 0.16 * (x * x - 0.08)
    body = np.abs(bend) - 0.2 * np.sqrt(np.clip(1 - (x / 0.52) ** 2, 0, 1)) * (0.72 + 0.5 * x)
    inside = (body < 0) & (np.abs(x) < 0.52)
    spread = 0.05 + 0.75 * np.clip(-0.36 - x, 0, 1)
    notch = -0.66 + 0.6 * np.abs(bend)
    tail = (x < -0.36) & (x > np.maximum(notch, -0.64)) & (np.abs(bend) < spread)
    back = (bend < 0) & (bend > -0.32 + 1.1 * np.abs(x + 0.02) ** 1.3) & (np.abs(x) < 0.3)
    belly = (bend > 0) & (bend < 0.27 - 1.2 * np.abs(x - 0.02)) & (np.abs(x - 0.02) < 0.2)
    shape = inside | tail | back | belly
    kind[distance(shape, 0.06) / 0.51 < 0.027] = _DARK
    kind[tail | back | belly] = _GOLD
    kind[inside] = _BODY
    scale = (np.sin(x * 42 + 9 * np.abs(bend)) > 0.25) & (x < 0.2)
    kind[inside & scale] = _GOLD
    kind[inside & (bend > 0.055) & (x < 0.3)] = _LIGHT
    kind[inside & (np.abs(x - 0.24 + 0.5 * bend**2 * 8) < 0.026)] = _DARK
    eye = np.hypot(x - 0.35, bend + 0.035)
    kind[eye < 0.052] = _LIGHT
    kind[eye < 0.026] = _DARK


def _plan(rng: np.random.Generator) -> Labels:
    """Lay out the colours: water with rings of waves, the fish, and a border."""
    x, y = grid(_PLAN)
    kind = np.full((_PLAN, _PLAN), _WATER, np.int32)
    gap = np.hypot(x - 0.5, y - 0.5)
    angle = np.arctan2(y - 0.5, x - 0.5)
    ripple = gap + 0.012 * np.sin(angle * 12 + rng.uniform(0, 6))
    kind[np.abs((ripple * 11) % 1 - 0.5) < 0.14] = _WAVE
    spin = rng.uniform(-0.45, -0.15)
    for turn in (spin, spin + np.pi):
        u, v = (x - 0.5) / 0.51, (y - 0.5) / 0.51
        along = u * np.cos(turn) + v * np.sin(turn)
        aside = -u * np.sin(turn) + v * np.cos(turn)
        _fish(kind, along.astype(np.float32), (-(aside - 0.31)).astype(np.float32))
    kind[gap < 0.042] = _GOLD
    kind[np.abs(gap - 0.045) < 0.009] = _DARK
    kind[gap > 0.41] = _LIGHT
    corner = np.hypot(np.abs(x - 0.5) - 0.365, np.abs(y - 0.5) - 0.365)
    kind[(gap > 0.42) & (corner < 0.045)] = _BODY
    kind[(gap > 0.42) & (corner < 0.022)] = _GOLD
    kind[np.abs(gap - 0.41) < 0.012] = _DARK
    _frame(kind, x, y)
    return kind


def _frame(kind: Labels, x: Array, y: Array) -> None:
    """Add the border: a running wave between two dark rows."""
    rim = np.minimum(np.minimum(x, 1 - x), np.minimum(y, 1 - y))
    along = np.where(np.minimum(x, 1 - x) < np.minimum(y, 1 - y), y, x)
    crest = 0.036 + 0.015 * np.sin(along * 2 * np.pi * 9)
    kind[rim < 0.076] = _DARK
    kind[rim < 0.062] = np.where(rim > crest, _GOLD, _BORDER)[rim < 0.062]
    kind[rim < 0.012] = _DARK


def _windows(tiles: _Tiles, size: int) -> tuple[Array, Labels, Labels]:
    """Return, for the pixels around every site, the norm and the row and column, `(K, W * W)`."""
    reach = int(np.ceil(1.1 * _TILE * size))
    row, column = np.mgrid[-reach : reach + 1, -reach : reach + 1].reshape(2, 1, -1)
    base = (tiles.site * size).astype(np.int32)
    rows, columns = base[:, 1:2] + row, base[:, 0:1] + column
    dx = ((columns + 0.5) / size - tiles.site[:, 0:1]).astype(np.float32)
    dy = ((rows + 0.5) / size - tiles.site[:, 1:2]).astype(np.float32)
    along = np.abs(dx * tiles.axis[:, 0:1] + dy * tiles.axis[:, 1:2])
    aside = np.abs(dy * tiles.axis[:, 0:1] - dx * tiles.axis[:, 1:2])
    rows, columns = np.clip(rows, 0, size - 1), np.clip(columns, 0, size - 1)
    return np.maximum(along, aside), rows.astype(np.int32), columns.astype(np.int32)


def _assign(tiles: _Tiles, size: int) -> tuple[Array, Labels]:
    """Return for every pixel the norm to its tessera and the index of that (-1 where none)."""
    norm, rows, columns = _windows(tiles, size)
    bits = 14
    code = (norm * np.float32(1 << 20)).astype(np.int64) << bits
    code |= np.arange(len(norm), dtype=np.int64)[:, None]
    best = np.full(size * size, 1 << 60, np.int64)
    np.minimum.at(best, (rows.astype(np.int64) * size + columns).ravel(), code.ravel())
    label = np.where(best == 1 << 60, -1, best & ((1 << bits) - 1)).astype(np.int32)
    gap = (best >> bits).astype(np.float32) / np.float32(1 << 20)
    return gap.reshape(size, size), label.reshape(size, size)


def _place(rng: np.random.Generator, kind: Labels) -> _Tiles:
    """Lay the tesserae along the contours and let them settle."""
    edge = distance(borders(kind), 0.5)
    down, across = np.gradient(blur(edge, 0.008))
    field = normalise(np.stack([across, down], axis=-1) + np.float32(1e-7))
    side = int(1 / _TILE) + 1
    lattice = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1).reshape(-1, 2)
    site = ((lattice + rng.uniform(0.1, 0.9, lattice.shape)) / side).astype(np.float32)
    x, y = grid(_PLAN)
    counted = edge > 1.2 / _PLAN
    for _ in range(_ROUNDS):
        axis = normalise(sample(field, site[:, 0], site[:, 1]))
        label = _assign(_Tiles(site, axis), _PLAN)[1]
        inside = counted & (label >= 0)
        owner = label[inside]
        weight = np.bincount(owner, minlength=len(site))
        middle_x = np.bincount(owner, x[inside], minlength=len(site)) / np.maximum(weight, 1)
        middle_y = np.bincount(owner, y[inside], minlength=len(site)) / np.maximum(weight, 1)
        middle = np.stack([middle_x, middle_y], axis=-1).astype(np.float32)
        site = np.where(weight[:, None] > 0, middle, site)
    turn = rng.normal(0, 0.07, len(site))
    spin = np.stack([np.cos(turn), np.sin(turn)], axis=-1).astype(np.float32)
    axis = normalise(sample(field, site[:, 0], site[:, 1]))
    real = axis[:, 0] * spin[:, 0] - axis[:, 1] * spin[:, 1]
    imaginary = axis[:, 0] * spin[:, 1] + axis[:, 1] * spin[:, 0]
    return _Tiles(site, np.stack([real, imaginary], axis=-1))


def _tints(rng: np.random.Generator, tiles: _Tiles, kind: Labels) -> Array:
    """Choose a stone for every tessera from the shades of its part of the design."""
    place = np.clip((tiles.site * _PLAN).astype(np.int32), 0, _PLAN - 1)
    drift = fbm(rng, _PLAN, 6, 3)[place[:, 1], place[:, 0]]
    tint = np.empty((len(place), 3), np.float32)
    for row, part in enumerate(kind[place[:, 1], place[:, 0]]):
        codes = _COLOURS[part]
        choice = int(np.clip((0.5 + 0.4 * drift[row] + rng.normal(0, 0.22)), 0, 0.99) * len(codes))
        tint[row] = rgb(codes[choice])
    return np.asarray(tint * rng.normal(1, 0.06, (len(tint), 1)), dtype=np.float32)


def paint(size: int, rng: np.random.Generator) -> Array:
    """Lay the mosaic, `(size, size, 3)`."""
    kind = _plan(rng)
    tiles = _place(rng, kind)
    tint = _tints(rng, tiles, kind)
    fine = size * 2
    gap, label = _assign(tiles, fine)
    owner = np.maximum(label, 0)
    trim = rng.uniform(0.44, 0.56, len(tint)).astype(np.float32)[owner] * np.float32(_TILE)
    inset = np.minimum(trim - gap, distance(borders(label), 0.01) - np.float32(0.0011))
    inset = inset + 0.0005 * noise(rng, fine, 160)
    stone = smoothstep(-0.0003, 0.0006, inset)
    x, y = grid(fine)
    tilt = rng.normal(0, 1, (2, len(tint))).astype(np.float32)[:, owner]
    lean = tilt[0] * (x - tiles.site[owner, 0]) + tilt[1] * (y - tiles.site[owner, 1])
    grain = 0.06 * noise(rng, fine, 240) + 0.05 * noise(rng, fine, 90)
    glint = 1 + 0.05 * tilt[0] + 5 * lean + grain
    bevel = shade(0.0022 * smoothstep(0, 0.0032, inset) + 0.0002 * grain, 1.0)
    colour = (
        tint[owner] * (glint + 0.4 * bevel)[..., None] + 0.1 * smoothstep(0.5, 1, bevel)[..., None]
    )
    sand = 0.5 + 0.3 * noise(rng, fine, 300) + 0.2 * fbm(rng, fine, 5, 3)
    grout = ramp(sand, ("#5a5048", "#8a7d6c", "#a89a84"))
    grout = grout * (0.75 + 0.25 * smoothstep(-0.004, -0.0015, -np.abs(inset)))[..., None]
    picture = grout + (colour - grout) * stone[..., None]
    age = 1 + 0.07 * fbm(rng, fine, 3, 3)
    return resize(np.clip(picture * age[..., None], 0, 1).astype(np.float32), size)
