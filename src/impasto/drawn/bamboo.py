"""The plants of the ink painting: stalks of bamboo with their leaves, and a branch of plum."""

import numpy as np

from impasto.drawn.fields import Array
from impasto.drawn.palette import glaze, rgb
from impasto.drawn.pens import Plate
from impasto.drawn.washes import INK, Sheet, brush

# pressure on the brush along a stroke
_LEAF = (0.06, 0.45, 0.85, 1.0, 0.9, 0.6, 0.04)
_CULM = (1.12, 1.0, 0.94, 0.92, 0.94, 1.0, 1.1)
_BONE = (0.9, 1.0, 0.85, 0.95, 0.8, 0.75, 0.5)
# foot, lean, width and darkness of the stalks, from the back to the front
_STALKS = ((0.93, -0.1, 0.02, 0.5), (0.74, 0.1, 0.024, 0.85), (0.85, 0.03, 0.036, 1.35))


def _leaves(rng: np.random.Generator, tips: Array, count: int) -> tuple[Array, Array]:
    """Hang leaves in clusters from the tips of twigs; return paths and widths."""
    paths, widths = [], []
    for tip in tips:
        centre = rng.uniform(0.15, 0.5) * rng.choice((-1, 1))
        for turn in np.linspace(-1, 1, count) * rng.uniform(0.6, 0.95) + centre:
            length = rng.uniform(0.085, 0.15) * (1 - 0.25 * abs(turn))
            share = np.linspace(0, 1, 9)
            bend = turn + rng.normal(0, 0.25) * share**2
            step = np.stack([np.sin(bend), np.cos(bend)], -1) * length * share[:, None]
            paths.append(tip + rng.normal(0, 0.004, 2) + step)
            widths.append(length * rng.uniform(0.14, 0.2))
    return np.array(paths), np.array(widths)


def bamboo(sheet: Sheet) -> None:
    """Raise stalks of bamboo on the right, pale behind and dark in front, and their leaves."""
    rng = sheet.rng
    for foot, lean, wide, dark in _STALKS:
        foot, lean = foot + rng.uniform(-0.015, 0.015), lean + rng.uniform(-0.03, 0.03)
        joints = np.cumsum(np.r_[rng.uniform(-0.06, 0), rng.uniform(0.13, 0.19, 8)])
        heights = joints[joints < 1.2]
        ends = np.stack([foot + lean * (heights + 0.07) ** 1.3, 1.03 - heights], -1)
        way = np.diff(ends, axis=0)
        stalk = ends[:-1, None] + way[:, None] * np.linspace(0.035, 0.965, 9)[None, :, None]
        tone = dark * rng.uniform(0.8, 1.1, len(stalk))
        brush(sheet, stalk, wide, tone, _CULM, 0.75)
        across = np.linspace(-0.62, 0.62, 7)
        rings = ends[1:, None] + np.stack([across * wide, -0.16 * wide * np.cos(across * 2.6)], -1)
        brush(sheet, rings, 0.2 * wide, dark * 1.7, _BONE, 0.2)
        twigs, tips = _twigs(rng, ends[1:], wide)
        brush(sheet, twigs, 0.0042, dark * 1.2, _BONE, 0.5)
        for layer, share, stray in ((tips[::3], 0.4, 0.02), (tips, 1.15, 0.0)):
            paths, widths = _leaves(rng, layer + rng.normal(0, 1, layer.shape) * stray, 4)
            leafy = share * dark * rng.uniform(0.75, 1.35, len(paths))
            brush(sheet, paths, widths, leafy, _LEAF, 0.35)


def _twigs(rng: np.random.Generator, joints: Array, wide: float) -> tuple[Array, Array]:
    """Grow a twig or two from every joint; return paths and tips."""
    paths = []
    for number, joint in enumerate(joints):
        for side in (-1, 1) if number % 2 else (1 - 2 * (number // 2 % 2),):
            reach, rise = rng.uniform(0.06, 0.13), rng.uniform(0.03, 0.09)
            share = np.linspace(0, 1, 7)
            bend = np.stack([side * reach * share, -rise * (share - 0.35 * share**2)], -1)
            paths.append(joint + np.array([side * wide / 2, 0]) + bend)
    twigs = np.array(paths)
    return twigs, np.concatenate([twigs[:, -1], twigs[::2, 4]])


def plum(sheet: Sheet) -> None:
    """Reach a gnarled branch in from the upper left, with red blossoms."""
    rng = sheet.rng
    share = np.linspace(0, 1, 13)
    main = np.stack(
        [-0.04 + 0.5 * share, 0.05 + 0.13 * np.sin(share * 3.3) + 0.03 * np.sin(share * 13)], -1
    )
    bones, widths = [main], [0.03]
    for number in range(9):
        start = main[2 + number]
        turn = rng.uniform(0.35, 1.0) * (1 if number % 2 else -1) + 0.2
        length = rng.uniform(0.07, 0.2)
        knots = np.cumsum(np.r_[0, rng.uniform(0.5, 1.5, 12)])[:, None] / 12
        kinks = np.cumsum(rng.normal(0, 0.006, (13, 2)), axis=0)
        bones.append(start + knots * length * (np.cos(turn), np.sin(turn)) + kinks)
        widths.append(rng.uniform(0.005, 0.011))
    brush(sheet, np.array(bones), np.array(widths), rng.uniform(1.3, 1.9, 10), _BONE, 0.9)
    plate, core = Plate(max(sheet.size, 768)), Plate(max(sheet.size, 768))
    for bone in bones:
        for spot in bone[rng.choice(13, 4, replace=False)]:
            radius, spin = rng.uniform(0.009, 0.014), rng.uniform(0, 6)
            petals = int(rng.choice((3, 5, 5)))
            for turn in spin + 2 * np.pi * np.arange(petals) / 5:
                way = np.array([np.cos(turn), np.sin(turn)])
                plate.dot(spot + way * radius, radius * 0.72, int(rng.integers(130, 255)))
                core.dot(spot + way * radius * 0.75, 0.0013)
                core.ribbon(np.stack([spot, spot + way * radius * 0.7]), np.full(2, 0.0005))
    sheet.wash(plate.cover(sheet.size), "#d8442f", 1.15, 0.9)
    sheet.colour = glaze(sheet.colour, rgb(INK), core.cover(sheet.size) * 1.6)
