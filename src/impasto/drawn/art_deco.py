"""An Art Deco poster: towers in a sunburst over rows of fans, gold on dark green and navy.

Everything is drawn flat and geometric in a few materials; each material then gets the look
of its time: sprayed gradients with a coarse grain, and raised gold leaf that catches light.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from impasto.drawn.cells import Labels
from impasto.drawn.fields import Array, blur, fbm, grid, noise, resize, shade, smoothstep
from impasto.drawn.palette import ramp
from impasto.drawn.pens import Plate

_MATERIALS: tuple[tuple[str, ...], ...] = (
    ("#03100d", "#08291f", "#0f4a3a", "#1c7458", "#58b08a"),  # green
    ("#040a1c", "#0a1b3e", "#143564", "#2a5c92", "#6ea4c4"),  # navy
    ("#4a2e0c", "#8a5c1c", "#c8983a", "#ecce72", "#fff6cc", "#dcb04c", "#95661f"),  # gold
    ("#050508", "#0f1016", "#1c1d28", "#3a3c4a"),  # black
    ("#b89c62", "#e8d6a4", "#fbf2d8"),  # ivory
    ("#02191c", "#06404a", "#0c7478", "#3cb4a8", "#a4e4cc"),  # teal
)
_GREEN, _NAVY, _GOLD, _BLACK, _IVORY, _TEAL = range(6)
Place = tuple[float, float]


class _Board:
    """The drawing: the material at every place, and how light it is there."""

    def __init__(self, size: int) -> None:
        self.material = Plate(size)
        self.light = Plate(size)

    def fill(self, corners: Array, material: int, light: float = 0.5) -> None:
        """Fill a polygon."""
        self.material.polygon(corners, material)
        self.light.polygon(corners, int(255 * light))

    def box(self, low: Place, high: Place, material: int, light: float = 0.5) -> None:
        """Fill a rectangle."""
        corners = [low, (high[0], low[1]), high, (low[0], high[1])]
        self.fill(np.array(corners), material, light)

    def wedge(
        self, at: Place, radii: Place, turns: Place, material: int, light: float = 0.5
    ) -> None:
        """Fill a piece of a ring between two radii and two angles."""
        angle = np.linspace(*turns, max(5, int(abs(turns[1] - turns[0]) * 20)))
        around = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
        corners = np.concatenate([around * radii[1], around[::-1] * radii[0]])
        self.fill(corners + np.array(at), material, light)

    def disc(self, at: Place, radius: float, material: int, light: float = 0.5) -> None:
        """Fill a disc."""
        self.wedge(at, (0, radius), (0, 2 * np.pi), material, light)

    def line(self, path: Sequence[Place], width: float, material: int = _GOLD) -> None:
        """Draw a line of even width through corners, with mitred joints."""
        for start, end in pairwise(path):
            way = np.subtract(end, start)
            way = way / (np.hypot(*way) + 1e-9) * width / 2
            ends = np.stack([np.subtract(start, way), np.add(end, way)])
            half = np.full(2, width / 2)
            self.material.ribbon(ends, half, material)
            self.light.ribbon(ends, half, 128)

    def rays(self, at: Place, radii: Place, turns: Place, count: int, width: float) -> None:
        """Draw lines of gold out from a centre."""
        for angle in np.linspace(*turns, count):
            way = np.array([np.cos(angle), np.sin(angle)])
            ends = np.stack([way * radii[0], way * radii[1]]) + np.array(at)
            half = np.array([0.4 * width, width]) / 2
            self.material.ribbon(ends, half, _GOLD)
            self.light.ribbon(ends, half, 128)


def _sunburst(board: _Board, rng: np.random.Generator, at: Place) -> None:
    """Fan rays out over the whole sheet, each shaded across, and ring the sun."""
    count = int(rng.choice((20, 24, 28)))
    step = 2 * np.pi / count
    for index in range(count):
        start = -np.pi / 2 + (index - 0.5) * step
        material = (_NAVY, _GREEN, _TEAL, _GREEN)[index % 4]
        for part in range(8):
            turns = (start + step * part / 8, start + step * (part + 1.1) / 8)
            board.wedge(at, (0, 1.3), turns, material, 0.13 + 0.085 * part)
    board.rays(at, (0.1, 1.3), (-np.pi / 2 + step / 2, 1.5 * np.pi - step / 2), count, 0.007)
    board.rays(at, (0.2, 0.62), (-np.pi / 2, 1.5 * np.pi - step), count, 0.004)
    for index in range(count):
        angle = -np.pi / 2 + index * step
        spot = (at[0] + 0.63 * np.cos(angle), at[1] + 0.63 * np.sin(angle))
        board.disc(spot, 0.0105, _GOLD)
        board.disc(spot, 0.006, _IVORY, 0.9)
    for radius, width in ((0.47, 0.005), (0.455, 0.0025), (0.31, 0.007), (0.296, 0.003)):
        board.wedge(at, (radius - width, radius), (0, 2 * np.pi), _GOLD)
    _scallops(board, at, (0.255, 0.042), count)
    for part in range(12):
        board.disc(at, 0.235 * (1 - part / 16), _GOLD if part == 0 else _TEAL, 0.18 + 0.07 * part)
    for radius in (0.19, 0.145):
        board.wedge(at, (radius - 0.004, radius), (0, 2 * np.pi), _GOLD)


def _scallops(board: _Board, at: Place, ring: Place, count: int) -> None:
    """Set a wreath of small half-discs on a circle of radius `ring[0]`."""
    for index in range(count):
        angle = 2 * np.pi * (index + 0.5) / count
        spot = (at[0] + ring[0] * np.cos(angle), at[1] + ring[0] * np.sin(angle))
        for share, material, light in ((1, _GOLD, 0.5), (0.84, _NAVY, 0.6), (0.55, _IVORY, 0.6)):
            board.disc(spot, ring[1] * share, material, light)
        board.disc(spot, ring[1] * 0.4, _BLACK, 0.3)


def _tower(board: _Board, middle: float, foot: float, steps: Sequence[Place]) -> None:
    """Raise a tower of set-back blocks, (half-width, top) each, lit from the left."""
    for half, top in steps:
        board.box((middle - half - 0.005, top - 0.005), (middle + half + 0.005, foot), _GOLD)
        strips = 10
        for part in range(strips):
            low = middle - half + 2 * half * part / strips
            light = 0.75 - 0.06 * part if part < strips / 2 else 0.32 - 0.03 * (part - strips / 2)
            material = _NAVY if part < strips / 2 else _BLACK
            board.box((low, top), (low + 2 * half / strips + 0.001, foot), material, light)
        count = max(2, int(half / 0.0135))
        for index in range(count):
            at = middle - half + 2 * half * (index + 0.5) / count
            board.line([(at, top + 0.012), (at, foot)], 0.0028)
        for index in range(count + 1):
            at = middle - half + 2 * half * index / count
            for level in np.arange(top + 0.02, foot, 0.019):
                if 0 < index < count and (index * 7 + int(level * 400)) % 5:
                    board.box((at - 0.003, level), (at + 0.003, level + 0.009), _IVORY, 0.85)


def _crown(board: _Board, middle: float, level: float, half: float) -> None:
    """Top a tower with nested arches, each with a fan of rays, and a needle."""
    for number in range(4):
        wide, base = half * (1 - 0.2 * number), level - 0.038 * number
        board.wedge((middle, base), (0, wide + 0.006), (-np.pi, 0), _GOLD)
        board.wedge((middle, base), (0, wide), (-np.pi, 0), _NAVY, 0.72 - 0.12 * number)
        board.rays((middle, base), (wide * 0.45, wide), (-np.pi, 0), 9, 0.004)
        board.wedge((middle, base), (0, wide * 0.45), (-np.pi, 0), _GOLD)
        board.wedge((middle, base), (0, wide * 0.36), (-np.pi, 0), _IVORY, 0.8)
    top = level - 0.114 - 0.4 * half
    needle = [(middle - 0.009, top), (middle, top - 0.17), (middle + 0.009, top)]
    board.fill(np.array(needle), _GOLD)


def _skyline(board: _Board, rng: np.random.Generator, foot: float) -> None:
    """Build the towers on both sides of the axis, the highest in the middle."""
    for aside, half, top in (
        (0.43, 0.055, 0.6),
        (0.33, 0.05, 0.5),
        (0.225, 0.06, 0.56),
        (0.14, 0.05, 0.47),
    ):
        top = top + rng.uniform(-0.035, 0.035)
        half = half * rng.uniform(0.9, 1.1)
        for side in (-1, 1):
            steps = [
                (half * share, top + 0.05 * rise)
                for share, rise in ((0.35, 0), (0.66, 0.7), (1, 1.7))
            ]
            _tower(board, 0.5 + side * aside, foot, steps)
            board.line([(0.5 + side * aside, top - 0.06), (0.5 + side * aside, top)], 0.005)
    _crown(board, 0.5, 0.385, 0.058)
    _tower(board, 0.5, foot, ((0.058, 0.385), (0.08, 0.46), (0.105, 0.55), (0.13, 0.66)))


def _fans(board: _Board, rng: np.random.Generator, top: float) -> None:
    """Lay rows of fans like scales across the foot of the sheet, each row over the one behind."""
    radius = 1 / 12
    board.box((0, top), (1, 1), _BLACK, 0.3)
    order = rng.permutation((_GREEN, _NAVY, _TEAL))
    for row in range(5):
        level = top + 0.085 + row * 0.052
        for index in range(-1, 8):
            at = ((index + 0.5 * (row % 2)) * 2 * radius, level)
            ground = int(order[(row + index) % 3])
            board.wedge(at, (0, radius), (-np.pi, 0), _GOLD)
            for part in range(7):
                reach = radius - 0.005 - part * 0.0075
                board.wedge(at, (0, reach), (-np.pi, 0), ground, 0.2 + 0.085 * part)
            board.rays(at, (radius * 0.3, radius * 0.76), (-np.pi, 0), 15, 0.0036)
            board.wedge(at, (radius * 0.74, radius * 0.8), (-np.pi, 0), _GOLD)
            board.wedge(at, (0, radius * 0.36), (-np.pi, 0), _GOLD)
            board.wedge(at, (0, radius * 0.3), (-np.pi, 0), _IVORY, 0.75)
            board.wedge(at, (0, radius * 0.17), (-np.pi, 0), _BLACK, 0.3)
    board.box((0, top - 0.022), (1, top + 0.006), _GOLD)
    board.box((0, top - 0.018), (1, top + 0.002), _BLACK, 0.4)
    for index in range(48):
        left = index / 48
        teeth = [(left, top), (left + 0.5 / 48, top - 0.016), (left + 1 / 48, top)]
        board.fill(np.array(teeth), (_GOLD, _IVORY)[index % 2], 0.6)


def _frame(board: _Board) -> None:
    """Frame the sheet: quarter fans and stepped lines in the upper corners, a border around."""
    for corner, turns in ((0.0, (0, np.pi / 2)), (1.0, (np.pi / 2, np.pi))):
        at = (corner, 0.0)
        for radius, material, light in (
            (0.27, _GOLD, 0.5),
            (0.262, _BLACK, 0.4),
            (0.236, _GOLD, 0.5),
        ):
            board.wedge(at, (0, radius), turns, material, light)
        for part in range(9):
            board.wedge(at, (0, 0.231 - 0.013 * part), turns, _GREEN, 0.16 + 0.075 * part)
        board.rays(at, (0.09, 0.233), turns, 13, 0.005)
        for radius, material in ((0.115, _GOLD), (0.108, _NAVY), (0.08, _GOLD), (0.074, _IVORY)):
            board.wedge(at, (0, radius), turns, material, 0.7)
        for angle in np.linspace(turns[0], turns[1], 13)[1:-1]:
            board.disc((corner + 0.249 * np.cos(angle), 0.249 * np.sin(angle)), 0.0065, _GOLD)
    for inset, width, material in (
        (0.0, 0.052, _BLACK),
        (0.026, 0.008, _GOLD),
        (0.037, 0.003, _GOLD),
    ):
        low, high = inset, 1 - inset
        path = [(low, low), (high, low), (high, high), (low, high), (low, low)]
        board.line(path, width, material)


def _spray(rng: np.random.Generator, material: Labels, light: Array) -> Array:
    """Give each material its colours: sprayed gradients, and gold that shimmers."""
    size = len(light)
    x, y = grid(size)
    grain = 0.6 * rng.normal(0, 1, (768, 768)).astype(np.float32)
    grain = resize(grain, size) + 0.5 * noise(rng, size, 300)
    sheen = 0.52 + 0.2 * np.sin(9 * (x + 0.7 * y) + 3 * noise(rng, size, 3))
    sheen = sheen + 0.16 * fbm(rng, size, 14, 4) + 0.06 * grain
    tone = blur(light, 0.0016) + 0.055 * fbm(rng, size, 4, 4) + (0.07 + 0.1 * light) * grain
    colour = np.zeros((size, size, 3), np.float32)
    for number, codes in enumerate(_MATERIALS):
        here = material == number
        value = sheen if number == _GOLD else tone
        colour[here] = ramp(value[here], codes)
    leaf = (material == _GOLD).astype(np.float32)
    relief = shade(0.0035 * blur(leaf, 0.0009) + 0.00012 * grain, 1.0)
    shadow = np.clip(blur(np.roll(leaf, (size // 300, size // 300), (0, 1)), 0.002) - leaf, 0, 1)
    colour = colour * (1 + 0.5 * relief * leaf - 0.4 * shadow * (1 - leaf))[..., None]
    glint = smoothstep(0.45, 0.9, relief) * leaf
    return np.asarray(colour + 0.3 * glint[..., None], dtype=np.float32)


def paint(size: int, rng: np.random.Generator) -> Array:
    """Print the poster, `(size, size, 3)`."""
    fine = max(size * 2, 512)
    board = _Board(fine)
    _sunburst(board, rng, (0.5, rng.uniform(0.42, 0.47)))
    foot = rng.uniform(0.77, 0.8)
    _skyline(board, rng, foot)
    _fans(board, rng, foot)
    _frame(board)
    material = np.asarray(board.material.image, dtype=np.int32)
    light = np.asarray(board.light.image, dtype=np.float32) / 255
    return resize(np.clip(_spray(rng, material, light), 0, 1).astype(np.float32), size)
