"""A woodblock print: a sea of seigaiha waves under a mountain and a red sun.

Printed as such a sheet would be: a key block of lines, flat indigo blocks with hand-wiped
gradients (bokashi), a vermilion block, wood grain in the colour, and laid paper.
"""

import numpy as np

from impasto.drawn.fields import (
    Array,
    blur,
    fbm,
    grid,
    noise,
    paper,
    resize,
    ridge,
    smoothstep,
)
from impasto.drawn.palette import glaze, over, ramp, rgb

_PAPER = "#f1e6cf"
_INDIGO = "#16305c"
_BLUES = ("#c3d3cf", "#7fa5b5", "#3f7296", "#214d7c", "#142f5a", "#0f2143")
_KEY = "#101a33"
_RED = "#c8452e"


def _wood(rng: np.random.Generator, size: int) -> Array:
    """Return the grain of the block, mean 0: long lines that bend around a knot or two."""
    y = grid(size)[1]
    bend = 0.05 * noise(rng, size, 3) + 0.01 * noise(rng, size, 9)
    lines = rng.normal(0, 1, 420).astype(np.float32)
    lines = lines + 1.5 * np.repeat(rng.normal(0, 1, 70), 6).astype(np.float32)
    place = np.clip((y + bend) * 400, 0, 418.9)
    low = place.astype(np.int32)
    share = place - low
    grain = lines[low] * (1 - share) + lines[low + 1] * share
    return np.asarray((grain * 0.5 + 0.3 * noise(rng, size, 90)) / 1.1, dtype=np.float32)


def _stroke(gap: Array, width: Array) -> Array:
    """Cover a line of half-width `width` at distance `gap`, with an edge of about a pixel."""
    edge = np.float32(0.7 / gap.shape[0])
    return np.asarray(np.clip((width - np.abs(gap)) / edge + 0.5, 0, 1), dtype=np.float32)


def _sky(rng: np.random.Generator, picture: Array, wood: Array, sea: float) -> Array:
    """Print the graded sky, the sun and bands of mist."""
    size = picture.shape[0]
    x, y = grid(size)
    wipe = y + 0.02 * noise(rng, size, 4)
    dusk = smoothstep(0.3, -0.02, wipe) * (1 + 0.12 * wood)
    picture = glaze(picture, rgb("#27507f"), 1.35 * dusk)
    glow = np.exp(-(((wipe - sea + 0.02) / 0.12) ** 2)) * (1 + 0.1 * wood)
    picture = glaze(picture, rgb("#e29a6a"), 0.75 * glow)
    sun_x, sun_y = rng.uniform(0.66, 0.8), rng.uniform(0.17, 0.21)
    gap = np.sqrt((x - sun_x) ** 2 + (y - sun_y) ** 2) + 0.0005 * noise(rng, size, 60)
    disc = smoothstep(0.0935, 0.0915, gap)
    fade = 0.72 + 0.28 * smoothstep(sun_y + 0.09, sun_y - 0.06, y) + 0.07 * wood
    picture = glaze(over(picture, rgb(_PAPER), 0.85 * disc), rgb(_RED), disc * fade)
    return _mist(rng, picture)


def _mist(rng: np.random.Generator, picture: Array) -> Array:
    """Leave bands of mist unprinted: stacked bars with round ends, outlined below."""
    size = picture.shape[0]
    x, y = grid(size)
    for middle, level in ((rng.uniform(0.02, 0.16), 0.11), (rng.uniform(0.85, 1.0), 0.24)):
        bank = np.full_like(x, 1.0)
        for row in range(4):
            shift, long = rng.uniform(-0.1, 0.1), rng.uniform(0.07, 0.21)
            out = np.maximum(np.abs(x - middle - shift) - long, 0)
            bar = np.hypot(out, y - level - 0.017 * row) - 0.0095
            bank = np.minimum(bank, bar)
        bank = bank + 0.0006 * noise(rng, size, 50)
        picture = over(picture, rgb("#efe3cd"), 0.9 * smoothstep(0.0006, -0.0006, bank))
        picture = over(picture, rgb(_KEY), 0.75 * _stroke(bank, np.full_like(x, 0.0009)))
    return picture


def _mountain(rng: np.random.Generator, picture: Array, wood: Array, sea: float) -> Array:
    """Print the snow-capped mountain, graded from summit to foot, with key lines."""
    size = picture.shape[0]
    x, y = grid(size)
    peak_x, peak_y = rng.uniform(0.3, 0.4), rng.uniform(0.135, 0.16)
    run = np.abs(x - peak_x)
    fall = (sea - peak_y) * (1 - np.exp(-np.maximum(run - 0.022, 0) / 0.17)) * 1.12
    crest = peak_y + fall + 0.004 * ridge(rng, x, 7.0)
    mask = smoothstep(-0.0012, 0.0012, y - crest)
    share = np.clip((y - peak_y) / (sea - peak_y), 0, 1)
    rills = np.sin((x - peak_x) / (0.05 + 0.55 * share) * 34 + 2 * noise(rng, size, 7))
    tongue = 0.31 + 0.075 * rills + 0.05 * noise(rng, size, 22)
    snow = smoothstep(0.008, -0.008, share - tongue)
    tone = 0.98 - 0.9 * smoothstep(0.25, 0.98, share) + 0.035 * wood
    stone = ramp(tone, ("#dcc9ab", "#8fa7ab", "#4a7391", "#234c78", "#1c3d68"))
    shadow = snow * smoothstep(0.0, 0.02, x - peak_x - 0.03 * rills * share) * 0.3
    stone = over(stone, rgb("#f6efe0"), snow)
    picture = over(picture, over(stone, rgb("#9db4bd"), shadow), mask)
    pressure = 0.0011 + 0.0005 * noise(rng, size, 14)
    line = _stroke(y - crest, pressure * 1.4) + 0.7 * _stroke(share - tongue, pressure * 2) * mask
    return over(picture, rgb(_KEY), np.clip(line, 0, 1) * 0.85)


def _fan(
    plane: tuple[Array, Array], wobble: Array, centre: tuple[float, float], radius: float
) -> tuple[Array, Array]:
    """Return the distance from the middle of a fan in radii, and the mask of the fan."""
    x, y = plane
    span = np.sqrt((x - centre[0]) ** 2 + ((y - centre[1]) * 1.08) ** 2)
    span = span / radius * (1 + wobble)
    return span, smoothstep(1 + 0.0007 / radius, 1 - 0.0007 / radius, span)


def _print_fan(colour: Array, span: Array, mask: Array, look: tuple[float, Array, int]) -> Array:
    """Print one wave: rings of indigo, wiped pale towards the crest, between key lines."""
    depth, grain, rings = look
    place = span * rings
    ring = np.clip(np.floor(place), 0, rings - 1)
    inside = place - ring
    odd = (ring % 2).astype(np.float32)
    tone = depth + 0.42 * odd - 0.2 * inside * odd + grain
    tone = tone - 0.25 * smoothstep(rings - 1.0, rings - 0.1, place)
    wave = ramp(tone, _BLUES)
    foam = (ring == rings - 1) * smoothstep(0.12, 0.3, inside)
    wave = over(wave, rgb("#efe6d2"), foam.astype(np.float32) * (0.88 - 0.5 * grain))
    return over(colour, wave, mask)


def _lines(span: Array, mask: Array, width: Array, rings: int) -> Array:
    """Return the cover of the key lines of one wave: a heavy crest and lighter rings."""
    place = span * rings
    gap = np.abs(place - np.rint(place))
    level = np.rint(place)
    heavy = np.where(level >= rings, 2.0, np.where(level == rings - 1, 1.0, 0.75))
    reach = width * heavy
    edge = np.float32(0.06)
    line = smoothstep(0.0, 1.0, (reach - gap) / edge + 0.5)
    return np.asarray(line * mask * (place > 0.4), dtype=np.float32)


def _sea(rng: np.random.Generator, picture: Array, wood: Array, sea: float) -> Array:
    """Print the rows of waves, far and small to near and large, each over the one behind."""
    size = picture.shape[0]
    x, y = grid(size)
    wobble = 0.022 * noise(rng, size, 9) + 0.008 * noise(rng, size, 40)
    pressure = 1 + 0.35 * noise(rng, size, 12) + 0.3 * noise(rng, size, 70)
    level, radius, row = sea, 0.045, 0
    while level - radius < 1.05:
        shift = 0.5 + (row % 2) * radius
        half = int(0.5 / (2 * radius)) + 2
        depth = float(np.interp(level, (sea, sea + 0.12, 1.1), (0.12, 0.34, 0.62)))
        for middle in shift + 2 * radius * np.arange(-half, half + 1):
            centre = (middle + rng.normal(0, 0.02) * radius, level + radius * rng.normal(0.9, 0.03))
            look = (depth + rng.normal(0, 0.045), centre, radius)
            picture = _wave(picture, look, (x, y), (wobble, wood, pressure))
        level += radius * 0.56
        radius *= 1.034
        row += 1
    return picture


def _wave(
    picture: Array,
    look: tuple[float, tuple[float, float], float],
    plane: tuple[Array, Array],
    marks: tuple[Array, Array, Array],
) -> Array:
    """Print one wave into its window of the sheet; return the sheet, changed in place."""
    depth, centre, radius = look
    size = picture.shape[0]
    reach = radius * 1.06
    low = [max(0, int((c - reach) * size)) for c in centre]
    high = [min(size, int((c + reach) * size) + 1) for c in centre]
    if low[0] >= high[0] or low[1] >= high[1]:
        return picture
    window = (slice(low[1], high[1]), slice(low[0], high[0]))
    wobble, wood, pressure = (mark[window] for mark in marks)
    rings = 7 if radius > 0.062 else (6 if radius > 0.05 else 5)
    span, mask = _fan((plane[0][window], plane[1][window]), wobble, centre, radius)
    part = _print_fan(picture[window], span, mask, (depth, 0.05 * wood, rings))
    width = (0.0011 + 0.008 * radius) * rings / radius * 0.5 * pressure
    picture[window] = over(part, rgb(_KEY), _lines(span, mask, width, rings) * 0.92)
    return picture


def _finish(rng: np.random.Generator, picture: Array) -> Array:
    """Wipe the near water dark, let the paper show through the ink and leave a margin."""
    size = picture.shape[0]
    x, y = grid(size)
    picture = glaze(picture, rgb(_INDIGO), 0.55 * smoothstep(0.78, 1.03, y))
    tooth = paper(rng, size)
    ink = 1 - picture.mean(axis=2)
    picture = over(picture, rgb(_PAPER), np.clip(0.09 * (tooth - 0.5), 0, 0.35) * ink)
    border = np.minimum(np.minimum(x, 1 - x), np.minimum(y, 1 - y))
    border = border + 0.0012 * noise(rng, size, 70)
    sheet = np.broadcast_to(rgb(_PAPER), picture.shape)
    picture = over(sheet, picture, smoothstep(0.022, 0.0235, border))
    frame = smoothstep(0.0225, 0.0235, border) * smoothstep(0.027, 0.0255, border)
    picture = over(picture, rgb(_KEY), 0.9 * frame)
    stain = fbm(rng, size, 3, 4)
    picture = glaze(picture, rgb("#d9c08f"), np.clip(0.12 + 0.16 * stain, 0, 1))
    return np.asarray(picture + 0.011 * tooth[..., None], dtype=np.float32)


def paint(size: int, rng: np.random.Generator) -> Array:
    """Print the sheet, `(size, size, 3)`."""
    fine = size * 2
    sea = rng.uniform(0.4, 0.44)
    wood = _wood(rng, fine)
    picture = np.broadcast_to(rgb(_PAPER), (fine, fine, 3)).copy()
    picture = _sky(rng, picture, wood, sea)
    picture = _mountain(rng, picture, wood, sea)
    picture = _sea(rng, picture, wood, sea + 0.01)
    return resize(_finish(rng, blur(picture, 0.0003)), size)
