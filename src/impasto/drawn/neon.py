"""Painting with light: neon trails and an orb of light over a glowing grid, under a striped sun.

The picture is a long exposure: every lamp leaves its path as energy on the film, paths add
up, strong light spills over into a halo and burns out to white, and the wet floor mirrors it.
"""

from collections.abc import Sequence

import numpy as np

from impasto.drawn.fields import Array, blur, fbm, grid, noise, resize, ridge, sample, smoothstep
from impasto.drawn.palette import ramp, rgb, swatches
from impasto.drawn.strokes import densify

_HORIZON = 0.64
_SUN = ("#fff27a", "#ffb03c", "#ff4f6a", "#f01c9c", "#8c1cd8")
_HUES = ("#00e5ff", "#1c6aff", "#8c2aff", "#ff1cb4", "#ff2a4f", "#ff9a1c", "#b4ff2a", "#00ffa8")
_HALOES = ((0.001, 2.4), (0.0045, 0.6), (0.016, 0.35), (0.06, 0.22))  # reach and strength


class _Film:
    """Light that fell on the film, linear, `(N, N, 3)`."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.light = np.zeros((size * size, 3), np.float32)

    def expose(self, paths: Array, colours: Array, energy: Array | float) -> None:
        """Move lamps along paths.

        Args:
            paths: Where they go, `(N, K, 2)`.
            colours: Their colours along the way, `(N, K, 3)` or what broadcasts to it.
            energy: How bright they are, `(N, K)` or what broadcasts to it.
        """
        count = int(np.linalg.norm(np.diff(paths, axis=1), axis=2).sum(1).max() * self.size * 1.6)
        count = max(count, 8)
        batch = max(1, 1_500_000 // count)
        shape = paths.shape[:2]
        tint = np.broadcast_to(colours, (*shape, 3)) * np.broadcast_to(energy, shape)[..., None]
        for start in range(0, len(paths), batch):
            part = slice(start, start + batch)
            dense = densify(paths[part].astype(np.float32), count)
            step = np.linalg.norm(np.gradient(dense, axis=1), axis=2) * self.size**2 / 1000
            self._splat(dense, densify(tint[part].astype(np.float32), count) * step[..., None])

    def _splat(self, places: Array, tint: Array) -> None:
        """Add light at places, shared between the four nearest pixels."""
        spot = places.reshape(-1, 2) * self.size - 0.5
        low = np.floor(spot).astype(np.int64)
        share = spot - low
        inside = ((low >= 0) & (low < self.size - 1)).all(1)
        low, share, tint = low[inside], share[inside], tint.reshape(-1, 3)[inside]
        for right in (0, 1):
            for down in (0, 1):
                weight = np.abs(1 - right - share[:, 0]) * np.abs(1 - down - share[:, 1])
                pixel = (low[:, 1] + down) * self.size + low[:, 0] + right
                for channel in range(3):
                    self.light[:, channel] += np.bincount(
                        pixel, weight * tint[:, channel], self.size**2
                    )

    def plane(self) -> Array:
        """Return the light as a picture."""
        return self.light.reshape(self.size, self.size, 3)


def _linear(colours: Array) -> Array:
    """Turn colours of a screen into amounts of light."""
    return np.asarray(colours**2.2, dtype=np.float32)


def _gradient(share: Array, codes: Sequence[str]) -> Array:
    """Return amounts of light along a ramp of colours."""
    return _linear(ramp(share, codes))


def _floor(film: _Film, vanish: float) -> None:
    """Draw the grid of the floor towards a vanishing point on the horizon."""
    far = np.linspace(0, 1, 12)
    ends = np.linspace(-2.4, 3.4, 47)
    x = vanish + (ends[:, None] - vanish) * far**2.2
    y = np.broadcast_to(_HORIZON + (1.02 - _HORIZON) * far**2.2, x.shape)
    tint = _gradient(np.clip(np.abs(ends - vanish) / 2.4, 0, 1), ("#ff2ac8", "#a81cff", "#2a4fff"))
    film.expose(np.stack([x, y], -1), tint[:, None], 0.16 + 0.7 * far)
    level = _HORIZON + (1.02 - _HORIZON) * (np.arange(1, 17) / 16) ** 2.2
    across = np.linspace(-0.02, 1.02, 12)
    lines = np.stack(np.broadcast_arrays(across, level[:, None]), -1)
    share = (level - _HORIZON) / (1 - _HORIZON)
    film.expose(
        lines,
        _gradient(share, ("#ff5ab4", "#ff1cb4", "#b41cff"))[:, None],
        0.3 + 0.6 * share[:, None],
    )
    film.expose(np.stack([across, np.full(12, _HORIZON)], -1)[None], _linear(rgb("#ff8ad8")), 1.6)


def _mountains(film: _Film, rng: np.random.Generator) -> Array:
    """Draw mountains as a net of lines on both sides; return how high they stand, `(M,)`."""
    place = np.linspace(0, 1, 512)[None, :].astype(np.float32)
    side = np.abs(place - 0.5) * 2
    tall = 0.19 * smoothstep(0.32, 0.95, side) * (1 + 0.4 * ridge(rng, place, 5, 2))
    jag = 1 - np.abs(ridge(rng, place, 6, 2))
    tall = (tall * (0.45 + 0.75 * jag))[0] + 0.004
    columns, rows = 61, 9
    at = np.linspace(-0.01, 1.01, columns)
    height = np.interp(at, place[0], tall)
    rise = np.linspace(0, 1, rows)
    wander = rng.normal(0, 0.35, (rows, columns)) * (rise[:, None] * (1 - rise[:, None]))
    level = _HORIZON - height * np.clip(rise[:, None] + wander * 0.7, 0, 1)
    mesh = np.stack([np.broadcast_to(at, level.shape) + wander * 0.012, level], -1)
    tint = _gradient(rise, ("#6a1cff", "#1c7aff", "#2af0ff"))
    film.expose(
        mesh, tint[:, None], (0.2 + 0.5 * rise[:, None] ** 2) * smoothstep(0.0, 0.03, height)
    )
    film.expose(mesh.transpose(1, 0, 2), tint[None], 0.34)
    cross = np.stack([mesh[:-1, :-1], mesh[1:, 1:]], axis=2).reshape(-1, 2, 2)
    film.expose(cross, _linear(rgb("#3a3cff")), 0.2)
    return np.asarray(tall, dtype=np.float32)


def _trail(
    film: _Film, rng: np.random.Generator, knots: Array, strands: int, look: tuple[float, float]
) -> None:
    """Sweep a ribbon of lamps through waypoints; `look` is its spread and its brightness."""
    spread, power = look
    count = 160
    spine = densify(knots[None].astype(np.float32), count)[0]
    way = np.gradient(spine, axis=0)
    normal = np.stack([-way[:, 1], way[:, 0]], -1) / (np.linalg.norm(way, axis=1)[:, None] + 1e-6)
    t = np.linspace(0, 1, count)
    lamp = np.linspace(0, 1, strands)[:, None]
    twist = rng.uniform(3, 6) * t + rng.uniform(0, 6)
    offset = np.sin(twist + 2.4 * lamp) + 0.35 * np.sin(2.3 * twist + 5 * lamp)
    wide = spread * (0.25 + 0.75 * np.sin(np.pi * t) ** 2) * (1 + 0.3 * np.sin(7 * t + 4 * lamp))
    paths = spine + normal * (offset * wide)[..., None]
    start = int(rng.integers(len(_HUES)))
    codes = [_HUES[(start + index) % len(_HUES)] for index in range(4)]
    tint = _gradient(np.clip(0.55 * lamp + 0.45 * t, 0, 1), codes)
    beat = 0.65 + 0.35 * np.sin(2 * np.pi * (rng.uniform(1, 3, (strands, 1)) * t + lamp * 7))
    fade = smoothstep(0, 0.08, t) * smoothstep(1, 0.9, t)
    film.expose(paths, tint, power * beat * fade * rng.uniform(0.1, 1.2, (strands, 1)) ** 1.5)
    film.expose(paths[strands // 2 :: strands], tint[strands // 2 :: strands], power * 5 * fade)


def _trails(film: _Film, rng: np.random.Generator) -> None:
    """Sweep the great ribbons around the sun, and thin ones across."""

    def jitter(points: Sequence[tuple[float, float]]) -> Array:
        return np.array(points) + rng.normal(0, 0.025, (len(points), 2))

    _trail(
        film,
        rng,
        jitter(
            (
                (-0.1, 0.5),
                (0.15, 0.34),
                (0.3, 0.62),
                (0.62, 0.7),
                (0.85, 0.42),
                (0.62, 0.12),
                (0.32, 0.1),
                (0.1, -0.1),
            )
        ),
        38,
        (0.085, 0.42),
    )
    _trail(
        film,
        rng,
        jitter(((1.1, 0.08), (0.82, 0.2), (0.6, 0.05), (0.36, 0.22), (0.2, 0.12), (-0.1, 0.25))),
        34,
        (0.085, 0.4),
    )
    _trail(
        film,
        rng,
        jitter(((-0.1, 0.95), (0.2, 0.82), (0.45, 0.9), (0.7, 0.78), (1.1, 0.86))),
        22,
        (0.045, 0.45),
    )
    _trail(
        film,
        rng,
        jitter(((0.9, -0.1), (0.95, 0.2), (0.78, 0.36), (0.92, 0.55), (1.1, 0.5))),
        20,
        (0.05, 0.42),
    )
    for _ in range(5):
        start, height = rng.uniform(-0.3, 0.8), rng.uniform(0.02, 0.5)
        spots = start + np.arange(5) * 0.16
        knots = np.stack([spots, height + rng.normal(0, 0.06, 5)], -1)
        _trail(film, rng, knots, 4, (0.012, 0.8))


def _orb(film: _Film, rng: np.random.Generator, at: tuple[float, float], radius: float) -> None:
    """Spin a hoop of lamps into a ball of light, and let sparks fly off it."""
    turn = np.linspace(0, 2 * np.pi, 60)
    phase = np.linspace(0, np.pi, 34)[:, None]
    x = at[0] + radius * np.cos(phase) * np.cos(turn)
    y = at[1] + radius * np.sin(turn) * (1 + 0 * phase)
    tint = _gradient(
        0.5 + 0.5 * np.sin(phase * 2 + turn), ("#ffb01c", "#ff2a8c", "#7a2aff", "#00d8ff")
    )
    film.expose(np.stack([x, y], -1), tint, 0.5)
    count = 130
    angle, speed = rng.uniform(-np.pi, 0, count)[:, None], rng.uniform(0.4, 1.3, count)[:, None]
    t = np.linspace(0, 1, 9) * rng.uniform(0.3, 1, (count, 1))
    x = at[0] + np.cos(angle) * (radius + 0.16 * speed * t)
    y = at[1] + np.sin(angle) * (radius + 0.16 * speed * t) + 0.12 * t**2
    tint = _linear(swatches(("#ffd87a", "#ff8a2a", "#ff5a8c")))[rng.integers(0, 3, count)][:, None]
    film.expose(np.stack([x, y], -1), tint, 1.1 * (1 - 0.85 * np.linspace(0, 1, 9)))


def _stars(film: _Film, rng: np.random.Generator) -> None:
    """Let stars draw short arcs around the pole while the shutter is open."""
    count = 240
    pole = np.array([rng.uniform(0.3, 0.7), _HORIZON - 0.1])
    radius, start = rng.uniform(0.1, 0.85, (count, 1)), rng.uniform(-np.pi, 0, (count, 1))
    angle = start + np.linspace(0, 0.11, 6)
    paths = pole + np.stack([radius * np.cos(angle), radius * np.sin(angle)], -1)
    tint = _gradient(rng.uniform(0, 1, count), ("#8ab4ff", "#ffffff", "#ffb4e8"))[:, None]
    film.expose(paths, tint, 0.35 * rng.uniform(0.1, 1, (count, 1)) ** 2)


def _sky(rng: np.random.Generator, size: int, tall: Array, at: tuple[float, float]) -> Array:
    """Return the light behind: dusk, clouds of colour and the sun with its stripes."""
    x, y = grid(size)
    glow = np.exp(-np.abs(y - _HORIZON) / 0.16)
    light = (
        _gradient(np.clip(y / _HORIZON, 0, 1), ("#060620", "#12083a", "#3a0c5c", "#7a1468")) * 0.6
    )
    haze = smoothstep(-0.2, 1.0, fbm(rng, size, 3, 5))
    light = (
        light
        + haze[..., None] * _linear(rgb("#4a1c8c")) * 0.3
        + glow[..., None] * _linear(rgb("#a01c7c")) * 0.2
    )
    gap = np.hypot(x - at[0], y - at[1])
    share = (y - at[1] + 0.19) / 0.38
    slot = (share * 9.5) % 1 < 0.12 + 0.5 * np.clip(share - 0.25, 0, 1)
    disc = smoothstep(0.19, 0.188, gap) * np.where((share > 0.3) & slot, 0.04, 1.0)
    light = light + disc[..., None] * _gradient(share, _SUN) * 1.5
    crest = _HORIZON - np.interp(x[0], np.linspace(0, 1, len(tall)), tall)
    solid = smoothstep(-0.001, 0.001, y - crest[None, :])
    dark = _gradient(y, ("#05051c", "#0a0630", "#0c0528"))
    return np.asarray(light + (dark - light) * solid[..., None], dtype=np.float32)


def _mirror(rng: np.random.Generator, light: Array) -> Array:
    """Mirror what stands above the horizon in a wet floor with ripples."""
    size = len(light)
    x, y = grid(size)
    depth = np.maximum(y - _HORIZON, 0)
    swell = np.sin(260 * np.sqrt(depth + 0.01) + 2 * noise(rng, size, 9)) * 0.012
    shift = swell * np.sqrt(depth * 4) + 0.004 * noise(rng, size, 60)
    seen = sample(light, x + shift, np.clip(_HORIZON - 1.45 * depth + shift, 0, 1))
    fade = 0.5 * smoothstep(0, 0.004, depth) * (1 - 0.5 * depth / (1 - _HORIZON))
    return np.asarray(seen * fade[..., None], dtype=np.float32)


def _halo(light: Array, reach: float) -> Array:
    """Spread light by a Gaussian, at the resolution that it needs."""
    size = len(light)
    small = min(size, max(32, int(2.5 / reach)))
    if small >= size:
        return blur(light, reach)
    return np.maximum(resize(blur(resize(light, small), reach), size), 0)


def paint(size: int, rng: np.random.Generator) -> Array:
    """Expose and develop the film, `(size, size, 3)`."""
    fine = max(size * 3 // 2, 384)
    film = _Film(fine)
    sun = (rng.uniform(0.44, 0.56), rng.uniform(0.4, 0.44))
    tall = _mountains(film, rng)
    _stars(film, rng)
    _trails(film, rng)
    _orb(film, rng, (rng.uniform(0.72, 0.82), 0.66), 0.105)
    sky = _sky(rng, fine, tall, sun)
    wet = _mirror(rng, sky + 1.4 * blur(film.plane(), 0.002))
    _floor(film, sun[0])
    lines = film.plane()
    light = sky + wet
    for reach, strength in _HALOES:
        light = light + strength * _halo(lines, reach)
    light = light + 0.25 * _halo(sky, 0.05)
    grain = noise(rng, fine, 360) + 0.5 * noise(rng, fine, 160)
    light = light * (1 + 0.1 * grain)[..., None]
    grey = light.mean(-1, keepdims=True)
    light = np.maximum(grey + 1.3 * (light - grey), 0)
    light = light + 0.06 * np.maximum(light.max(-1, keepdims=True) - 1.2, 0)
    picture = (1 - np.exp(-1.7 * light)) ** (1 / 2.2)
    return resize(np.clip(picture + 0.008 * grain[..., None], 0, 1).astype(np.float32), size)
