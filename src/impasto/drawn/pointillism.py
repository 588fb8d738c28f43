"""Divisionism: a Sunday on the river bank in dots of pure colour, with a dotted frame.

The subject is laid out softly; every dot looks up its colour there, departs from it at random
and takes the nearest of a few dozen pure pigments, so that only the eye mixes them. Lights
are strewn with orange and yellow, shadows with blue and violet, and some dots are the
complement of their place.
"""

import numpy as np

from impasto.drawn.fields import (
    Array,
    blur,
    noise,
    resize,
    sample,
    shade,
)
from impasto.drawn.palette import ramp, rgb, swatches
from impasto.drawn.promenade import Scene, compose
from impasto.drawn.strokes import Canvas, Layer

_HUES = (
    "#1a2a8c",
    "#2a52c4",
    "#2f8fd0",
    "#1c9a8c",
    "#178a44",
    "#6ab02a",
    "#f4d81c",
    "#f7a81c",
    "#ee6a1c",
    "#d8281c",
    "#b81c5c",
    "#6a2a9c",
)
_DARKS = ("#10163f", "#0f3a34", "#3a1238")
_LIGHTS = ("#fdf6e0", "#fff3b8", "#fbd9c0", "#d8e8f4")
_ROUND = (0.35, 0.85, 1.0, 0.85, 0.35)


def _pigments() -> Array:
    """Return the pure hues, their tints with white, and a few lights and darks, `(K, 3)`."""
    hues = swatches(_HUES)
    tints = [hues + (rgb("#fffaf0") - hues) * np.float32(share) for share in (0.0, 0.35, 0.62)]
    return np.concatenate([*tints, swatches(_LIGHTS), swatches(_DARKS)])


def _divide(rng: np.random.Generator, target: Array) -> Array:
    """Choose a pure pigment for every dot, `(N, 3)`."""
    count = len(target)
    grey = target.mean(1, keepdims=True)
    vivid = grey + (target - grey) * 1.35
    other = rng.uniform(0, 1, (count, 1)) < 0.09
    vivid = np.where(other, grey - 0.7 * (target - grey), vivid)
    warmth = rng.uniform(0, 0.34, (count, 1)) * (rng.uniform(0, 1, (count, 1)) < 0.4)
    pull = np.where(grey > 0.52, rgb("#ffb030"), rgb("#3038c0"))
    wanted = vivid + (pull - vivid) * warmth + rng.normal(0, 0.105, (count, 3))
    pure = _pigments()
    gap = (wanted**2).sum(1)[:, None] - 2 * wanted @ pure.T + (pure**2).sum(1)
    return np.asarray(pure[gap.argmin(1)], dtype=np.float32)


def _dots(rng: np.random.Generator, scene: Scene, width: float, spacing: float) -> Layer:
    """Scatter one layer of dots; those of the frame are darker and of the complement."""
    side = int(1.04 / spacing)
    row, column = np.mgrid[0:side, 0:side]
    starts = np.stack([column + 0.5 * (row % 2), row], axis=-1).reshape(-1, 2)
    starts = (starts + rng.uniform(-0.42, 0.42, starts.shape)) * spacing - 0.015
    rng.shuffle(starts)
    target = sample(scene.colour, starts[:, 0], starts[:, 1])
    rim = np.minimum(starts, 1 - starts).min(1)[:, None]
    frame = rgb("#1c2a80") + 0.45 * (1 - target) * np.float32(0.6)
    target = np.where(rim < 0.027, frame, target)
    colour = _divide(rng, target) * rng.normal(1, 0.03, (len(starts), 1))
    level = sample(scene.level, starts[:, 0], starts[:, 1]) > 0.5
    angle = np.where(level, rng.normal(0, 0.25, len(starts)), rng.uniform(0, np.pi, len(starts)))
    wide = width * np.exp(rng.normal(0, 0.16, len(starts)))
    half = wide * np.where(level, 0.62, 0.52)
    way = np.stack([np.cos(angle), np.sin(angle)], axis=-1) * half[:, None]
    paths = starts[:, None] + np.linspace(-1, 1, 5)[None, :, None] * way[:, None]
    press = np.broadcast_to(np.array(_ROUND, np.float32), (len(starts), 5))
    first = colour.astype(np.float32)
    shape = paths.astype(np.float32), wide.astype(np.float32)
    return Layer(*shape, first, first * np.float32(0.96), dryness=0.1, press=press)


def paint(size: int, rng: np.random.Generator) -> Array:
    """Paint the picture, `(size, size, 3)`."""
    scene = compose(rng)
    fine = size * 2
    canvas = Canvas(fine, rng)
    for width, spacing in ((0.0115, 0.0095), (0.0084, 0.0074), (0.007, 0.0088)):
        canvas.paint(_dots(rng, scene, width, spacing))
    weave = noise(rng, fine, 320)
    colour, relief = canvas.develop(ramp(0.5 + 0.5 * weave, ("#b89a6a", "#d8c096", "#e8d8b4")))
    glow = shade(blur(relief, 0.0005) + 0.0002 * weave, 0.8)
    return resize(np.clip(colour * (1 + 0.2 * glow)[..., None], 0, 1).astype(np.float32), size)
