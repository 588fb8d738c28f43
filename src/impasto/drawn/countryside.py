"""The subject of the pen drawing: a landscape as tones, directions and outlines."""

from dataclasses import dataclass, field

import numpy as np

from impasto.drawn.fields import Array, fbm, grid, noise, normalise, ridge, smoothstep

_PLAN = 384  # side of the layout
_WHOLE = (slice(None), slice(None))
Window = tuple[slice, slice]


@dataclass
class Sheet:
    """What the pens follow: darkness and direction; and the outlines, drawn at the end."""

    tone: Array
    flow: Array
    lines: list[tuple[Array, float]] = field(default_factory=list)

    def cover(
        self, mask: Array, tone: Array, dx: Array, dy: Array, window: Window = _WHOLE
    ) -> None:
        """Put a form in front of what is there, in a window of the sheet.

        Args:
            mask: Where the form is, 0 to 1, for the window.
            tone: Its darkness.
            dx: Its direction across; scaled to length 1 with `dy`.
            dy: Its direction downwards.
            window: Rows and columns of the sheet that the form touches.
        """
        flow = normalise(np.stack(np.broadcast_arrays(dx, dy), axis=-1).astype(np.float32))
        self.tone[window] += (tone - self.tone[window]) * mask
        hard = mask > 0.5
        self.flow[window] = np.where(hard[..., None], flow, self.flow[window])
        if not self.lines:
            return
        whole = np.zeros((_PLAN, _PLAN), np.bool_)
        whole[window] = hard
        points = np.concatenate([line for line, _ in self.lines])
        place = np.clip(np.nan_to_num(points) * _PLAN, 0, _PLAN - 1).astype(np.int32)
        points[whole[place[:, 1], place[:, 0]]] = np.nan
        ends = np.cumsum([len(line) for line, _ in self.lines])[:-1]
        widths = [width for _, width in self.lines]
        self.lines = list(zip(np.split(points, ends), widths, strict=True))

    def outline(self, x: Array, y: Array, width: float) -> None:
        """Draw a contour over the finished hatching, where nothing later hides it."""
        self.lines.append((np.stack([x, y], axis=-1).astype(np.float32), width))


def _sky(rng: np.random.Generator) -> Sheet:
    """Rings of hatching around a low sun, and heaped clouds."""
    x, y = grid(_PLAN)
    sun_x, sun_y = rng.uniform(0.62, 0.72), 0.3
    dx, dy = x - sun_x, y - sun_y
    gap = np.hypot(dx, dy)
    tone = 0.62 * smoothstep(0.07, 0.75, gap) + 0.07 * fbm(rng, _PLAN, 4, 2)
    tone = np.where(gap < 0.055, 0, tone + 0.06).astype(np.float32)
    flow = normalise(np.stack([-dy + 0.02, dx], axis=-1))
    sheet = Sheet(tone, flow)
    angle = np.linspace(0, 2 * np.pi, 90, dtype=np.float32)
    sheet.outline(sun_x + 0.055 * np.cos(angle), sun_y + 0.055 * np.sin(angle), 0.0016)
    for _ in range(5):
        middle = (rng.uniform(0.02, 0.98), rng.uniform(0.07, 0.24))
        _cloud(rng, sheet, middle, rng.uniform(0.045, 0.08))
    return sheet


def _cloud(
    rng: np.random.Generator, sheet: Sheet, middle: tuple[float, float], scale: float
) -> None:
    """Heap up round puffs on a flat base, bright above and hatched below."""
    x, y = grid(_PLAN)
    for shift in (-1.9, 1.8, -0.9, 1.0, 0.0, -1.4, 0.6):
        radius = scale * rng.uniform(0.5, 0.85) * (1.2 - 0.3 * abs(shift))
        centre = (middle[0] + shift * scale, middle[1] - rng.uniform(0, 0.45) * scale)
        dx, dy = (x - centre[0]) / radius, (y - centre[1]) / radius
        gap = np.hypot(dx, dy)
        mask = smoothstep(1.02, 0.98, gap) * (y < middle[1] + 0.35 * scale)
        sheet.cover(mask, 0.42 * smoothstep(-0.1, 0.9, dy + 0.35 * dx), -dy + 0.01, dx)
        angle = np.linspace(np.pi * 0.95, np.pi * 2.1, 40, dtype=np.float32)
        wobble = 1 + 0.03 * np.sin(angle * rng.integers(5, 9))
        arc_x = centre[0] + radius * np.cos(angle) * wobble
        sheet.outline(arc_x, centre[1] + radius * np.sin(angle) * wobble, 0.0013)


def _crest(sheet: Sheet, crest: Array, width: float) -> None:
    """Outline a crest line given as a field that depends on x alone."""
    sheet.outline(grid(_PLAN)[0][0], crest[0], width)


def _mountains(rng: np.random.Generator, sheet: Sheet) -> None:
    """Add two ranges whose spurs are lit from the right."""
    x, y = grid(_PLAN)
    for base, swing, waves, weight in ((0.45, 0.11, 1.6, 0.62), (0.52, 0.1, 1.9, 0.95)):
        profile = ridge(rng, x, waves, 1) + 0.5 * (1 - 2 * np.abs(ridge(rng, x, 3.1, 3)))
        crest = base - swing * profile
        depth = np.clip((y - crest) / 0.2, 0, 1.5)
        bend = (
            x * 11 + 1.2 * ridge(rng, x + 0.12 * depth, 3.0, 3) + depth * 1.2 * noise(rng, _PLAN, 9)
        )
        spur = np.abs((bend % 1) - 0.62 + 0.1 * noise(rng, _PLAN, 20))
        side = np.where((bend % 1) < 0.62, 1.0, -1.0)
        dark = np.where(side > 0, 0.12, 0.82) + 0.25 * smoothstep(0.12, 0.0, spur) * (side < 0)
        tone = weight * (dark * (1 - 0.45 * depth) + 0.06 * noise(rng, _PLAN, 30))
        sheet.cover(smoothstep(-0.001, 0.001, y - crest), tone, 0.75 * side, np.ones_like(x))
        _crest(sheet, crest, 0.0015 + 0.0008 * weight)


def _castle(rng: np.random.Generator, sheet: Sheet, left: float, foot: float) -> None:
    """Add walls and towers with pointed roofs, each lit from the right."""
    x, y = grid(_PLAN)
    parts = (
        (0.05, 0.042, 0.2),
        (-0.015, 0.05, 0.13),
        (0.03, 0.1, 0.085),
        (0.125, 0.044, 0.11),
    )
    for shift, width, height in parts:
        start, top = left + shift, foot - height * rng.uniform(0.95, 1.1)
        u = (x - start) / width
        wall = ((u > 0) & (u < 1) & (y > top) & (y < foot + 0.03)).astype(np.float32)
        window = (np.abs(u - 0.6) < 0.0045 / width) & (np.abs(y - top - 0.032) < 0.011)
        tone = 0.85 - 0.82 * smoothstep(0.1, 0.6, u) + 0.9 * window
        sheet.cover(wall, np.clip(tone, 0, 1), np.zeros_like(x) + 0.02, np.ones_like(x))
        edge = np.linspace(foot + 0.03, top, 12, dtype=np.float32)
        sheet.outline(np.full_like(edge, start), edge, 0.0018)
        sheet.outline(np.full_like(edge, start + width), edge, 0.0012)
        if width < 0.06:
            _roof(sheet, start - 0.004, width + 0.008, top)
        else:
            line = np.linspace(start, start + width, 16, dtype=np.float32)
            teeth = top - 0.006 * (np.arange(16) // 2 % 2)
            sheet.outline(line, teeth.astype(np.float32), 0.0015)


def _roof(sheet: Sheet, start: float, width: float, eaves: float) -> None:
    """Add a pointed roof over a tower."""
    x, y = grid(_PLAN)
    peak = eaves - 1.6 * width
    share = np.clip((y - peak) / (eaves - peak), 0, 1)
    u = (x - start - width / 2) / (width / 2)
    mask = ((np.abs(u) < share) & (y > peak) & (y < eaves)).astype(np.float32)
    tone = 0.9 - 0.5 * smoothstep(-0.2, 0.7, u)
    sheet.cover(mask, tone, u * 0.5, np.ones_like(x))
    knee_x = np.array([start, start + width / 2, start + width, start], np.float32)
    sheet.outline(knee_x, np.array([eaves, peak, eaves, eaves], np.float32), 0.0015)


def _hills(rng: np.random.Generator, sheet: Sheet) -> None:
    """Add hills whose hatching rounds them, the castle on the first, a ploughed field."""
    x, y = grid(_PLAN)
    castle = rng.uniform(0.2, 0.32)
    mound = 0.07 * np.exp(-(((x - castle - 0.06) / 0.15) ** 2))
    crests = [0.6 + 0.018 * ridge(rng, x, 1.1, 2) - mound]
    crests += [0.675 + 0.03 * ridge(rng, x, 0.9, 2), 0.77 + 0.025 * ridge(rng, x, 0.7, 2)]
    for index, crest in enumerate(crests):
        if index == 0:
            place = int((castle + 0.06) * _PLAN)
            _castle(rng, sheet, castle, float(crest[0, place]) + 0.004)
        depth = (y - crest) / 0.13
        rise = np.gradient(crest, axis=1) * _PLAN
        light = smoothstep(-0.12, 0.14, rise) * 0.4
        patch = 0.22 * smoothstep(0.1, 0.5, noise(rng, _PLAN, 7))
        tone = 0.06 + light + patch + 0.5 * smoothstep(0.35, 1.0, depth)
        sheet.cover(
            smoothstep(-0.001, 0.001, y - crest), tone, np.ones_like(x), rise * 1.2 + 0.5 * depth
        )
        _crest(sheet, crest, 0.0018 + 0.0004 * index)
        for _ in range(5 if index < 2 else 0):
            at = rng.uniform(0.02, 0.98)
            base = float(crest[0, min(_PLAN - 1, int(at * _PLAN))])
            _tree(rng, sheet, (at, base + 0.005), 0.014 + 0.009 * index)
    _field(rng, sheet, crests[-1])


def _field(rng: np.random.Generator, sheet: Sheet, crest: Array) -> None:
    """Add furrows that run to a vanishing point, and the large trees of the foreground."""
    x, y = grid(_PLAN)
    centre = rng.uniform(0.5, 0.7)
    dx, dy = x - centre, y - 0.7
    fan = np.arctan2(dx, dy) * 11
    depth = np.clip((y - crest) / 0.2, 0, 1)
    tone = 0.12 + 0.3 * (np.sin(fan * 2.6) > 0.1) + 0.25 * depth + 0.1 * noise(rng, _PLAN, 8)
    road = np.abs(np.arctan2(dx, dy) + 0.35 - 0.3 * depth) < 0.13
    tone = np.where(road, 0.05, tone).astype(np.float32)
    sheet.cover(smoothstep(-0.001, 0.001, y - crest - 0.012), tone, dx, dy)
    for at, size in ((0.9, 0.115), (0.77, 0.07), (0.06, 0.09)):
        at = at + rng.uniform(-0.02, 0.02)
        foot = 0.93 - 0.6 * (0.115 - size)
        _shadow(sheet, (at, foot), size)
        _tree(rng, sheet, (at, foot), size)


def _shadow(sheet: Sheet, foot: tuple[float, float], size: float) -> None:
    """Throw a shadow to the left of a foot."""
    x, y = grid(_PLAN)
    gap = np.hypot((x - foot[0] + 0.8 * size) / (1.5 * size), (y - foot[1]) / (0.16 * size))
    sheet.cover(smoothstep(1.0, 0.9, gap), np.full_like(x, 0.66), np.ones_like(x), 0.05 * x)


def _tree(rng: np.random.Generator, sheet: Sheet, foot: tuple[float, float], size: float) -> None:
    """Add a tree: a trunk, and a crown of leafy clumps lit from the upper right."""
    x, y = grid(_PLAN)
    trunk = np.abs(x - foot[0]) < size * (
        0.07 + 0.1 * smoothstep(-0.35, 0.05, (y - foot[1]) / size)
    )
    mask = (trunk & (y < foot[1]) & (y > foot[1] - 1.2 * size)).astype(np.float32)
    sheet.cover(mask, np.full_like(x, 0.8), 0.1 * np.ones_like(x), np.ones_like(x))
    _crown(rng, sheet, (foot[0], foot[1] - 1.5 * size), size)


def _around(middle: tuple[float, float], reach: float) -> Window:
    """Return the rows and columns within `reach` of a place."""
    low = [int(np.clip((place - reach) * _PLAN, 0, _PLAN - 1)) for place in middle]
    high = [int(np.clip((place + reach) * _PLAN, 1, _PLAN)) for place in middle]
    return slice(low[1], high[1]), slice(low[0], high[0])


def _crown(
    rng: np.random.Generator, sheet: Sheet, middle: tuple[float, float], size: float
) -> None:
    """Heap up leafy clumps from the back to the front, each scribbled with curling leaves."""
    window = _around(middle, 1.6 * size)
    x, y = (plane[window] for plane in grid(_PLAN))
    curl = noise(rng, _PLAN, int(3.2 / size))[window] * 2.6
    for index in range(15):
        angle, out = 2.4 * index + rng.uniform(-0.4, 0.4), 0.78 * np.sqrt(1 - index / 15)
        shift = (np.cos(angle) * out, np.sin(angle) * out * 0.85)
        radius = size * rng.uniform(0.27, 0.42)
        dx = (x - middle[0] - shift[0] * size) / radius
        dy = (y - middle[1] - shift[1] * size) / radius
        turn = np.arctan2(dy, dx) + np.pi / 2 + 0.7 * curl
        tone = 0.44 + 0.3 * (0.8 * dy - 0.6 * dx) + 0.3 * (0.8 * shift[1] - 0.6 * shift[0])
        bumps = 1 + 0.12 * np.abs(np.sin(4 * np.arctan2(dy, dx) + index))
        mask = smoothstep(1.03, 0.97, np.hypot(dx, dy) / bumps)
        sheet.cover(mask, np.clip(tone, 0.02, 0.95), np.cos(turn), np.sin(turn), window)
        around = np.linspace(0, 2 * np.pi, 64, dtype=np.float32)
        reach = radius * (1 + 0.12 * np.abs(np.sin(4 * around + index)))
        line_x = middle[0] + shift[0] * size + reach * np.cos(around)
        line_y = middle[1] + shift[1] * size + reach * np.sin(around)
        keep = slice(0, 64) if index > 11 else slice(30, 64)
        sheet.outline(line_x[keep], line_y[keep], 0.0005 + 0.007 * size)


def compose(rng: np.random.Generator) -> Sheet:
    """Lay out the whole subject."""
    sheet = _sky(rng)
    _mountains(rng, sheet)
    _hills(rng, sheet)
    return sheet
