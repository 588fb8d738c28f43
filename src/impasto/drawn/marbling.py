"""Marbled paper: thrown drops of ink, raked, combed and whirled into feathered veins.

Every move of the marbler is a map of the plane with an exact inverse (after Lu, Jaffer, Jin,
Zhao and Mao, Mathematical Marbling, IEEE Computer Graphics and Applications 2012), so a pixel
is followed back through all moves to the drop it came from: sharp at every size. The
deviation: a whirl turns by a Gaussian of the radius.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from impasto.drawn.cells import scatter
from impasto.drawn.fields import Array, fbm, grid, noise, paper, resize, sample, shade, smoothstep
from impasto.drawn.palette import rgb, swatches

_INKS = ("#16264f", "#a3202a", "#f4e7cb", "#17707c", "#e3a22c", "#1b3a7c", "#dd5a32", "#f8efdc")
_THROWS = (30, 34, 40, 34, 34, 30, 26, 60)  # drops of each ink, in the order they are thrown
_RADII = (0.08, 0.085, 0.06, 0.075, 0.065, 0.062, 0.06, 0.03)
_MARGIN = 0.3  # how far beyond the sheet the bath reaches
_LINE = "#141019"

Move = Callable[[Array, Array], tuple[Array, Array]]


@dataclass(frozen=True)
class _Drops:
    """The thrown drops in order: centres `(K, 2)`, radii `(K,)`, numbers of the inks `(K,)`."""

    centre: Array
    radius: Array
    ink: NDArray[np.int64]


def _throw(rng: np.random.Generator) -> _Drops:
    """Throw ink after ink on the bath; each drop pushes the earlier ones aside."""
    span = 1 + 2 * _MARGIN
    spots = [scatter(rng, count, 0.75 / np.sqrt(count)) for count in _THROWS]
    ink = np.repeat(np.arange(len(_INKS)), [len(part) for part in spots])
    centre = (np.concatenate(spots) * span - _MARGIN).astype(np.float32)
    radius = np.array(_RADII, np.float32)[ink] * np.exp(rng.normal(0, 0.32, len(ink)))
    return _Drops(centre, radius.astype(np.float32), ink)


def _rake(angle: float, spacing: float, push: float, offset: float) -> Move:
    """Undo a rake whose tines go forth and back in turn, `spacing` apart."""
    way = (np.float32(np.cos(angle)), np.float32(np.sin(angle)))

    def undo(x: Array, y: Array) -> tuple[Array, Array]:
        across = (y * way[0] - x * way[1]) / np.float32(spacing) + np.float32(offset)
        gap = np.abs(across % 1 - 0.5) * 2
        shift = np.float32(push) * (np.exp(-5 * gap) - np.exp(-5 * (1 - gap)))
        return x - shift * way[0], y - shift * way[1]

    return undo


def _comb(angle: float, spacing: float, push: float, wave: tuple[float, float, float]) -> Move:
    """Undo a fine comb drawn one way; its path waves by (height, number, phase)."""
    way = (np.float32(np.cos(angle)), np.float32(np.sin(angle)))
    height, number, phase = (np.float32(value) for value in wave)

    def undo(x: Array, y: Array) -> tuple[Array, Array]:
        along, across = x * way[0] + y * way[1], y * way[0] - x * way[1]
        across = across - height * np.sin(2 * np.pi * number * along + phase)
        gap = np.abs((across / np.float32(spacing)) % 1 - 0.5) * 2
        along = along - np.float32(push) * np.exp(-2.6 * gap)
        across = across + height * np.sin(2 * np.pi * number * along + phase)
        return along * way[0] - across * way[1], along * way[1] + across * way[0]

    return undo


def _whirl(centre: tuple[float, float], reach: float, turn: float) -> Move:
    """Undo a stylus that circles in the bath."""

    def undo(x: Array, y: Array) -> tuple[Array, Array]:
        dx, dy = x - np.float32(centre[0]), y - np.float32(centre[1])
        angle = np.float32(turn) * np.exp(-(dx * dx + dy * dy) / np.float32(reach * reach))
        cos, sin = np.cos(angle), np.sin(angle)
        return centre[0] + dx * cos + dy * sin, centre[1] + dy * cos - dx * sin

    return undo


def _moves(rng: np.random.Generator) -> list[Move]:
    """Choose what is done to the bath after the drops, in order."""
    lean = rng.uniform(-0.12, 0.12)
    moves = [
        _rake(np.pi / 2 + lean, 0.21, 0.16, rng.uniform()),
        _rake(lean, 0.17, 0.11, rng.uniform()),
        _comb(np.pi / 2 + lean, 0.05, 0.085, (0.022, 1.6, rng.uniform(0, 6))),
    ]
    spots = ((0.27, 0.3), (0.74, 0.24), (0.68, 0.72), (0.2, 0.8), (0.46, 0.52))
    sign = 1.0 if rng.uniform() < 0.5 else -1.0
    for number, spot in enumerate(spots):
        centre = (spot[0] + rng.uniform(-0.06, 0.06), spot[1] + rng.uniform(-0.06, 0.06))
        reach = rng.uniform(0.1, 0.15) * (0.7 if number == 4 else 1)
        moves.append(_whirl(centre, reach, sign * rng.uniform(3.4, 5.2)))
        sign = -sign
    return moves


def _origin(drops: _Drops, x: Array, y: Array) -> tuple[NDArray[np.int64], Array, Array, Array]:
    """Follow places `(P,)` back through the throws.

    Returns the ink of each, how far from the middle of its drop it lies (1 is the rim), and
    where it lay before.
    """
    ink = np.zeros(len(x), np.int64)
    rim = np.zeros(len(x), np.float32)
    from_x, from_y = x.copy(), y.copy()
    left = np.arange(len(x))
    for number in range(len(drops.ink) - 1, -1, -1):
        (middle_x, middle_y), radius = drops.centre[number], drops.radius[number]
        dx, dy = x - middle_x, y - middle_y
        share = (dx * dx + dy * dy) / (radius * radius)
        inside = share < 1
        if inside.any():
            part = left[inside]
            ink[part], rim[part] = drops.ink[number], np.sqrt(share[inside])
            from_x[part], from_y[part] = x[inside] - 3 * middle_x, y[inside] + 3 * middle_y
            keep = ~inside
            left, dx, dy, share = left[keep], dx[keep], dy[keep], share[keep]
        back = np.sqrt(1 - 1 / share)
        x, y = middle_x + dx * back, middle_y + dy * back
    from_x[left], from_y[left] = x, y
    return ink, rim, from_x, from_y


def paint(size: int, rng: np.random.Generator) -> Array:
    """Marble the sheet, `(size, size, 3)`."""
    fine = size * (3 if size <= 1024 else 2)  # the finest veins are thin
    drops, moves = _throw(rng), _moves(rng)
    density = fbm(rng, 512, 12, 5)
    grain = noise(rng, fine, 340)
    inks = swatches(_INKS)
    x, y = grid(fine)
    x, y = x + 0.006 * noise(rng, fine, 6), y + 0.006 * noise(rng, fine, 6)
    picture = np.empty((fine, fine, 3), np.float32)
    band = max(1, (1 << 19) // fine)
    for start in range(0, fine, band):
        rows = slice(start, start + band)
        at = x[rows].ravel(), y[rows].ravel()
        for undo in reversed(moves):
            at = undo(*at)
        ink, rim, from_x, from_y = _origin(drops, *at)
        cloud = sample(density, np.abs((from_x * 0.4) % 2 - 1), np.abs((from_y * 0.4) % 2 - 1))
        colour = inks[ink] * (1 + 0.2 * cloud - 0.1 * rim)[:, None]
        line = 0.75 * smoothstep(0.93, 1.0, rim)
        colour = colour + (rgb(_LINE) - colour) * line[:, None]
        picture[rows] = colour.reshape(-1, fine, 3)
    tooth = paper(rng, fine)
    picture = picture * (1 + 0.05 * grain + 0.05 * shade(0.0006 * tooth, 0.9))[..., None]
    picture = picture + np.float32(0.012) * tooth[..., None]
    return resize(np.clip(picture, 0, 1).astype(np.float32), size)
