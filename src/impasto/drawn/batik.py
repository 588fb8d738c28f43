"""A batik: flowers and leaves reserved in wax on cotton, dyed ochre, brown and indigo.

The design is drawn in flat labels, one per bath of dye, with the cream lines of the wax pen;
the hand is in what follows: edges that waver and bleed, wax that cracked and let the indigo
in, dots of wax on the ground, uneven dye and the weave of the cloth.
"""

import numpy as np

from impasto.drawn.cells import Labels, borders, distance, nearest_at, scatter
from impasto.drawn.fields import Array, fbm, grid, noise, resize, shade, smoothstep
from impasto.drawn.palette import glaze, over, rgb, swatches
from impasto.drawn.pens import Plate

_DYES = (
    "#14204c",  # ground
    "#f3e6c4",  # wax: the bare cloth
    "#d99a2b",
    "#efc76a",
    "#2f5796",
    "#86aecb",
    "#7c3418",
    "#1a1226",
    "#b4501f",
    "#4c6a48",
)
_GROUND, _WAX, _OCHRE, _STRAW, _BLUE, _PALE, _BROWN, _NIGHT, _RUST, _OLIVE = range(10)
_LINE = 0.0036  # half-width of a line of the wax pen
_CRACKS = 640  # side of the plan of the cracks


def _petal(length: float, width: float, tip: float) -> Array:
    """Return the outline of a petal or leaf that points along x from the origin, `(K, 2)`."""
    share = np.linspace(0, 1, 23)
    half = width * np.sin(np.pi * share**tip) ** 0.8
    upper = np.stack([share * length, half], axis=-1)
    return np.concatenate([upper, (upper * (1, -1))[::-1]])


def _turned(outline: Array, angle: float, at: Array) -> Array:
    """Return an outline turned by an angle and moved to a place."""
    spin = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return np.asarray(outline @ spin + at)


def _bent(outline: Array, bend: float) -> Array:
    """Bend an outline that runs along x."""
    return np.stack([outline[:, 0], outline[:, 1] + bend * outline[:, 0] ** 2], axis=-1)


def _line(plate: Plate, path: Array, width: float, label: int) -> None:
    """Draw a line of the pen that thins out at its end."""
    plate.ribbon(path, np.linspace(width, 0.45 * width, len(path)), label)


def _flower(plate: Plate, rng: np.random.Generator, at: Array, radius: float) -> None:
    """Draw a flower: three wreaths of petals around a dotted heart."""
    spin = rng.uniform(0, 2 * np.pi)
    dyes = ((_OCHRE, _BROWN), (_RUST, _STRAW), (_STRAW, _RUST))
    dyes = dyes if rng.uniform() < 0.6 else ((_PALE, _BLUE), (_OCHRE, _BROWN), (_WAX, _RUST))
    for ring, (count, reach, wide) in enumerate(((11, 1.0, 0.2), (9, 0.7, 0.16), (7, 0.44, 0.12))):
        fill, vein = dyes[ring]
        for index in range(count):
            angle = spin + 0.35 * ring + 2 * np.pi * index / count
            length, width = radius * reach * rng.uniform(0.95, 1.05), radius * wide
            for grow, dye in ((_LINE * 1.5, _WAX), (-_LINE * 0.6, fill)):
                plate.polygon(_turned(_petal(length + grow, width + grow, 1.7), angle, at), dye)
            for turn in (-0.5, 0, 0.5):
                start = 0.45 if turn else 0.3
                vein_line = np.linspace(start, 0.86 - 0.14 * abs(turn), 9)[:, None] * (length, 0)
                vein_line[:, 1] = turn * width * np.sin(np.pi * np.linspace(0.1, 0.62, 9))
                _line(plate, _turned(vein_line, angle, at), _LINE * 0.55, vein)
            if ring == 0:
                tip = _turned(np.array([(length * 1.09, 0)]), angle + np.pi / count, at)[0]
                plate.dot(tip - 0.16 * (tip - at), _LINE * 1.3, _WAX)
    for share, dye in ((0.22, _WAX), (0.2, _NIGHT), (0.155, _OCHRE)):
        plate.dot(at, radius * share, dye)
    for index in range(38):
        out, turn = 0.145 * np.sqrt(index / 38), 2.4 * index
        place = at + radius * out * np.array([np.cos(turn), np.sin(turn)])
        plate.dot(place, radius * 0.011, _NIGHT if index % 2 else _WAX)


def _leaf(plate: Plate, rng: np.random.Generator, at: Array, angle: float, length: float) -> None:
    """Draw a leaf: one half in a second dye, veins and dots of wax."""
    width, bend = length * rng.uniform(0.2, 0.27), rng.uniform(-1.2, 1.2) / (length * 9)
    dye, other = ((_BLUE, _PALE), (_OLIVE, _STRAW), (_PALE, _BLUE))[int(rng.integers(3))]
    outline = _petal(length, width, 0.85)
    grown = _petal(length + 3 * _LINE, width + 1.6 * _LINE, 0.85) - (1.5 * _LINE, 0)
    plate.polygon(_turned(_bent(grown, bend), angle, at), _WAX)
    plate.polygon(_turned(_bent(outline, bend), angle, at), dye)
    plate.polygon(_turned(_bent(outline[:23] * (1, 0.86), bend), angle, at), other)
    share = np.linspace(0, 1, 12)
    ribs = max(4, int(length / 0.02))
    for index in range(1, ribs):
        start = length * index / ribs
        half = width * np.sin(np.pi * (index / ribs) ** 0.85) ** 0.8
        for side in (-1, 1):
            rib = np.stack([start + 0.75 * half * share, side * 0.86 * half * share**0.8], -1)
            label = _WAX if side < 0 else dye
            _line(plate, _turned(_bent(rib, bend), angle, at), _LINE * 0.42, label)
    middle = np.stack([length * share, 0 * share], axis=-1)
    _line(plate, _turned(_bent(middle, bend), angle, at), _LINE * 0.9, _WAX)


def _curl(plate: Plate, at: Array, angle: float, size: float) -> None:
    """Draw a tendril that rolls up."""
    turn = np.linspace(0, 9.0, 60)
    reach = size * np.exp(-0.3 * turn)
    spiral = np.stack([reach * np.cos(turn), reach * np.sin(turn)], axis=-1) - (size, 0)
    _line(plate, _turned(spiral, angle, at), _LINE * 0.8, _WAX)


def _stem(plate: Plate, rng: np.random.Generator, ends: Array) -> None:
    """Draw a stem through `(4, 2)` control points, with leaves and tendrils on both sides."""
    t = np.linspace(0, 1, 70)[:, None]
    weights = np.concatenate([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3], 1)
    path = weights @ ends
    way = np.gradient(path, axis=0)
    angle = np.arctan2(way[:, 1], way[:, 0])
    for number, index in enumerate(range(4, 67, 5)):
        side = 1 if number % 2 else -1
        _curl(plate, path[index], angle[index] - side * 0.5, rng.uniform(0.018, 0.03))
        lean = angle[index] + side * rng.uniform(0.6, 1.1)
        _leaf(plate, rng, path[index], lean, rng.uniform(0.085, 0.15))
    for width, dye in ((0.009, _WAX), (0.0055, _BROWN), (0.0018, _OCHRE)):
        plate.ribbon(path, np.full(len(path), width), dye)


def _edge(plate: Plate, top: float, sign: int) -> None:
    """Draw a border: stripes, and a row of triangles that points into the cloth."""

    def level(depth: float) -> float:
        return top + sign * depth

    def stripe(low: float, high: float, dye: int) -> None:
        corners = [(-0.1, level(low)), (1.1, level(low)), (1.1, level(high)), (-0.1, level(high))]
        plate.polygon(np.array(corners), dye)

    stripe(-0.1, 0.1, _WAX)
    stripe(-0.1, 0.094, _NIGHT)
    count = 11
    for index in range(-1, count + 1):
        middle = (index + 0.5) / count
        for reach, dye in (
            (1.0, _WAX),
            (0.86, (_RUST, _OCHRE)[index % 2]),
            (0.5, _NIGHT),
            (0.36, _WAX),
        ):
            half = 0.5 / count * reach
            plate.polygon(
                np.array(
                    [
                        (middle - half, level(0.03)),
                        (middle, level(0.03 + 0.062 * reach)),
                        (middle + half, level(0.03)),
                    ]
                ),
                dye,
            )
        plate.dot((middle, level(0.04)), 0.0042, _RUST)
        for share in (0.25, 0.5, 0.75):
            for turn in (-1, 1):
                spot = (
                    middle + turn * 0.5 / count * (0.93 - 0.42 * share),
                    level(0.034 + 0.062 * share * 0.93),
                )
                plate.dot(spot, 0.0022, _NIGHT)
        plate.dot((index / count, level(0.082)), 0.005, _STRAW)
        plate.dot((index / count, level(0.067)), 0.003, _WAX)
    for low, high, dye in ((-0.1, 0.03, _WAX), (-0.1, 0.026, _BROWN), (0.008, 0.0115, _WAX)):
        stripe(low, high, dye)
    for index in range(60):
        plate.dot(((index + 0.5) / 60, level(0.0185)), 0.0034, _STRAW)


def _fill(plate: Plate, rng: np.random.Generator) -> None:
    """Strew the open ground with dots of wax: singly, and around small stars."""
    small = np.asarray(plate.image.resize((512, 512), 0))
    room = distance(small != _GROUND, 0.06)
    for number, spot in enumerate(scatter(rng, 2600, 0.0155, 5)):
        gap = float(room[int(spot[1] * 511), int(spot[0] * 511)])
        if gap > 0.028 and number % 5 == 0:
            turn = rng.uniform(0, 6)
            for angle in turn + np.arange(6) * np.pi / 3:
                way = np.array([np.cos(angle), np.sin(angle)])
                _line(plate, spot + np.linspace(0.004, 0.014, 5)[:, None] * way, _LINE * 0.8, _PALE)
            plate.dot(spot, 0.0032, _OCHRE)
        elif gap > 0.009:
            plate.dot(spot, rng.uniform(0.0019, 0.0036), _WAX if rng.uniform() < 0.75 else _STRAW)


def _design(rng: np.random.Generator, size: int) -> Labels:
    """Draw the whole design; return the dye of every pixel."""
    plate = Plate(size)
    flip, move = ((-1, 1), (1, 0)) if rng.uniform() < 0.5 else ((1, 1), (0, 0))
    stems = (
        ((-0.05, 0.9), (0.3, 0.98), (0.1, 0.5), (0.33, 0.36)),
        ((0.3, 0.95), (0.62, 0.96), (0.45, 0.62), (0.72, 0.62)),
        ((1.05, 0.98), (1.0, 0.7), (0.9, 0.75), (0.72, 0.62)),
        ((0.45, 0.02), (0.55, 0.35), (0.75, 0.4), (0.98, 0.32)),
        ((-0.05, 0.5), (0.1, 0.4), (0.02, 0.2), (0.12, 0.06)),
    )
    flowers: tuple[tuple[float, float, float], ...] = (
        (0.32, 0.35, 0.165),
        (0.72, 0.64, 0.175),
        (0.2, 0.79, 0.1),
        (0.8, 0.25, 0.11),
    )
    flowers += ((0.47, 0.83, 0.075), (0.04, 0.44, 0.085), (0.97, 0.86, 0.085), (0.56, 0.16, 0.07))
    for ends in stems:
        points = np.array(ends) + rng.uniform(-0.03, 0.03, (4, 2))
        _stem(plate, rng, points * flip + move)
    for x, y, radius in flowers:
        spot = np.array([x, y]) + rng.uniform(-0.015, 0.015, 2)
        _flower(plate, rng, spot * flip + move, radius * rng.uniform(0.93, 1.07))
    _edge(plate, 0.0, 1)
    _edge(plate, 1.0, -1)
    _fill(plate, rng)
    return np.asarray(plate.image, dtype=np.int32)


def _cracks(rng: np.random.Generator, size: int) -> Array:
    """Return where the wax cracked, in [0, 1]: a net of creases and finer ones between."""
    x, y = grid(_CRACKS)
    wander = 0.02 * fbm(rng, _CRACKS, 5, 4), 0.02 * fbm(rng, _CRACKS, 5, 4)
    cover = np.zeros((size, size), np.float32)
    for count, width, part in ((70, 0.0021, -0.5), (380, 0.0013, -0.4)):
        sites = rng.uniform(-0.05, 1.05, (count, 2)).astype(np.float32)
        net = borders(nearest_at(sites, x + wander[0], y + wander[1]))
        gap = resize(distance(net, 0.01), size)
        wide = width * (1 + 0.7 * noise(rng, size, 40))
        here = smoothstep(part, part + 0.25, noise(rng, size, 9) + 0.5 * noise(rng, size, 26))
        cover = np.maximum(cover, smoothstep(0.0009, -0.0005, gap - wide) * here)
    return cover


def _weave(rng: np.random.Generator, size: int) -> Array:
    """Return the threads of the cloth, mean about 0."""
    x, y = grid(size)
    count = 230
    warp = np.sin(2 * np.pi * count * x + 2 * noise(rng, size, 30))
    weft = np.sin(2 * np.pi * count * y + 2 * noise(rng, size, 30))
    slub = noise(rng, size, 200)
    return np.asarray(0.5 * warp * weft + 0.7 * slub, dtype=np.float32)


def paint(size: int, rng: np.random.Generator) -> Array:
    """Dye the cloth, `(size, size, 3)`."""
    fine = max(size * 2, 512)
    label = _design(rng, fine)
    x, y = grid(fine)
    waver = [0.0016 * noise(rng, fine, 50) + 0.0007 * noise(rng, fine, 180) for _ in range(2)]
    row = np.clip((y + waver[0]) * fine, 0, fine - 1).astype(np.int32)
    column = np.clip((x + waver[1]) * fine, 0, fine - 1).astype(np.int32)
    label = label[row, column]
    dye = swatches(_DYES)[label]
    waxed = (label != _GROUND) & (label != _NIGHT)
    cloud = fbm(rng, fine, 5, 5)
    dye = dye * (1 + np.where(waxed, 0.09, 0.3) * cloud)[..., None]
    edge = distance(borders(label), 0.008)
    dye = glaze(dye, rgb("#3a2c3c"), 0.3 * np.exp(-edge / 0.0022) * waxed)
    dye = dye * (1 + 0.14 * smoothstep(0.0, 0.007, edge) * waxed - 0.05)[..., None]
    seep = _cracks(rng, fine)
    dye = over(dye, rgb("#1a2450"), (0.85 * seep * waxed).astype(np.float32))
    dye = over(dye, rgb("#5f86c4"), (0.3 * seep * ~waxed).astype(np.float32))
    stain = smoothstep(0.5, 1.2, fbm(rng, fine, 4, 4)) * np.where(waxed, 1.0, 0.2)
    dye = glaze(dye, rgb("#8a9ab8"), stain.astype(np.float32) * 0.5)
    weave = _weave(rng, fine)
    dye = dye * (1 + 0.07 * weave + 0.05 * shade(0.0003 * weave, 1.0))[..., None]
    return resize(np.clip(dye, 0, 1).astype(np.float32), size)
