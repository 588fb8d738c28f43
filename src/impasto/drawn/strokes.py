"""Thick brush strokes: curved ribbons with bristle marks, painted over one another.

All strokes of a layer are rasterised at once: each is a mesh of samples finer than the
pixels, every sample writes the number of its stroke and its place in the stroke, and a
later stroke overwrites an earlier one. Colour and relief are computed afterwards, only for
what remained visible.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from impasto.drawn.fields import Array, sample

_PLACES = 1024  # places along and across a stroke that the canvas can tell apart
_PROFILES = 256
_HAIRS = 64
_BATCH = 400_000  # samples rasterised at once


def trace(flow: Array, starts: Array, length: Array, points: int = 9) -> Array:
    """Follow a flow from `(N, 2)` starting points, half the length to either side.

    Returns the paths, `(N, points, 2)`; `points` is odd and the middle one is the start.
    """
    half = points // 2
    stride = (length / (points - 1))[:, None]
    paths = np.empty((len(starts), points, 2), np.float32)
    paths[:, half] = starts
    for sign in (-1, 1):
        here = starts
        for index in range(1, half + 1):
            here = here + sample(flow, here[:, 0], here[:, 1]) * stride * np.float32(sign)
            paths[:, half + sign * index] = here
    return paths


def _bristles(rng: np.random.Generator) -> Array:
    """Return brush profiles `(_PROFILES, _HAIRS)` in [0, 1]: how much paint a hair holds."""
    hairs = rng.uniform(0, 1, (_PROFILES, _HAIRS))
    soft = hairs + np.roll(hairs, 1, axis=1) + 0.6 * np.roll(hairs, 2, axis=1)
    broad = np.repeat(rng.uniform(0, 1, (_PROFILES, _HAIRS // 8)), 8, axis=1)
    mixed = soft / 2.6 * 0.7 + broad * 0.3
    low, high = mixed.min(1, keepdims=True), mixed.max(1, keepdims=True)
    return np.asarray((mixed - low) / (high - low), dtype=np.float32)


def densify(paths: Array, count: int) -> Array:
    """Interpolate paths `(N, K, 2)` to `count` points with a Catmull-Rom spline."""
    knots = paths.shape[1]
    position = np.linspace(0, knots - 1, count)
    base = np.minimum(position.astype(np.int64), knots - 2)
    t = position - base
    weights = np.zeros((count, knots))
    cubic = (
        -0.5 * t + t**2 - 0.5 * t**3,
        1 - 2.5 * t**2 + 1.5 * t**3,
        0.5 * t + 2 * t**2 - 1.5 * t**3,
        -0.5 * t**2 + 0.5 * t**3,
    )
    for offset, weight in zip((-1, 0, 1, 2), cubic, strict=True):
        np.add.at(weights, (np.arange(count), np.clip(base + offset, 0, knots - 1)), weight)
    return np.asarray(np.einsum("sk,nkc->nsc", weights.astype(np.float32), paths))


@dataclass(frozen=True)
class Layer:
    """Strokes to lay down together, later rows over earlier ones.

    `paths` is `(N, K, 2)` in unit coordinates, `width` `(N,)` in fractions of the side,
    `first` and `second` `(N, 3)` are the two half-mixed pigments on the brush; `dryness`
    in [0, 1] is how early the hairs lift off. `press` `(N, P)`, if given, is the width at `P`
    even steps along each stroke as a share of `width`, in place of the usual taper.
    """

    paths: Array
    width: Array
    first: Array
    second: Array
    dryness: float = 0.5
    press: Array | None = None


@dataclass
class Canvas:
    """What is visible at each pixel of a square of side `size`: which stroke, and where in it."""

    size: int
    rng: np.random.Generator
    layers: list[Layer] = field(default_factory=list)
    profiles: list[NDArray[np.int64]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.seen = np.full(self.size * self.size, -1, np.int64)
        self.hairs = _bristles(self.rng)
        self.count = 0

    def paint(self, layer: Layer) -> None:
        """Lay a layer of strokes over what is there."""
        profile = self.rng.integers(0, _PROFILES, len(layer.width))
        steps = np.linalg.norm(np.diff(layer.paths, axis=1), axis=2).sum(1).max()
        along = max(4, int(steps * self.size * 1.35))
        across = max(3, int(layer.width.max() * self.size * 1.35))
        batch = max(1, _BATCH // (along * across))
        for start in range(0, len(layer.width), batch):
            part = slice(start, start + batch)
            self._stamp(layer, profile, part, (along, across))
        self.layers.append(layer)
        self.profiles.append(profile)
        self.count += len(layer.width)

    def _stamp(
        self, layer: Layer, profile: NDArray[np.int64], part: slice, mesh: tuple[int, int]
    ) -> None:
        """Write the samples of the strokes in `part` on a mesh of (along, across)."""
        along, across = mesh
        spine = densify(layer.paths[part], along)
        tangent = np.gradient(spine, axis=1)
        tangent /= np.linalg.norm(tangent, axis=2, keepdims=True) + 1e-9
        s = np.linspace(0, 1, along, dtype=np.float32)
        t = np.linspace(-1, 1, across, dtype=np.float32)
        taper = np.minimum(1, 0.35 + 2.2 * np.sqrt(s)) * np.minimum(1, 0.25 + 1.7 * (1 - s))
        if layer.press is not None:
            taper = densify(layer.press[part, :, None], along)[..., 0]
        reach = (layer.width[part, None] / 2 * taper)[:, :, None] * t
        column = (spine[:, :, None, 0] - tangent[:, :, None, 1] * reach) * self.size
        row = (spine[:, :, None, 1] + tangent[:, :, None, 0] * reach) * self.size
        paint = self.hairs[profile[part]][:, (np.arange(across) * _HAIRS) // across]
        rim = 1 - 0.25 * np.abs(t) ** 3
        lift = 1 - layer.dryness * (1.5 * np.clip(s - 0.45, 0, 1) + 0.5 * np.clip(0.1 - s, 0, 1))
        keep = (paint * rim)[:, None, :] + lift[None, :, None] > 1
        keep |= (s < 0.5)[None, :, None] & (np.abs(t) < 0.85)[None, None, :]
        keep &= (column >= 0) & (column < self.size) & (row >= 0) & (row < self.size)
        number = self.count + part.start + np.arange(len(spine), dtype=np.int64)
        place_s = (s * (_PLACES - 1)).astype(np.int64)
        place_t = ((t + 1) / 2 * (_PLACES - 1)).astype(np.int64)
        place = place_s[:, None] * _PLACES + place_t
        code = number[:, None, None] * (_PLACES * _PLACES) + place
        pixel = row.astype(np.int32)[keep] * self.size + column.astype(np.int32)[keep]
        self.seen[pixel] = code[keep]

    def marks(self) -> tuple[NDArray[np.int64], NDArray[np.int64], Array, Array, Array]:
        """Return, for the painted pixels only, what is visible there.

        Five arrays `(P,)`: the pixel, counted row by row; the number of the stroke; the place
        along it in [0, 1] and across it in [-1, 1]; and how much paint the hair held, in [0, 1].
        """
        pixel = np.flatnonzero(self.seen >= 0)
        code = self.seen[pixel]
        number = code // (_PLACES * _PLACES)
        s = ((code // _PLACES) % _PLACES).astype(np.float32) / (_PLACES - 1)
        t = (code % _PLACES).astype(np.float32) / (_PLACES - 1) * 2 - 1
        profile = np.concatenate(self.profiles)[number]
        return pixel, number, s, t, self.hairs[profile, code % _PLACES * _HAIRS // _PLACES]

    def develop(self, ground: Array) -> tuple[Array, Array]:
        """Return the colours `(N, N, 3)` and the relief `(N, N)`, bare ground where unpainted."""
        bare = self.seen < 0
        code = np.where(bare, 0, self.seen)
        number = code // (_PLACES * _PLACES)
        s = ((code // _PLACES) % _PLACES).astype(np.float32) / (_PLACES - 1)
        place_t = code % _PLACES
        t = place_t.astype(np.float32) / (_PLACES - 1) * 2 - 1
        profile = np.concatenate(self.profiles)
        paint = self.hairs[profile[number], place_t * _HAIRS // _PLACES]
        tint = self.hairs[(profile * 7 + 3)[number] % _PROFILES, place_t * _HAIRS // _PLACES]
        first = np.concatenate([layer.first for layer in self.layers])
        second = np.concatenate([layer.second for layer in self.layers])
        share = np.clip(tint * 1.3 - 0.3 + 0.3 * (s - 0.5), 0, 1)[:, None]
        colour = first[number] * (1 - share) + second[number] * share
        width = np.concatenate([layer.width for layer in self.layers])[number]
        body = 0.55 + 0.5 * paint + 0.35 * np.exp(-(((np.abs(t) - 0.8) / 0.15) ** 2))
        body = body * (1 - 0.4 * s) + 0.35 * np.exp(-(((s - 0.96) / 0.04) ** 2))
        body *= np.sqrt(np.clip(1 - t**4, 0, 1))
        relief = np.where(bare, 0, body * (0.003 + 0.10 * width))
        colour[bare] = ground.reshape(-1, 3)[bare]
        shape = (self.size, self.size)
        return colour.reshape(*shape, 3), relief.reshape(shape).astype(np.float32)
