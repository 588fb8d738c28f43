"""An expressionist woodcut: a red sun in a swirling sky over mountains, a lake and a farm.

Two blocks: a red one for flat shapes, and a black key block out of which white lines are
carved. The subject is laid out as darkness and direction; the gouge follows the direction
and cuts the wider the lighter the place, in wedges pointed at both ends.
"""

from dataclasses import dataclass, field

import numpy as np

from impasto.drawn.countryside import Sheet
from impasto.drawn.fields import (
    Array,
    fbm,
    grid,
    noise,
    normalise,
    paper,
    resize,
    ridge,
    smoothstep,
)
from impasto.drawn.palette import glaze, over, ramp, rgb
from impasto.drawn.pens import Plate, spaced

_PLAN = 384  # side of the layout, as of a `Sheet`
_BLACK = "#15110f"
_RED = "#cf3a22"
# distance and length of the cuts, least light
_GOUGES = ((0.0125, 0.2, 0.1), (0.0115, 0.09, 0.14), (0.0095, 0.045, 0.3))


def _empty() -> Array:
    """Return a plane of the layout, 0 everywhere."""
    return np.zeros((_PLAN, _PLAN), np.float32)


@dataclass
class _Block(Sheet):
    """The layout of both blocks: `red` is where the second one prints, `clear` what is cut out."""

    red: Array = field(default_factory=_empty)
    clear: Array = field(default_factory=_empty)

    def form(
        self,
        inside: Array,
        tone: Array,
        way: tuple[Array, Array],
        red: Array | float = 0,
        line: Array | float = 0,
    ) -> None:
        """Put a form in front, with a black contour.

        Args:
            inside: Distance within its edge, positive inside.
            tone: Its darkness.
            way: Direction of the cuts, across and down.
            red: Where it is red.
            line: How much of a white line is cut around it.
        """
        mask = smoothstep(-0.0015, 0.0015, inside)
        self.cover(mask, tone, *way)
        self.tone = np.maximum(self.tone, smoothstep(0.006, 0.003, np.abs(inside)))
        self.red += (red - self.red) * mask
        self.clear *= 1 - smoothstep(-0.004, -0.002, inside)
        ring = smoothstep(-0.0075, -0.006, inside) * smoothstep(-0.001, -0.003, inside)
        self.clear = np.maximum(self.clear, ring * line)


def _sky(rng: np.random.Generator, sun: tuple[float, float]) -> _Block:
    """Ring the sun with streams that swirl, light and dark and red in turn."""
    x, y = grid(_PLAN)
    dx, dy = (x - sun[0]) * 0.86, y - sun[1]
    gap = np.hypot(dx, dy)
    far = smoothstep(0.1, 0.45, gap)
    stream = gap + far * (0.085 * fbm(rng, _PLAN, 4, 2) + 0.03 * np.sin(9 * x + rng.uniform(0, 6)))
    down, across = np.gradient(stream)
    flow = normalise(np.stack([-down, across], axis=-1) + np.float32(1e-9))
    wave = np.sin(2 * np.pi * (stream - 0.1) / 0.098)
    tone = 0.5 - 0.36 * wave + 0.22 * smoothstep(0.35, 0.8, gap)
    block = _Block(np.clip(tone, 0.04, 0.96).astype(np.float32), flow)
    half = np.sin(np.pi * (stream - 0.1) / 0.098)
    block.red = smoothstep(-0.1, 0.1, half - 0.25) * smoothstep(0.55, 0.5, stream)
    block.form(0.098 - np.hypot(x - sun[0], dy), np.ones_like(x), (dx, dy), 1.0)
    return block


def _clouds(rng: np.random.Generator, block: _Block, sun: tuple[float, float]) -> None:
    """Drift banks of cloud across the sky, carved in scallops."""
    x, y = grid(_PLAN)
    spots = ((sun[0] + 0.15, sun[1] + 0.08, 0.19), (sun[0] - 0.22, sun[1] - 0.12, 0.15))
    for middle, level, half in spots:
        middle, level = middle + rng.uniform(-0.03, 0.03), level + rng.uniform(-0.01, 0.01)
        u, turn = (x - middle) / half, 4.2 * (x - middle) / half + rng.uniform(0, 6)
        bulge = 0.5 + 0.5 * np.abs(np.sin(turn))
        top = 0.06 * half / 0.16 * bulge * np.sqrt(np.clip(1 - u * u, 0, 1)) - (level - y)
        under = 0.014 * (1 + 0.5 * np.sin(u * 9)) - (y - level)
        inside = np.minimum(np.minimum(top, under), (1 - np.abs(u)) * half * 0.5)
        lean = np.cos(turn) * np.sign(np.sin(turn))
        tone = 0.1 + 0.7 * smoothstep(level - 0.02, level + 0.01, y)
        block.form(inside, tone, (np.ones_like(x), -0.9 * lean * smoothstep(0, 0.03, level - y)))


def _mountains(rng: np.random.Generator, block: _Block, shore: float) -> None:
    """Add peaks, carved down the slope on the side of the sun and black on the other."""
    x, y = grid(_PLAN)
    peaks = ((0.1, 0.42), (0.52, 0.43), (0.97, 0.42), (0.3, 0.36), (0.77, 0.46), (0.5, 0.52))
    rough = 0.012 * noise(rng, _PLAN, 26)
    for number, (at, top) in enumerate(peaks):
        at, top = at + rng.uniform(-0.04, 0.04), top + rng.uniform(-0.02, 0.02)
        steep = rng.uniform(0.8, 1.05)
        crest = top + steep * np.abs(x - at) * (1 - 0.35 * np.abs(x - at)) + rough
        fall = np.maximum(y - top, 0)
        spine = at + 0.028 * np.sin(fall * 48 + number) * np.sqrt(fall * 6) + 0.25 * fall
        side = x - spine + 0.6 * rough
        spur = np.sin(70 * side + 60 * fall + 3 * noise(rng, _PLAN, 8))
        tone = np.where(side > 0, 0.14 + 0.2 * (spur > 0.55) + 1.5 * fall, 0.9 - 0.2 * (spur > 0.8))
        way = (np.where(side > 0, 0.62, -0.75) + 0.2 * spur, np.ones_like(x))
        block.form(np.minimum(y - crest, shore + 0.02 - y), np.clip(tone, 0.08, 1), way)


def _lake(rng: np.random.Generator, block: _Block, sun: tuple[float, float], shore: float) -> None:
    """Cut the lake in level ripples, with the red path of the sun."""
    x, y = grid(_PLAN)
    depth = np.clip((y - shore) / (1 - shore), 0, 1)
    phase = 56 * np.sqrt(depth + 0.02)
    ripple = np.sin(phase + 2.5 * noise(rng, _PLAN, 6))
    path = np.abs(x - sun[0] + 0.03 * ripple * (0.4 + depth)) / (0.06 + 0.1 * depth)
    glow = smoothstep(1.1, 0.8, path)
    tone = 0.66 + 0.27 * ripple + 0.2 * depth - 0.4 * glow
    tilt = 0.2 * np.cos(phase + 9 * x) + 0.1 * noise(rng, _PLAN, 10)
    block.form(y - shore, np.clip(tone, 0.08, 0.97), (np.ones_like(x), tilt), glow)


def _farm(rng: np.random.Generator, block: _Block) -> None:
    """Add the near bank with its furrows, and a cottage with a red roof."""
    x, y = grid(_PLAN)
    crest = 0.795 + 0.02 * ridge(rng, x, 0.9, 2) - 0.03 * np.cos(5 * (x - 0.75))
    depth = y - crest
    dx, dy = x - rng.uniform(0.5, 0.6), y - 0.68
    fan = np.arctan2(dx, dy) + 1.1 * depth * np.sin(3 * x + 1)
    tone = 0.5 - 0.42 * np.sin(fan * 19) + 0.2 * smoothstep(0.1, 0.2, depth)
    block.form(depth, np.clip(tone, 0.1, 0.95), (dx + 0.6 * dy * np.sin(3 * x + 1), dy), line=0.7)
    left, foot, wide = rng.uniform(0.7, 0.74), 0.862, 0.18
    u, v = (x - left) / wide, (foot - y) / wide
    wall = wide * np.minimum(np.minimum(u, 1 - u), np.minimum(v + 0.1, 0.42 - v))
    hole = (np.abs(np.abs(u - 0.5) - 0.22) < 0.07) & (np.abs(v - 0.2) < 0.1)
    tone = np.where(hole, 1.0, np.where(u < 0.5, 0.12, 0.6)).astype(np.float32)
    block.form(wall, tone, (0.05 * x, np.ones_like(x)), line=1.0)
    flue = wide * np.minimum(0.06 - np.abs(u - 0.74), np.minimum(v - 0.5, 0.98 - v))
    block.form(flue, 0.8 + 0 * x, (np.ones_like(x), 0 * x), line=0.7)
    roof = wide * np.minimum(0.94 - 1.05 * np.abs(u - 0.5) - v, v - 0.37) * 0.8
    tone = 0.3 + 0.4 * (u > 0.5)
    block.form(roof, tone.astype(np.float32), (np.sign(u - 0.5), np.ones_like(x)), 1.0, line=1.0)


def _firs(rng: np.random.Generator, block: _Block) -> None:
    """Add tall firs on the left and a few on the right: dark tiers, combed with cuts."""
    x, y = grid(_PLAN)
    trees = [(0.3, 0.8, 0.27), (0.62, 0.83, 0.15), (0.95, 0.84, 0.3)]
    trees += [(0.05, 0.93, 0.56), (0.4, 0.9, 0.24), (0.19, 0.97, 0.74)]
    for at, foot, tall in trees:
        at = at + rng.uniform(-0.015, 0.015)
        share = (y - foot + tall) / tall
        tiers = max(5, int(tall * 15))
        step = np.clip(share, 0, 1) ** 0.9 * tiers
        droop = 0.5 * np.abs(x - at) / (0.2 * tall)
        place = step - droop * 0.8 + 0.12 * noise(rng, _PLAN, 30)
        tooth = place - np.floor(place)
        reach = tall * (0.24 * np.clip(share, 0, 1) ** 0.75) * (0.5 + 0.5 * tooth)
        reach = reach + tall * np.minimum(share, 0)
        inside = np.minimum(0.7 * (reach - np.abs(x - at)), (0.94 - share) * tall)
        trunk = np.minimum(0.022 * tall - np.abs(x - at), np.minimum(share - 0.5, 1 - share) * tall)
        side = (x - at) / (np.maximum(reach, 0) + 0.01)
        light = smoothstep(-0.1, 0.9, side) + 0.4 * smoothstep(-0.3, -0.7, side)
        tone = 0.98 - 0.8 * light * smoothstep(1.1, 0.3, tooth)
        way = (1.3 * np.sign(side) * np.sqrt(np.abs(side)), 0.35 + np.abs(side) * 0.6)
        block.form(
            np.maximum(inside, trunk),
            np.clip(tone, 0.15, 1),
            way,
            line=smoothstep(0.92, 0.86, share),
        )


def _compose(rng: np.random.Generator) -> _Block:
    """Lay out the whole subject."""
    sun, shore = (rng.uniform(0.6, 0.68), rng.uniform(0.22, 0.27)), rng.uniform(0.6, 0.62)
    block = _sky(rng, sun)
    _clouds(rng, block, sun)
    _mountains(rng, block, shore)
    _lake(rng, block, sun, shore)
    _farm(rng, block)
    _firs(rng, block)
    return block


def _carve(rng: np.random.Generator, block: _Block, size: int) -> Array:
    """Cut the key block; return what is cut away, `(size, size)`."""
    plate = Plate(size)
    light = np.clip(1 - block.tone, 0, 1)
    for spacing, length, floor in _GOUGES:
        pitch = (spacing, length)
        for path, wide in spaced(rng, block.flow, light, floor=floor, pitch=pitch, halo=2):
            along = np.linspace(0, 1, len(path))
            press = np.interp(along, (0, 0.3, 0.7, 1), (0.1, 1, 0.95, 0.05))
            width = spacing * np.clip(0.16 + 0.68 * wide, 0.16, 0.8) * press
            plate.ribbon(path, width * (1 + 0.1 * rng.normal(0, 1, len(path))) / 2)
    return plate.cover(size)


def paint(size: int, rng: np.random.Generator) -> Array:
    """Print both blocks, `(size, size, 3)`."""
    block = _compose(rng)
    fine = max(size * 2, 1024)
    cut = np.maximum(_carve(rng, block, fine), resize(block.clear, fine))
    tooth = paper(rng, fine)
    grain = noise(rng, fine, 200)
    picture = ramp(0.5 + 0.25 * fbm(rng, fine, 3, 4), ("#eadcbc", "#f3e8cf", "#f7efdc"))
    picture = picture + 0.012 * tooth[..., None]
    red = smoothstep(0.4, 0.6, resize(block.red, fine) + 0.06 * grain)
    picture = glaze(picture, rgb(_RED), red * np.clip(0.95 - 0.08 * tooth, 0, 1))
    sun = resize(smoothstep(0.9, 1.0, block.tone) * block.red, fine)
    key = smoothstep(0.75, 0.25, cut + 0.1 * grain) * (1 - smoothstep(0.5, 0.9, sun))
    picture = over(picture, rgb(_BLACK), key * np.clip(0.98 - 0.04 * np.maximum(tooth, 0), 0, 1))
    return resize(np.asarray(picture, dtype=np.float32), size)
