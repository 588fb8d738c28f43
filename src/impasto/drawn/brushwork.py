"""A post-impressionist oil: a swirling night sky with suns, hills, a river and cypresses.

The subject is first laid out softly as colours and directions (`_Scene`); the picture then
consists only of brush strokes that take their colour and their course from it, in four
layers from broad to fine, and of the light on the paint.
"""

from dataclasses import dataclass

import numpy as np

from impasto.drawn.fields import (
    Array,
    blur,
    fbm,
    grid,
    noise,
    normalise,
    resize,
    ridge,
    sample,
    shade,
    smear,
    smoothstep,
)
from impasto.drawn.palette import over, ramp, rgb
from impasto.drawn.strokes import Canvas, Layer, trace

_PLAN = 320  # side of the layout; strokes hide its softness
_SKY = ("#0a1540", "#10296b", "#1a4a96", "#2373a8", "#3f9fb0", "#8cc9b8", "#e3e0a6")
_SUN = (
    "#fff6c4",
    "#ffec94",
    "#ffd63c",
    "#f7a51c",
    "#f6c244",
    "#e9dc7c",
    "#98d0b8",
    "#58a8b8",
)
_FAR = ("#1b2c66", "#27508c", "#3f7fa0", "#7ba7a8")
_MIDDLE = ("#10363f", "#1a5a5c", "#2f8272", "#7fae6a")
_NEAR = ("#173a2b", "#2f5f31", "#6b8a35", "#b6b04a")
_FIELD = ("#7a3f14", "#b86a18", "#dd9a25", "#f2c648", "#f8e28a")
_RIVER = ("#123a6e", "#1f6a9c", "#4ba6b0", "#bfe0c0", "#fff0b0")
_TREE = ("#07140f", "#0f2a20", "#1c4630", "#466029", "#8a6a24")


@dataclass
class _Scene:
    """What the strokes follow: colour `(M, M, 3)`, course `(M, M, 2)`, wanted detail `(M, M)`."""

    colour: Array
    flow: Array
    detail: Array

    def cover(self, mask: Array, colour: Array, flow: Array, detail: float) -> None:
        """Put a form in front of what is there."""
        self.colour = over(self.colour, colour, mask)
        self.flow = over(self.flow, flow, mask)
        self.detail = self.detail + (np.float32(detail) - self.detail) * mask


def _suns(rng: np.random.Generator) -> Array:
    """Choose the great sun and the small ones, `(K, 3)`: x, y, radius."""
    chosen = [(rng.uniform(0.66, 0.8), rng.uniform(0.17, 0.25), 0.07)]
    for _ in range(200):
        x, y, radius = rng.uniform(0.04, 0.96), rng.uniform(0.05, 0.46), rng.uniform(0.013, 0.028)
        room = min(np.hypot(x - a, y - b) - 2.6 * (radius + c) for a, b, c in chosen)
        if room > 0 and len(chosen) < 9:
            chosen.append((x, y, radius))
    return np.array(chosen, np.float32)


def _around(x: Array, y: Array, centre: Array, sign: float) -> tuple[Array, Array]:
    """Return the distance from a centre and the unit vectors that circle it."""
    dx, dy = x - centre[0], y - centre[1]
    distance = np.sqrt(dx * dx + dy * dy) + np.float32(1e-5)
    turning = np.stack([-dy, dx], axis=-1) / distance[..., None] * np.float32(sign)
    return distance, np.asarray(turning, dtype=np.float32)


def _sky_flow(rng: np.random.Generator, suns: Array) -> Array:
    """Blow a wind across the sky that curls into two whirls and circles every sun."""
    x, y = grid(_PLAN)
    wave = 0.75 * np.sin(2 * np.pi * (0.9 * x + rng.uniform(0, 1)) + 4 * y)
    flow = np.stack([np.ones_like(x), wave + 0.5 * noise(rng, _PLAN, 5)], axis=-1)
    left = np.array([rng.uniform(0.34, 0.42), rng.uniform(0.27, 0.33)])
    right = left + np.array([rng.uniform(0.17, 0.2), rng.uniform(0.08, 0.12)])
    for centre, reach, sign in ((left, 0.16, 1.0), (right, 0.11, 1.0)):
        distance, turning = _around(x, y, centre, sign)
        inward = -np.stack([x - centre[0], y - centre[1]], axis=-1) / distance[..., None]
        pull = np.exp(-((distance / reach) ** 2) * 0.9) * np.float32(1.1)
        flow = over(flow, (turning + 0.22 * inward) * 1.6, np.clip(pull, 0, 1))
    for sun in suns:
        distance, turning = _around(x, y, sun, 1.0)
        flow = over(flow, turning * 1.5, smoothstep(4.2, 1.6, distance / sun[2]))
    return normalise(flow)


def _sky(rng: np.random.Generator, suns: Array, horizon: float) -> _Scene:
    """Lay out the sky: streaks of blue along the wind, rings of light around the suns."""
    x, y = grid(_PLAN)
    flow = _sky_flow(rng, suns)
    streaks = smear(fbm(rng, _PLAN, 24, 3), flow, reach=0.11)
    tone = 0.3 + 1.15 * streaks / (streaks.std() * 4) + 0.25 * smoothstep(0.2, horizon, y)
    tone += 0.4 * smoothstep(horizon - 0.13, horizon + 0.05, y)
    colour = ramp(tone, _SKY)
    detail = np.full_like(x, 0.45)
    for sun in suns:
        distance, _ = _around(x, y, sun, 1.0)
        rings = distance / sun[2] + 0.35 * noise(rng, _PLAN, 40)
        colour = over(
            colour, ramp(rings / 3.4, _SUN), 0.95 * smoothstep(3.7, 2.0, rings) * _ripple(rings)
        )
        detail = np.maximum(detail, smoothstep(5.5, 1.5, distance / sun[2]))
    return _Scene(colour, flow, detail)


def _ripple(rings: Array) -> Array:
    """Let the sky show between the outer rings of a sun."""
    return np.asarray(1 - 0.5 * smoothstep(1.3, 2.4, rings) * (0.5 + 0.5 * np.cos(rings * 6)))


def _slope(edge: Array) -> Array:
    """Return the direction of a crest line `y = edge(x)` given as `(M, M)`."""
    rise = np.gradient(edge, axis=1) * _PLAN
    return normalise(np.stack([np.ones_like(rise), rise], axis=-1))


def _hills(rng: np.random.Generator, scene: _Scene, horizon: float) -> Array:
    """Add three ranges, far to near; return the crest of the field in front of them."""
    x, y = grid(_PLAN)
    ranges = ((0.0, 0.055, 1.4, _FAR), (0.075, 0.045, 1.1, _MIDDLE), (0.15, 0.035, 0.9, _NEAR))
    for drop, swing, waves, codes in ranges:
        crest = horizon + drop + swing * ridge(rng, x, waves, 3)
        depth = (y - crest) / 0.12
        folds = _slope(crest + 0.03 * noise(rng, _PLAN, 7) * smoothstep(0, 1, depth))
        tone = smear(fbm(rng, _PLAN, 20, 3), folds, reach=0.06)
        tone = 0.45 + tone / (tone.std() * 4.5) - 0.25 * depth + 0.25 * smoothstep(0.25, 0.0, depth)
        scene.cover(smoothstep(-0.02, 0.02, depth), ramp(tone, codes), folds, 0.75)
        line = np.exp(-(((y - crest) / 0.006) ** 2))
        scene.cover(line * 0.8, np.broadcast_to(rgb("#0c1d3c"), (*x.shape, 3)), _slope(crest), 1.0)
    return np.asarray(horizon + 0.22 + 0.02 * ridge(rng, x, 0.8, 2), dtype=np.float32)


def _meadow(rng: np.random.Generator, scene: _Scene, crest: Array, sun_x: float) -> None:
    """Add the wheat field and the river that carries the light of the sun towards us."""
    x, y = grid(_PLAN)
    depth = (y - crest) / (1 - crest)
    lean = 0.8 * np.sin(7 * x + 3 * depth + rng.uniform(0, 6)) + 0.5 * noise(rng, _PLAN, 6)
    course = normalise(np.stack([0.55 + 0.6 * lean, -1 + 0.35 * lean], axis=-1))
    tone = smear(fbm(rng, _PLAN, 30, 3), course, reach=0.04)
    tone = 0.5 + tone / (tone.std() * 3.6) - 0.15 * depth
    course = normalise(over(_slope(crest), course, smoothstep(0.02, 0.3, depth)))
    scene.cover(smoothstep(-0.02, 0.03, depth), ramp(tone, _FIELD), course, 0.65)
    middle = sun_x - 0.16 * np.sin(depth * 4.2) * (0.3 + depth) - 0.1 * depth
    half = 0.018 + 0.13 * np.clip(depth, 0, 1) ** 1.4
    side = np.abs(x - middle) / half
    flat = normalise(np.stack([np.ones_like(x), 0.12 * np.sin(26 * y + 5 * x)], axis=-1))
    tone = smear(fbm(rng, _PLAN, 34, 3), flat, reach=0.05)
    glitter = 0.5 * np.exp(-(((x - middle) / (0.45 * half)) ** 2))
    tone = 0.38 + tone / (tone.std() * 4) + glitter
    river = smoothstep(1.06, 0.96, side) * smoothstep(0, 0.03, depth)
    scene.cover(river, ramp(tone, _RIVER), flat, 0.8)
    bank = np.exp(-(((side - 1.05) / 0.12) ** 2)) * smoothstep(0, 0.05, depth)
    scene.cover(bank * 0.75, np.broadcast_to(rgb("#3a3a1c"), (*x.shape, 3)), course, 0.9)


def _cypress(rng: np.random.Generator, scene: _Scene, foot: float, top: float) -> None:
    """Add a flame-shaped tree that stands on the lower edge and reaches up to `top`."""
    x, y = grid(_PLAN)
    share = np.clip((y - top) / (1.02 - top), 0, 1)
    sway = foot + 0.022 * np.sin(9 * y + rng.uniform(0, 6)) * (1 - share)
    half = 0.125 * (1.02 - top) * share**0.75 * (1.1 - 0.45 * share)
    half = half * (1 + 0.3 * noise(rng, _PLAN, 16))
    side = (x - sway) / (half + 1e-4)
    curl = 0.45 * np.sin(34 * y + 3 * side + rng.uniform(0, 6)) + 0.4 * side
    course = normalise(np.stack([curl, -np.ones_like(x)], axis=-1))
    tone = smear(fbm(rng, _PLAN, 40, 2), course, reach=0.06)
    tone = 0.38 + tone / (tone.std() * 4) + 0.12 * side
    mask = smoothstep(1.08, 0.92, np.abs(side)) * smoothstep(top - 0.005, top + 0.01, y)
    scene.cover(mask, ramp(tone, _TREE), course, 0.85)


def _compose(rng: np.random.Generator) -> _Scene:
    """Lay out the whole subject."""
    suns = _suns(rng)
    horizon = rng.uniform(0.55, 0.6)
    scene = _sky(rng, suns, horizon)
    crest = _hills(rng, scene, horizon)
    _meadow(rng, scene, crest, float(suns[0, 0]))
    foot = rng.uniform(0.13, 0.19)
    _cypress(rng, scene, foot + 0.1, rng.uniform(0.46, 0.52))
    _cypress(rng, scene, foot, rng.uniform(0.1, 0.16))
    scene.flow = normalise(blur(scene.flow, 0.003))
    return scene


def _layer(rng: np.random.Generator, scene: _Scene, width: float, pick: float) -> Layer:
    """Scatter the strokes of one width; `pick` is the detail below which they are left out."""
    spacing = width * 1.15
    side = int(1.08 / spacing)
    row, column = np.mgrid[0:side, 0:side]
    starts = np.stack([column, row], axis=-1).reshape(-1, 2) + rng.uniform(0, 1, (side**2, 2))
    starts = (starts * spacing - 0.04).astype(np.float32)
    rng.shuffle(starts)
    wanted = sample(scene.detail, starts[:, 0], starts[:, 1])
    starts = starts[wanted + rng.uniform(-0.15, 0.15, len(starts)) > pick]
    count = len(starts)
    length = (width * rng.uniform(3.4, 6.5, count)).astype(np.float32)
    paths = trace(scene.flow, starts, length)
    base = sample(scene.colour, starts[:, 0], starts[:, 1])
    base = base * (1 + rng.normal(0, 0.09, (count, 1))) + rng.normal(0, 0.02, (count, 3))
    light = rng.normal(0.02, 0.09, (count, 1)) + rng.normal(0, 0.035, (count, 3))
    wide = (width * np.exp(rng.normal(-0.12, 0.28, count)).clip(0.5, 1.5)).astype(np.float32)
    first, second = base.astype(np.float32), (base + light).astype(np.float32)
    return Layer(paths, wide, first, second, dryness=0.75)


def _light(colour: Array, relief: Array, weave: Array) -> Array:
    """Light the paint from the upper left: shading on the ridges, a gloss on the wet crests."""
    glow = shade(blur(relief, 0.0006) + weave * np.float32(0.0004), 0.9)
    lit = colour * (1 + 0.48 * glow[..., None])
    gloss = smoothstep(0.35, 0.95, glow)[..., None]
    return np.asarray(lit + gloss * np.float32(0.16) * (0.35 + colour), dtype=np.float32)


def paint(size: int, rng: np.random.Generator) -> Array:
    """Paint the picture, `(size, size, 3)`."""
    scene = _compose(rng)
    fine = size * 2
    canvas = Canvas(fine, rng)
    for width, pick in ((0.036, -1.0), (0.02, -1.0), (0.0125, 0.3), (0.0085, 0.62)):
        canvas.paint(_layer(rng, scene, width, pick))
    weave = noise(rng, fine, 300)
    ground = ramp(0.5 + 0.5 * weave, ("#5c3a1e", "#8a5a2b", "#b98a4a"))
    colour, relief = canvas.develop(ground)
    return resize(_light(np.clip(colour, 0, 1), relief, weave), size)
