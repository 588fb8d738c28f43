"""A pop-art print: an explosion over sunburst rays, in coloured dots and a heavy key plate.

Four plates are made as a printer would: cyan, magenta and yellow as tints screened into dots
at their own angles, black as solid line work; each is printed slightly out of register.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from impasto.drawn.cells import distance
from impasto.drawn.fields import Array, fbm, grid, noise, paper, resize, sample, smoothstep
from impasto.drawn.palette import glaze, ramp, rgb

_INKS = ("#009fdc", "#e6177e", "#ffe100")
_ANGLES = (15.0, 75.0, 0.0)
_SCREEN = 1 / 62  # distance of the dots
_WHITE = (0.0, 0.0, 0.0)
_YELLOW = (0.0, 0.0, 1.0)
_ORANGE = (0.0, 0.45, 1.0)
_RED = (0.0, 1.0, 1.0)
_BLUE = (1.0, 0.45, 0.0)


@dataclass
class _Plates:
    """Tints of cyan, magenta and yellow `(N, N, 3)` and the black line work `(N, N)`."""

    x: Array
    y: Array
    tint: Array
    key: Array

    def shape(self, inside: Array, tint: tuple[float, float, float] | Array, line: float) -> None:
        """Put a flat shape in front (`inside` is positive within) with a black outline."""
        mask = inside > 0
        if line:
            self._outline(mask, line)
        self.key = np.where(mask, 0, self.key).astype(np.float32)
        flat = np.broadcast_to(np.asarray(tint, np.float32), self.tint.shape)
        self.tint = np.where(mask[..., None], flat, self.tint).astype(np.float32)

    def _outline(self, mask: NDArray[np.bool_], line: float) -> None:
        """Draw a line around a mask, heavier towards the lower right."""
        side = len(mask)
        pad = int(2 * line * side) + 2
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        window = tuple(
            slice(max(0, int(part[0]) - pad), int(part[-1]) + pad + 1) for part in (rows, columns)
        )
        gap = distance(mask[window], line * 2, side)
        lean = 0.6 * (self.x[window] - 0.5) + 0.8 * (self.y[window] - 0.5)
        cover = smoothstep(0.0012, 0, gap - line * (1 + 0.5 * lean))
        self.key[window] = np.maximum(self.key[window], cover)


def _polar(
    plates: _Plates, centre: tuple[float, float], stretch: float = 1.0
) -> tuple[Array, Array]:
    """Return the distance from a centre and the angle around it."""
    dx, dy = (plates.x - centre[0]) / np.float32(stretch), plates.y - centre[1]
    return np.hypot(dx, dy), np.arctan2(dy, dx)


def _burst(rng: np.random.Generator, angle: Array, spikes: int, depth: float) -> Array:
    """Return the outline of a jagged star of mean radius about 1 over the angle."""
    knots = np.sort(np.linspace(-np.pi, np.pi, 2 * spikes + 1)[:-1])
    knots = knots + rng.uniform(-0.2, 0.2, 2 * spikes) * np.pi / spikes
    radius = np.where(np.arange(2 * spikes) % 2, 1.0 + rng.uniform(0, 0.3, 2 * spikes), 1 - depth)
    around = np.interp(angle.ravel(), knots, radius, period=2 * np.pi)
    return around.reshape(angle.shape).astype(np.float32)


def _rays(rng: np.random.Generator, plates: _Plates, centre: tuple[float, float]) -> None:
    """Fill the background with rays whose dots grow towards the edge."""
    gap, angle = _polar(plates, centre)
    fan = np.sin(angle * 12 + rng.uniform(0, 6)) > 0
    grow = smoothstep(0.1, 0.85, gap)[..., None]
    cool = np.array([0.85, 0.08, 0.0], np.float32) * (0.25 + 0.75 * grow)
    warm = np.array([0.0, 0.5, 0.06], np.float32) * grow
    plates.tint = np.where(fan[..., None], cool, warm).astype(np.float32)


def _smoke(rng: np.random.Generator, plates: _Plates, centre: tuple[float, float]) -> None:
    """Put a wreath of round puffs of smoke behind the explosion, shaded with dots."""
    puffs = []
    for index in range(13):
        angle = 2 * np.pi * index / 13 + rng.uniform(-0.12, 0.12)
        out, radius = rng.uniform(0.29, 0.335), rng.uniform(0.075, 0.11)
        puffs.append(
            (centre[0] + out * np.cos(angle), centre[1] + 0.86 * out * np.sin(angle), radius)
        )
    union = np.full_like(plates.x, -1)
    for a, b, radius in puffs:
        union = np.maximum(union, radius - np.hypot(plates.x - a, plates.y - b))
    shadow = np.roll(union, (int(0.022 * len(union)), int(0.018 * len(union))), (0, 1))
    plates.shape(shadow, (1.0, 0.75, 0.1), 0)
    light = np.full_like(plates.x, 1)
    for a, b, radius in puffs:
        inner = np.hypot(plates.x - a + 0.2 * radius, plates.y - b + 0.25 * radius) / radius
        light = np.minimum(light, smoothstep(0.6, 1.15, inner))
    tint = light[..., None] * np.array([0.62, 0.42, 0.0], np.float32)
    plates.shape(union, tint.astype(np.float32), 0.0065)
    for a, b, radius in puffs:
        arc, turn = _polar(plates, (float(a), float(b)))
        bow = np.abs(arc - 0.72 * radius) < 0.0024 * np.cos((turn - 0.6) * 1.4)
        bow &= np.abs(turn - 0.6) < 0.9
        plates.key = np.maximum(plates.key, bow.astype(np.float32))


def _explosion(rng: np.random.Generator, plates: _Plates, centre: tuple[float, float]) -> None:
    """Put three stars inside one another: red, yellow graded to orange, white."""
    gap, angle = _polar(plates, centre, 1.12)
    shift = (centre[0] + 0.018, centre[1] + 0.022)
    outer = _burst(rng, angle, 15, 0.34)
    low, _ = _polar(plates, shift, 1.12)
    plates.shape(0.315 * outer - low, (0.0, 0.0, 0.0), 0)
    plates.key = np.maximum(plates.key, (0.315 * outer > low).astype(np.float32))
    plates.shape(0.315 * outer - gap, _RED, 0.0065)
    middle = _burst(rng, angle, 13, 0.3)
    warm = np.stack([gap * 0, 0.85 * smoothstep(0.1, 0.26, gap), gap * 0 + 1], axis=-1)
    plates.shape(0.235 * middle - gap, warm, 0.005)
    plates.shape(0.15 * _burst(rng, angle, 11, 0.26) - gap, _WHITE, 0.0045)


def _bolt(plates: _Plates, centre: tuple[float, float], lean: float) -> None:
    """Strike a bolt of lightning through the middle, with a black shadow."""
    outline = np.array(
        [(0.1, -0.36), (-0.11, 0.03), (-0.01, 0.02), (-0.09, 0.34), (0.13, -0.07), (0.03, -0.06)]
    )
    spin = np.array([[np.cos(lean), -np.sin(lean)], [np.sin(lean), np.cos(lean)]])
    corners = (outline * 1.08) @ spin.T + np.array(centre)
    plates.shape(_polygon(plates, corners + 0.02), _WHITE, 0)
    plates.key = np.maximum(plates.key, (_polygon(plates, corners + 0.02) > 0).astype(np.float32))
    half = 1.0 * smoothstep(-0.2, 0.3, plates.y - centre[1])
    tint = np.stack([half * 0, 0.55 * half, half * 0 + 1], axis=-1).astype(np.float32)
    plates.shape(_polygon(plates, corners), tint, 0.0075)


def _polygon(plates: _Plates, corners: Array) -> Array:
    """Return 1 inside a polygon and -1 outside."""
    side = len(plates.x)
    image = Image.new("L", (side, side), 0)
    points = [(float(a), float(b)) for a, b in corners * side]
    ImageDraw.Draw(image).polygon(points, fill=2)
    return np.asarray(image, dtype=np.float32) - 1


def _stars(rng: np.random.Generator, plates: _Plates) -> None:
    """Scatter a few five-pointed stars near the corners."""
    for corner_x, corner_y in ((0.13, 0.14), (0.87, 0.13), (0.12, 0.87), (0.88, 0.88)):
        at = (corner_x + rng.uniform(-0.02, 0.02), corner_y + rng.uniform(-0.02, 0.02))
        size, lean = rng.uniform(0.055, 0.075), rng.uniform(0, 1.2)
        turn = lean + np.arange(10) * np.pi / 5
        reach = size * np.where(np.arange(10) % 2, 0.45, 1.0)
        corners = np.stack([np.cos(turn) * reach, np.sin(turn) * reach], axis=-1) + np.array(at)
        tint = (_YELLOW, _RED, _ORANGE, _BLUE)[int(rng.integers(4))]
        plates.shape(_polygon(plates, corners), tint, 0.006)


def _border(plates: _Plates) -> None:
    """Leave a white margin inside a black frame."""
    rim = np.minimum(np.minimum(plates.x, 1 - plates.x), np.minimum(plates.y, 1 - plates.y))
    plates.key = np.maximum(plates.key, smoothstep(0.0395, 0.0385, rim))
    outside = rim < 0.03
    plates.key[outside] = 0
    plates.tint[outside] = 0


def _screen(rng: np.random.Generator, tint: Array, angle: float, shift: Array) -> Array:
    """Turn a tint into dots at an angle, moved out of register by `shift`."""
    size = tint.shape[0]
    x, y = grid(size)
    if shift.any():
        tint = sample(tint, x - shift[0], y - shift[1])
    turn = np.deg2rad(angle)
    u = (x * np.cos(turn) + y * np.sin(turn)) / _SCREEN
    v = (y * np.cos(turn) - x * np.sin(turn)) / _SCREEN
    dot = 0.5 - 0.25 * (np.cos(2 * np.pi * u) + np.cos(2 * np.pi * v))
    level = 0.5 + 0.5 * np.sin((tint - 0.5) * np.pi)
    level = np.where(tint < 0.03, -1, np.where(tint > 0.97, 2, 0.25 * tint + 0.75 * level))
    ragged = level + 0.03 * noise(rng, size, 260)
    edge = 2.2 / (_SCREEN * size)
    return smoothstep(-edge, edge, (ragged - dot).astype(np.float32))


def paint(size: int, rng: np.random.Generator) -> Array:
    """Print the sheet, `(size, size, 3)`."""
    fine = size * 2
    x, y = grid(fine)
    plates = _Plates(x, y, np.zeros((fine, fine, 3), np.float32), np.zeros_like(x))
    centre = (rng.uniform(0.47, 0.53), rng.uniform(0.48, 0.52))
    _rays(rng, plates, centre)
    _stars(rng, plates)
    _smoke(rng, plates, centre)
    _explosion(rng, plates, centre)
    _bolt(plates, centre, rng.uniform(-0.15, 0.2))
    _border(plates)
    stock = ramp(0.5 + 0.25 * fbm(rng, fine, 3, 4), ("#efe3c8", "#f6eedb", "#faf5e8"))
    tooth = paper(rng, fine)
    picture = stock + 0.01 * tooth[..., None]
    for index in (2, 1, 0):
        shift = rng.normal(0, 0.0022, 2).astype(np.float32)
        dots = _screen(rng, plates.tint[..., index], _ANGLES[index], shift)
        wear = np.clip(0.93 + 0.06 * noise(rng, fine, 24) - 0.05 * np.maximum(tooth, 0), 0, 1)
        picture = glaze(picture, rgb(_INKS[index]), dots * wear)
    worn = np.clip(0.97 - 0.06 * np.maximum(tooth - 0.6, 0), 0, 1)
    picture = glaze(picture, rgb("#17141a"), np.clip(plates.key, 0, 1) * worn)
    return resize(np.asarray(picture, dtype=np.float32), size)
