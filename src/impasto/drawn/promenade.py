"""The subject of the dots: a Sunday on a river bank, as soft colours."""

from collections.abc import Sequence

import numpy as np

from impasto.drawn.fields import Array, fbm, grid, noise, ridge, smoothstep
from impasto.drawn.palette import over, ramp
from impasto.drawn.pens import Plate

_PLAN = 512  # side of the layout
Outline = Sequence[tuple[float, float]]

# parts of figures one unit tall that stand on the origin
_SKIRT = (
    (-0.07, -0.55),
    (0.07, -0.56),
    (0.2, -0.5),
    (0.26, -0.36),
    (0.22, 0),
    (-0.12, 0),
    (-0.1, -0.3),
)
_FROCK = ((-0.07, -0.55), (0.07, -0.56), (0.18, 0), (-0.18, 0))
_BODICE = ((-0.08, -0.53), (-0.1, -0.7), (-0.05, -0.8), (0.05, -0.8), (0.09, -0.68), (0.08, -0.53))
_HEAD = ((-0.045, -0.82), (-0.05, -0.9), (0, -0.94), (0.05, -0.9), (0.045, -0.82), (0, -0.79))
_HAT = ((-0.09, -0.9), (-0.04, -0.98), (0.04, -0.99), (0.08, -0.9))
_PARASOL = ((-0.34, -1.0), (-0.26, -1.13), (-0.1, -1.22), (0.06, -1.2), (0.18, -1.1), (0.22, -0.98))
_STICK = ((-0.05, -0.7), (-0.07, -1.1), (-0.05, -1.1), (-0.03, -0.7))
_COAT = ((-0.09, -0.4), (-0.11, -0.76), (-0.05, -0.84), (0.05, -0.84), (0.11, -0.76), (0.1, -0.4))
_LEGS = ((-0.08, -0.42), (0.09, -0.42), (0.07, 0), (0.01, 0), (0, -0.3), (-0.02, 0), (-0.08, 0))
_TOP_HAT = (
    (-0.09, -0.93),
    (-0.055, -0.935),
    (-0.055, -1.07),
    (0.055, -1.07),
    (0.055, -0.935),
    (0.09, -0.93),
)
_LAP = ((-0.28, 0), (-0.2, -0.14), (0.1, -0.2), (0.2, -0.05), (0.16, 0))
_BLOUSE = ((0.0, -0.12), (-0.02, -0.34), (0.06, -0.42), (0.16, -0.34), (0.2, -0.08))
_SEATED_HEAD = tuple((x + 0.07, y + 0.4) for x, y in _HEAD)
_SUN_HAT = tuple((1.5 * x + 0.07, 1.5 * y + 0.83) for x, y in _HAT)
_SUIT = ("#8c6ac8", "#4a2a8c", "#24185c", "#141040")
_MAN = (
    (_LEGS, _SUIT),
    (_COAT, _SUIT),
    (_TOP_HAT, _SUIT),
    (_HEAD, ("#fcd0a8", "#e89068", "#a84a4c")),
)
_LADY = (
    (_STICK, ("#3a1c5c", "#3a1c5c")),
    (_PARASOL, ("#ffb04c", "#f4642c", "#c82a4c", "#7a1c6c")),
    (_SKIRT, ("#d87ac8", "#8c3a9c", "#4a1c7c", "#1c1450")),
    (_BODICE, ("#f4844c", "#c8382c", "#6a1c5c")),
    (_HEAD, ("#fcd8b0", "#e89870", "#a8504c")),
    (_HAT, ("#f8d83c", "#e88a2c")),
)
_SEATED = (
    (_LAP, ("#ff9a4c", "#e8401c", "#8c1c4c")),
    (_BLOUSE, ("#fff8e8", "#f0c8d0", "#a888c8")),
    (_SEATED_HEAD, ("#fcd0a8", "#c8705c")),
    (_SUN_HAT, ("#fff0a8", "#f0b03c")),
)
_CHILD = (
    (_FROCK, ("#ffffff", "#fff0dc", "#d0b8e0")),
    (_BODICE, ("#ffffff", "#fbe8d8", "#c8b0d8")),
    (_HEAD, ("#fcd8b0", "#d08060")),
    (_HAT, ("#f4642c", "#c8282c")),
)
_BOAT = (
    (((0.03, -0.08), (0.05, -1), (0.5, -0.12)), ("#ffffff", "#fbeed8", "#d8c8e8")),
    (((-0.03, -0.1), (0.0, -0.85), (-0.32, -0.1)), ("#fbe0a8", "#f8b868", "#e87a3c")),
    (((-0.4, -0.08), (0.55, -0.08), (0.4, 0.03), (-0.28, 0.03)), ("#a83a2c", "#5a1c4c")),
)
_BOATS = ((0.2, 0.47, 0.13), (0.46, 0.44, 0.075), (0.66, 0.455, 0.1), (0.07, 0.55, 0.1))
_CROWN = ((0.98, 0.06, 0.28), (0.74, 0.05, 0.15), (0.94, 0.3, 0.16), (0.6, 0.0, 0.1))


class Scene:
    """The layout: colours `(M, M, 3)` and how level the dots lie there `(M, M)`."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.x, self.y = grid(_PLAN)
        self.colour = np.zeros((_PLAN, _PLAN, 3), np.float32)
        self.level: Array = np.zeros((_PLAN, _PLAN), np.float32)

    def lay(self, mask: Array, tone: Array, codes: Sequence[str], level: float = 0.0) -> None:
        """Put a form in front, graded from the first colour (tone 0) to the last (1)."""
        self.colour = over(self.colour, ramp(tone, codes), mask)
        self.level = self.level + (np.float32(level) - self.level) * mask

    def cut(
        self, outline: Outline, place: tuple[float, float, float], codes: Sequence[str]
    ) -> None:
        """Put a figure's part in front: an outline, placed by (x, y, scale), lit from the left."""
        plate = Plate(_PLAN * 2)
        corners = np.array(outline) * place[2] + np.array(place[:2])
        plate.polygon(corners)
        low, high = corners[:, 0].min(), corners[:, 0].max()
        self.lay(plate.cover(_PLAN), (self.x - low) / (high - low), codes)


def _sky(scene: Scene) -> None:
    """Grade the sky from blue to peach, with level streaks of cloud."""
    tone = scene.y / 0.42 + 0.06 * noise(scene.rng, _PLAN, 6)
    full = np.ones_like(scene.x)
    scene.lay(full, tone, ("#3f86d8", "#6fb0e8", "#b8dcf0", "#fbe8b8", "#fbc890"), 1)
    streak = fbm(scene.rng, _PLAN, 4, 3) + 0.7 * np.sin(34 * scene.y + 5 * scene.x)
    cloud = smoothstep(0.35, 0.9, streak) * smoothstep(0.4, 0.2, scene.y)
    scene.lay(0.85 * cloud, scene.y / 0.35, ("#fdf3e0", "#fde0c8", "#f8c8b8"), 1)


def _far_bank(scene: Scene) -> None:
    """Line the far bank with trees and a few houses."""
    for base, swing, codes in (
        (0.33, 0.03, ("#8fb0d8", "#6a94c8", "#7f88c0")),
        (0.375, 0.03, ("#a8c84f", "#3f9a5c", "#1f5f7c", "#2f3f8c")),
    ):
        crest = base - swing * (0.5 + 0.9 * np.abs(ridge(scene.rng, scene.x, 3.5, 3)))
        tone = (scene.y - crest) / 0.07 + 0.3 * noise(scene.rng, _PLAN, 26)
        scene.lay(smoothstep(-0.003, 0.003, scene.y - crest), tone, codes)
    for _ in range(6):
        at, tall = scene.rng.uniform(0.03, 0.7), scene.rng.uniform(0.025, 0.04)
        wall = ((-0.8, 0), (-0.8, -0.8), (0.8, -0.8), (0.8, 0))
        roof = ((-1, -0.7), (0, -1.35), (1, -0.7))
        scene.cut(wall, (at, 0.405, tall), ("#fff0d0", "#f4c8a0", "#a890c0"))
        scene.cut(roof, (at, 0.405, tall), ("#f88a3c", "#d8481c", "#982a5c"))


def _river(scene: Scene) -> None:
    """Lay the water in level streaks that mirror the sky and the bank, and set sails on it."""
    depth = (scene.y - 0.405) / 0.4
    streaks = np.sin(75 * np.sqrt(np.clip(depth, 0, 1)) + 3 * noise(scene.rng, _PLAN, 7))
    tone = 0.85 - 0.85 * np.exp(-np.maximum(depth, 0) / 0.12) + 0.24 * streaks
    tone = tone - 0.3 * smoothstep(0.2, 0.9, depth)
    codes = ("#1f4f7c", "#2f6fb8", "#4f9ad8", "#98ccf0", "#fbe8c0")
    scene.lay(smoothstep(-0.002, 0.002, depth), tone, codes, 1)
    for at, foot, tall in _BOATS:
        at = at + scene.rng.uniform(-0.03, 0.03)
        mirror = np.exp(-((scene.x - at) ** 2) / (0.1 * tall) ** 2 / 2) * (streaks > -0.3)
        mirror = mirror * smoothstep(foot, foot + 0.005, scene.y)
        mirror = mirror * smoothstep(foot + tall, foot, scene.y)
        scene.lay(0.8 * mirror, scene.y * 0, ("#fbf0dc", "#fbf0dc"), 1)
        for outline, dyes in _BOAT:
            scene.cut(outline, (at, foot, tall), dyes)


def _lawn(scene: Scene) -> None:
    """Slant the lawn across the foreground, in bands of sun and of long blue shadow."""
    bank = 0.74 - 0.2 * scene.x + 0.012 * ridge(scene.rng, scene.x, 2.0, 3)
    depth = scene.y - bank
    bands = np.sin(38 * (scene.y - 0.12 * scene.x) + 1.9 * noise(scene.rng, _PLAN, 5) + 2.2)
    sun = smoothstep(-0.3, 0.4, bands + 0.6 * noise(scene.rng, _PLAN, 16))
    tone = 0.16 + 0.58 * sun + 0.2 * fbm(scene.rng, _PLAN, 9, 3)
    codes = ("#12306a", "#17604f", "#2f9a3c", "#84c42c", "#d8d838", "#fbee84")
    scene.lay(smoothstep(-0.002, 0.003, depth), tone, codes)
    edge = np.exp(-(((depth - 0.004) / 0.009) ** 2))
    scene.lay(0.8 * edge, scene.x, ("#f8d88a", "#d89a4c"))


def _tree(scene: Scene) -> None:
    """Raise a tree on the right whose crown hangs into the picture."""
    rng, x, y = scene.rng, scene.x, scene.y
    foot = rng.uniform(0.87, 0.91)
    side = (x - foot - 0.02 * np.sin(7 * y)) / (0.026 + 0.04 * smoothstep(0.72, 0.82, y))
    trunk = smoothstep(1.05, 0.95, np.abs(side)) * smoothstep(0.82, 0.81, y)
    scene.lay(trunk, 0.5 + 0.5 * side, ("#f0944c", "#a8483c", "#4a2a6c", "#1c1c5c"))
    lumps = 0.06 * fbm(rng, _PLAN, 8, 3) + 0.02 * noise(rng, _PLAN, 26)
    for at, level, radius in _CROWN:
        gap = np.hypot(x - at, (y - level) * 1.15) + lumps
        light = 0.36 - 0.5 * (0.6 * (x - at) + 0.8 * (y - level)) / radius
        tone = light + 0.5 * noise(rng, _PLAN, 20) + 0.4 * noise(rng, _PLAN, 44)
        codes = ("#141c5c", "#134a5c", "#1c7a4a", "#5cb03c", "#d8d83c")
        scene.lay(smoothstep(radius + 0.004, radius - 0.004, gap), tone, codes)


def _figures(scene: Scene) -> None:
    """Place the people: a couple with a parasol, a seated figure and a child in white."""
    at = scene.rng.uniform(0.62, 0.68)
    seat, child = scene.rng.uniform(0.2, 0.28), scene.rng.uniform(0.43, 0.5)
    for figure, place in (
        (_MAN, (at + 0.1, 0.9, 0.3)),
        (_LADY, (at - 0.01, 0.93, 0.32)),
        (_SEATED, (seat, 0.92, 0.33)),
        (_CHILD, (child, 0.86, 0.15)),
    ):
        for outline, codes in figure:
            scene.cut(outline, place, codes)


def compose(rng: np.random.Generator) -> Scene:
    """Lay out the whole subject."""
    scene = Scene(rng)
    for part in (_sky, _far_bank, _river, _lawn, _tree, _figures):
        part(scene)
    return scene
