"""Analytic cubism: a guitar and a bottle broken into shaded facets of ochre, grey and blue.

The still life is laid out as colours; the plane is cut into facets, each of which sees the
still life a little shifted and turned and fades from one edge to the other; dabs of paint and
broken dark outlines finish it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from impasto.drawn.fields import Array, blur, fbm, grid, noise, resize, sample, shade, smoothstep
from impasto.drawn.palette import over, ramp, rgb
from impasto.drawn.strokes import Canvas, Layer, trace

_PLAN = 896
_DEPTHS = ("#2a3444", "#566878", "#8c9a9c", "#b8ae94", "#d8c79c", "#efe4c4")
_TINTS = ("#c58a3a", "#8c5a2a", "#5f7890", "#34495f", "#d8c49a", "#a8743a", "#7f8a86")
Corners = NDArray[np.float64]


@dataclass(frozen=True)
class _Facet:
    """A convex piece of the picture: its corners, and the direction in which it darkens."""

    corners: Corners
    angle: float

    def window(self, size: int) -> tuple[slice, slice]:
        """Return the rows and columns of a picture that the facet touches."""
        low = np.clip(np.floor(self.corners.min(0) * size) - 1, 0, size - 1).astype(int)
        high = np.clip(np.ceil(self.corners.max(0) * size) + 1, low + 1, size).astype(int)
        return slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))

    def mask(self, size: int) -> Array:
        """Return its cover within its window, with smooth edges."""
        rows, columns = self.window(size)
        shape = (2 * (columns.stop - columns.start), 2 * (rows.stop - rows.start))
        image = Image.new("L", shape, 0)
        corner = np.array([columns.start, rows.start])
        points = [(float(a), float(b)) for a, b in (self.corners * size - corner) * 2]
        ImageDraw.Draw(image).polygon(points, fill=255)
        return np.asarray(image.reduce(2), dtype=np.float32) / np.float32(255)

    def gradient(self, x: Array, y: Array) -> Array:
        """Return 0 at the bright end of the facet and 1 at the dark end, at the given places."""
        way = np.array([np.cos(self.angle), np.sin(self.angle)])
        reach = self.corners @ way
        along = x * way[0] + y * way[1]
        share = (along - reach.min()) / (np.ptp(reach) + 1e-6)
        return np.asarray(np.clip(share, 0, 1), dtype=np.float32)


def _cut(rng: np.random.Generator, corners: Corners) -> tuple[Corners, Corners]:
    """Cut a convex polygon in two, across its longer extent, at a slant."""
    middle = corners.mean(0) + rng.normal(0, 0.1, 2) * np.ptp(corners, axis=0)
    spread = np.cov(corners.T) + 1e-9 * np.eye(2)
    main = np.linalg.eigh(spread)[1][:, 1]
    angle = np.arctan2(main[1], main[0]) + rng.normal(0, 0.38)
    side = (corners - middle) @ np.array([np.cos(angle), np.sin(angle)])
    halves: tuple[list[Corners], list[Corners]] = ([], [])
    for index, corner in enumerate(corners):
        after = (index + 1) % len(corners)
        halves[int(side[index] > 0)].append(corner)
        if (side[index] > 0) != (side[after] > 0):
            share = side[index] / (side[index] - side[after])
            crossing = corner + share * (corners[after] - corner)
            halves[0].append(crossing)
            halves[1].append(crossing)
    return np.array(halves[0]), np.array(halves[1])


def _area(corners: Corners) -> float:
    """Return the area of a polygon."""
    after = np.roll(corners, -1, axis=0)
    return float(abs((corners[:, 0] * after[:, 1] - corners[:, 1] * after[:, 0]).sum()) / 2)


def _facets(rng: np.random.Generator, count: int) -> list[_Facet]:
    """Cut the square into facets, smaller towards the middle."""
    pieces: list[Corners] = [np.array([(0, 0), (1, 0), (1, 1), (0, 1)], np.float64)]
    while len(pieces) < count:
        gap = [float(np.hypot(*(piece.mean(0) - 0.5))) for piece in pieces]
        size = [
            _area(p) * (0.25 + np.exp(-((g / 0.3) ** 2))) for p, g in zip(pieces, gap, strict=True)
        ]
        halves = _cut(rng, pieces.pop(int(np.argmax(size))))
        pieces += [half for half in halves if len(half) > 2]
    return [_Facet(piece, rng.uniform(0, 2 * np.pi)) for piece in pieces]


def _guitar(x: Array, y: Array) -> dict[str, Array]:
    """Return signed shapes of a guitar that stands upright (positive inside)."""
    lower = 0.2 - np.hypot(x, (y - 0.19) * 1.05)
    upper = 0.148 - np.hypot(x, (y + 0.055) * 1.05)
    waist = 0.118 - np.hypot(x, (y - 0.06) * 0.8)
    neck = np.minimum(0.026 - np.abs(x), np.minimum(y + 0.46, 0.02 - y))
    head = np.minimum(0.04 - np.abs(x) + 0.12 * (y + 0.46), np.minimum(y + 0.56, -0.455 - y))
    return {
        "body": np.maximum(np.maximum(lower, upper), waist),
        "neck": np.maximum(neck, head),
        "hole": 0.056 - np.hypot(x, y - 0.02),
        "bridge": np.minimum(0.075 - np.abs(x), 0.012 - np.abs(y - 0.24)),
        "strings": np.minimum(0.018 - np.abs(x), np.minimum(y + 0.5, 0.24 - y)),
    }


def _still_life(rng: np.random.Generator) -> tuple[Array, Array]:
    """Lay out the subject: its colours `(M, M, 3)` and its drawn lines `(M, M)`."""
    x, y = grid(_PLAN)
    lean = rng.uniform(0.25, 0.5)
    dx, dy = x - rng.uniform(0.44, 0.5), y - 0.53
    along = (dx * np.cos(lean) + dy * np.sin(lean)).astype(np.float32)
    down = (dy * np.cos(lean) - dx * np.sin(lean)).astype(np.float32)
    tone = 0.42 + 0.3 * fbm(rng, _PLAN, 3, 2) - 0.4 * (np.hypot(x - 0.5, y - 0.5) - 0.35)
    colour = ramp(tone, _DEPTHS)
    table = smoothstep(-0.01, 0.01, y - 0.76 + 0.12 * (x - 0.5))
    colour = over(
        colour, ramp(0.6 - 0.5 * (y - 0.8), ("#2f2a2a", "#6f4a2a", "#a8783f")), 0.85 * table
    )
    lines = np.zeros_like(x)
    bottle = np.maximum(
        np.minimum(0.075 - np.abs(x - 0.77), np.minimum(y - 0.42, 0.84 - y)),
        np.minimum(0.026 - np.abs(x - 0.77), np.minimum(y - 0.24, 0.5 - y)),
    )
    glass = ramp(0.5 + (x - 0.77) * 5, ("#16302f", "#2f5a58", "#8fb0a4"))
    colour, lines = _lay(colour, lines, bottle, glass)
    parts = _guitar(along, down)
    wood = ramp(0.5 - 1.6 * along + 0.4 * noise(rng, _PLAN, 30), ("#6f3f18", "#b8742a", "#e8b862"))
    colour, lines = _lay(colour, lines, parts["body"], wood)
    for name, codes in (("neck", ("#2a1c14", "#5f3f24")), ("hole", ("#0f0d10", "#2f221a"))):
        colour, lines = _lay(colour, lines, parts[name], ramp(0.5 + 8 * along, codes))
    colour, lines = _lay(colour, lines, parts["bridge"], ramp(along + 0.5, ("#241812", "#3a261a")))
    pitch = np.abs(((along * 110) % 1) - 0.5)
    strings = smoothstep(0.22, 0.1, pitch) * (parts["strings"] > 0)
    return over(colour, rgb("#efe3c0"), 0.8 * strings), np.clip(lines, 0, 1)


def _lay(colour: Array, lines: Array, inside: Array, paint_: Array) -> tuple[Array, Array]:
    """Put a shape in front and draw its contour."""
    mask = smoothstep(-0.002, 0.002, inside)
    contour = smoothstep(0.0045, 0.0022, np.abs(inside))
    return over(colour, paint_, mask), np.maximum(lines * (1 - mask), contour)


@dataclass(frozen=True)
class _View:
    """The still life as it is looked at: colours `(M, M, 3)` and drawn lines `(M, M)`."""

    colour: Array
    lines: Array

    def through(self, rng: np.random.Generator, facet: _Facet, x: Array, y: Array) -> Array:
        """Return what a facet shows at the given places: shifted, turned, tinted and shaded."""
        middle = facet.corners.mean(0)
        calm = 0.3 + 0.7 * min(1.0, float(np.hypot(*(middle - 0.5))) / 0.45)
        turn, zoom = rng.normal(0, 0.16) * calm, np.exp(rng.normal(0, 0.08))
        shift = rng.normal(0, 0.03, 2) * calm + middle
        dx, dy = (x - middle[0]) * zoom, (y - middle[1]) * zoom
        from_x = (shift[0] + dx * np.cos(turn) - dy * np.sin(turn)).astype(np.float32)
        from_y = (shift[1] + dx * np.sin(turn) + dy * np.cos(turn)).astype(np.float32)
        seen = sample(self.colour, from_x, from_y)
        tint = rgb(_TINTS[int(rng.integers(len(_TINTS)))])
        seen = seen + (tint - seen) * np.float32(rng.uniform(0.1, 0.4))
        light = rng.uniform(1.2, 1.55) - rng.uniform(0.6, 0.95) * facet.gradient(x, y)
        seen = over(
            seen * light[..., None], rgb("#17130f"), 0.9 * sample(self.lines, from_x, from_y)
        )
        return np.clip(seen, 0, 1)


def _break(
    rng: np.random.Generator, facets: list[_Facet], planes: list[_Facet]
) -> tuple[Array, Array]:
    """Rebuild the still life from facets; return its colours and the course of the dabs."""
    x, y = grid(_PLAN)
    view = _View(*_still_life(rng))
    colour = view.colour.copy()
    course = np.zeros((_PLAN, _PLAN, 2), np.float32)
    for index, facet in enumerate(facets + planes):
        window, mask = facet.window(_PLAN), facet.mask(_PLAN)
        seen = view.through(rng, facet, x[window], y[window])
        if index >= len(facets):
            fade = facet.gradient(x[window], y[window])
            mask = mask * (1 - fade) * np.float32(rng.uniform(0.6, 0.95))
        colour[window] = over(colour[window], seen, mask)
        way = np.array([-np.sin(facet.angle), np.cos(facet.angle)], np.float32)
        course[window] = np.where(mask[..., None] > 0.5, way, course[window])
    return colour, course


def _planes(rng: np.random.Generator, count: int) -> list[_Facet]:
    """Choose slanting quadrilaterals that overlap the facets and fade out (passage)."""
    planes = []
    for _ in range(count):
        centre = 0.5 + rng.normal(0, 0.2, 2)
        angle = rng.choice([0.35, 1.1, 1.9, 2.6]) + rng.normal(0, 0.13)
        spin = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        half = np.array([rng.uniform(0.08, 0.22), rng.uniform(0.035, 0.09)])
        square = np.array([(-1, -1), (1, -0.8), (0.9, 1), (-1, 0.9)]) + rng.normal(0, 0.12, (4, 2))
        planes.append(
            _Facet((square * half) @ spin.T + centre, angle + rng.choice([0, 1.57, 3.14]))
        )
    return planes


def _outlines(rng: np.random.Generator, facets: list[_Facet], size: int) -> Array:
    """Draw edges of facets as broken lines that swell on one side; return their cover."""
    scale = size * 2
    image = Image.new("L", (scale, scale), 0)
    pen = ImageDraw.Draw(image)
    for facet in facets:
        after = np.roll(facet.corners, -1, axis=0)
        for start, end in zip(facet.corners, after, strict=True):
            if rng.uniform() < 0.3:
                continue
            reach, weight = rng.uniform(0.7, 1.05), rng.uniform(0.0015, 0.0048)
            end = start + (end - start) * reach
            way = (end - start) / (np.hypot(*(end - start)) + 1e-9)
            aside = np.array([-way[1], way[0]]) * weight
            spine = [start, start + (end - start) * 0.3 + aside, end, start + (end - start) * 0.4]
            points = [(float(a * scale), float(b * scale)) for a, b in spine]
            pen.polygon(points, fill=int(rng.integers(150, 255)))
            pen.line([points[0], points[2]], fill=170, width=max(1, int(0.0014 * scale)))
    return np.clip(resize(np.asarray(image, dtype=np.float32) / 255, size), 0, 1)


def _dabs(rng: np.random.Generator, colour: Array, course: Array, fine: int) -> tuple[Array, Array]:
    """Repaint the facets in short square dabs; return the colours and the relief."""
    canvas = Canvas(fine, rng)
    for width, spacing in ((0.018, 0.0125), (0.0105, 0.009)):
        side = int(1.06 / spacing)
        row, column = np.mgrid[0:side, 0:side]
        starts = np.stack([column, row], axis=-1).reshape(-1, 2) + rng.uniform(0, 1, (side**2, 2))
        starts = (starts * spacing - 0.03).astype(np.float32)
        rng.shuffle(starts)
        count = len(starts)
        length = (width * rng.uniform(1.3, 2.4, count)).astype(np.float32)
        base = sample(colour, starts[:, 0], starts[:, 1]) * (1 + rng.normal(0, 0.05, (count, 1)))
        base = base + rng.normal(0, 0.01, (count, 3))
        second = base * (1 + rng.normal(0.02, 0.08, (count, 1)))
        wide = (width * rng.uniform(0.7, 1.1, count)).astype(np.float32)
        paths = trace(course, starts, length, 5)
        first, other = base.astype(np.float32), second.astype(np.float32)
        canvas.paint(Layer(paths, wide, first, other, dryness=0.6))
    return canvas.develop(resize(colour, fine))


def paint(size: int, rng: np.random.Generator) -> Array:
    """Paint the picture, `(size, size, 3)`."""
    facets, planes = _facets(rng, 70), _planes(rng, 26)
    colour, course = _break(rng, facets, planes)
    fine = size * 2
    dabs, relief = _dabs(rng, colour, course, fine)
    crisp = resize(colour, fine)
    stray = np.abs(dabs - crisp).sum(-1, keepdims=True) / 0.35
    picture = crisp * 1.1 + (dabs - crisp) * 0.75 * np.exp(-stray * stray)
    weave = noise(rng, fine, 380) + 0.6 * noise(rng, fine, 160)
    ink = _outlines(rng, facets + planes[::2], fine) * np.clip(0.85 + 0.25 * weave, 0, 1)
    picture = over(picture, rgb("#16120f"), 0.82 * ink)
    glow = shade(blur(relief, 0.0006) + 0.0003 * weave, 0.6)
    picture = picture * (1 + 0.3 * glow)[..., None]
    x, y = grid(fine)
    corner = smoothstep(0.45, 0.75, np.hypot(x - 0.5, y - 0.5))
    return resize(np.asarray(picture * (1 - 0.22 * corner)[..., None], dtype=np.float32), size)
