"""A kilim: bands of stepped diamonds, zigzags and stars, woven thread by thread.

The design is a plan of coloured stitches, mirrored about its middle; every stitch is then
woven as two passes of spun wool over the warp, each batch of wool a little differently dyed.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from impasto.drawn.fields import Array, fbm, grid, noise, resize, shade
from impasto.drawn.palette import swatches

_SIDE = 112  # stitches a side
_WOOL = (
    "#a3231d",
    "#671519",
    "#1d2b5e",
    "#5f8fae",
    "#f0e2be",
    "#dc9c2a",
    "#cc5f22",
    "#2f6648",
    "#21130f",
    "#c97b6c",
)
_RED, _WINE, _INDIGO, _SKY, _IVORY, _OCHRE, _ORANGE, _GREEN, _DARK, _ROSE = range(10)
_STAR = (
    "....#.#....",
    "....###....",
    "..#.###.#..",
    "..#######..",
    "##.#ooo#.##",
    ".###oxo###.",
    "##.#ooo#.##",
    "..#######..",
    "..#.###.#..",
    "....###....",
    "....#.#....",
)
_HOOK = (
    "########",
    "#.......",
    "#.####..",
    "#.#..#..",
    "#.##.#.#",
    "#....#.#",
    "######.#",
)
Stitches = NDArray[np.int64]
Band = Callable[[Stitches, Stitches, Sequence[int]], Stitches]


def _fold(place: Stitches, period: int) -> Stitches:
    """Return the steps to the nearest multiple of the period: a triangle wave."""
    inside = place % period
    return np.minimum(inside, period - inside)


def _tile(motif: Sequence[str], column: Stitches, row: Stitches, wool: Sequence[int]) -> Stitches:
    """Repeat a small motif along a band; its signs are the wools in order."""
    signs = np.array([[".#ox".index(sign) for sign in line] for line in motif])
    period = len(motif[0]) + (3 if motif is _STAR else 0)
    inside = column % period
    here = signs[row % len(motif), np.minimum(inside, len(motif[0]) - 1)]
    return np.asarray(np.array(wool)[np.where(inside < len(motif[0]), here, 0)])


def _stripes(column: Stitches, row: Stitches, wool: Sequence[int]) -> Stitches:
    """Weave plain lines."""
    return np.asarray(np.array(wool)[row % len(wool)] + 0 * column)


def _beads(column: Stitches, row: Stitches, wool: Sequence[int]) -> Stitches:
    """Weave a line of two wools in turn."""
    return np.asarray(np.array(wool)[(column // 2 + row // 2) % 2])


def _zigzag(column: Stitches, row: Stitches, wool: Sequence[int]) -> Stitches:
    """Weave nested zigzags."""
    level = row + _fold(column, 16)
    return np.asarray(np.array(wool)[(level // 2) % len(wool)])


def _teeth(column: Stitches, row: Stitches, wool: Sequence[int]) -> Stitches:
    """Weave a row of triangles."""
    depth = _fold(column, 8) - row
    return np.asarray(np.array(wool)[np.where(depth > 0, np.where(depth > 2, 2, 1), 0)])


def _diamonds(column: Stitches, row: Stitches, wool: Sequence[int]) -> Stitches:
    """Weave a row of small diamonds, ring in ring, on a band 13 stitches high."""
    gap = _fold(column, 14) + np.abs(row - 6)
    return np.asarray(np.array(wool)[np.minimum(gap // 2, len(wool) - 1)])


def _stars(column: Stitches, row: Stitches, wool: Sequence[int]) -> Stitches:
    """Weave a row of eight-pointed stars, 11 stitches high."""
    return _tile(_STAR, column + 6, row, wool)


def _hooks(column: Stitches, row: Stitches, wool: Sequence[int]) -> Stitches:
    """Weave a running row of hooks, 7 stitches high."""
    return _tile(_HOOK, column, row, wool)


def _medallions(column: Stitches, row: Stitches, wool: Sequence[int]) -> Stitches:
    """Weave the middle: great stepped diamonds with hooked edges, and small ones between.

    `row` counts from the middle line outwards.
    """
    aside = _fold(column - 28, 56)
    gap = aside // 2 * 2 + row // 2 * 2
    comb = (aside // 2 + row // 2) % 2 == 0
    chosen = np.full(np.broadcast_shapes(column.shape, row.shape), wool[0])
    rings = ((27, 1), (25, 2), (23, 3), (19, 1), (17, 4), (13, 5), (9, 6), (5, 7), (3, 8))
    for reach, number in rings:
        chosen = np.where(gap <= reach, wool[number], chosen)
    chosen = np.where((gap > 19) & (gap <= 21) & comb, wool[2], chosen)
    chosen = np.where((gap > 27) & (gap <= 31) & comb & (aside % 4 < 2), wool[1], chosen)
    cross = (np.minimum(aside, row) < 1) & (np.maximum(aside, row) < 10)
    chosen = np.where(cross & (gap > 5), wool[8], chosen)
    far = _fold(column, 56)
    small = far + np.abs(row - 20)
    for reach, number in ((17, 2), (15, 7), (11, 3), (8, 5), (4, 1), (2, 4)):
        chosen = np.where(small // 2 * 2 <= reach, wool[number], chosen)
    dots = (far <= 1) & (row <= 2)
    return np.asarray(np.where(dots, wool[4], chosen))


def _shuffled(rng: np.random.Generator, wools: Sequence[int], count: int) -> list[int]:
    """Pick different wools at random."""
    return [int(number) for number in rng.permutation(wools)[:count]]


def _plan(rng: np.random.Generator) -> Stitches:
    """Lay the bands from the middle outwards; return the wool of every stitch."""
    column = np.arange(_SIDE)[None, :]
    ground = int(rng.choice((_RED, _INDIGO, _GREEN)))
    other = _INDIGO if ground != _INDIGO else _RED
    inner = _shuffled(rng, (_OCHRE, _GREEN, _SKY, _ORANGE, _ROSE), 3)
    middle = [ground, _DARK, _IVORY, other, inner[0], ground, _IVORY, *inner[1:]]
    warm = _shuffled(rng, (_RED, _ORANGE, _WINE), 3)
    cool = _shuffled(rng, (_INDIGO, _GREEN, _SKY), 3)
    bands: list[tuple[Band, int, list[int]]] = [
        (_stripes, 2, [_DARK, _OCHRE]),
        (_zigzag, 8, [_IVORY, warm[0], _DARK, cool[0], _OCHRE, warm[0], cool[1], _DARK]),
        (_beads, 2, [_DARK, _IVORY]),
        (_stars, 11, [cool[0], _IVORY, warm[0], _OCHRE]),
        (_stripes, 2, [_OCHRE, _DARK]),
        (_hooks, 7, [_IVORY, warm[1], _DARK, _DARK]),
        (_stripes, 1, [_DARK]),
    ]
    if rng.uniform() < 0.5:
        bands[3] = (_diamonds, 13, [_IVORY, warm[1], _DARK, _OCHRE, cool[1]])
        bands[5] = (_teeth, 5, [cool[2], warm[0], _IVORY])
    rows = [_medallions(column, np.arange(20)[:, None], middle)]
    for weave, height, wool in bands:
        rows.append(weave(column, np.arange(height)[:, None], wool))
    rest = _SIDE // 2 - sum(len(part) for part in rows)
    rows.append(_teeth(column, np.arange(rest)[:, None], [warm[0], _DARK, _OCHRE]))
    half = np.concatenate(rows)
    return np.concatenate([half[::-1], half])


def _weft(rng: np.random.Generator, size: int) -> tuple[Array, Array, Array]:
    """Weave the wool: the row and the column of every place, and how high the yarn stands."""
    x, y = grid(size)
    x = x + 0.0012 * noise(rng, size, 9) + 0.0006 * noise(rng, size, 60)
    y = y + 0.0016 * noise(rng, size, 7) + 0.0007 * noise(rng, size, 70)
    across, down = x * _SIDE, y * (2 * _SIDE)
    odd = np.floor(down) % 2
    warp = np.abs(np.sin(np.pi * (across + 0.5 * odd)))
    yarn = np.sin(np.pi * (down % 1))
    twist = np.sin(2 * np.pi * (across * 1.5 + 0.5 * down + 0.4 * noise(rng, size, 90)))
    fuzz = noise(rng, size, 300)
    height = np.sqrt(np.maximum(yarn, 0)) * (0.55 + 0.45 * np.sqrt(warp))
    return down / 2, across, height * (1 + 0.1 * twist) + 0.07 * fuzz


def paint(size: int, rng: np.random.Generator) -> Array:
    """Weave the kilim, `(size, size, 3)`."""
    fine = max(size * 2, 512)
    plan = _plan(rng)
    row, column, height = _weft(rng, fine)
    rows = np.clip(row, 0, _SIDE - 1).astype(np.int32)
    columns = np.clip(column, 0, _SIDE - 1).astype(np.int32)
    wool = plan[rows, columns]
    passes = np.clip(row * 2, 0, 2 * _SIDE - 1).astype(np.int32)
    batch = rng.normal(0, 1, (2 * _SIDE, len(_WOOL)))
    slow = np.repeat(rng.normal(0, 1, (2 * _SIDE // 8, len(_WOOL))), 8, axis=0)
    abrash = (0.05 * batch + 0.09 * slow).astype(np.float32)[passes, wool]
    stitch = rng.normal(0, 0.06, (2 * _SIDE, _SIDE)).astype(np.float32)[passes, columns]
    worn = 0.07 * fbm(rng, fine, 4, 4)
    tint = np.asarray(rng.normal(0, 0.02, (2 * _SIDE, 1, 3)), dtype=np.float32)[passes, 0]
    colour = swatches(_WOOL)[wool] * (1 + abrash + stitch + worn)[..., None] + tint
    light = 0.5 + 0.62 * height + 0.3 * shade(0.0022 * height, 1.0)
    hair = noise(rng, fine, 340) * 0.05
    picture = colour * (light + hair)[..., None] * np.float32(1.06)
    return resize(np.clip(picture, 0, 1).astype(np.float32), size)
