"""Washes of transparent colour on paper and strokes of ink, for watercolour and sumi-e.

Each wash absorbs light, settles in the valleys of the paper (granulation), gathers at its
drying edge, and is pushed outwards where a drop of water fell into it (blooms). The strokes
are those of the oils, read as density instead of colour.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from impasto.drawn.fields import Array, blur, fbm, noise, smoothstep
from impasto.drawn.palette import glaze, rgb
from impasto.drawn.strokes import Canvas, Layer

INK = "#23262b"


@dataclass
class Sheet:
    """The paper: what is painted so far `(N, N, 3)`, its tooth and the grid."""

    rng: np.random.Generator
    colour: Array
    tooth: Array
    x: Array
    y: Array

    @property
    def size(self) -> int:
        """Side in pixels."""
        return len(self.colour)

    def wobble(self, amount: float, cells: int) -> Array:
        """Return the irregularity of an edge."""
        return fbm(self.rng, self.size, cells, 4) * np.float32(amount)

    def wash(self, shape: Array, ink: str, strength: Array | float, edge: float = 1.0) -> None:
        """Lay a wash where `shape` (a soft mask) is above a half; `edge` is its dark rim."""
        flow = 1 + 0.26 * fbm(self.rng, self.size, 5, 4) + 0.07 * noise(self.rng, self.size, 60)
        inner = blur(shape, 0.004)
        rim = np.clip(shape * (1 - inner) * 2, 0, 1) * edge
        settle = 1 - 0.1 * self.tooth
        density = shape * np.clip(flow, 0.25, None) * strength * settle
        density = density + rim * strength * (0.75 + 0.3 * noise(self.rng, self.size, 30))
        self.colour = glaze(self.colour, rgb(ink), np.clip(density, 0, 3))

    def bloom(self, centre: tuple[float, float], radius: float, ink: str) -> None:
        """Drop clean water into a wet wash: a pale middle and a ragged dark rim."""
        dx, dy = self.x - centre[0], self.y - centre[1]
        gap = np.hypot(dx, dy) / radius + self.wobble(0.4, 7) + self.wobble(0.12, 34)
        pale = smoothstep(1.0, 0.45, gap) * 0.42
        self.colour = self.colour + (rgb("#fbf8f0") - self.colour) * pale[..., None]
        rim = np.exp(-(((gap - 1.0) / 0.06) ** 2)) + 0.4 * smoothstep(0.8, 1, gap) * (gap < 1)
        part = smoothstep(-0.5, 0.7, noise(self.rng, self.size, 8))
        self.colour = glaze(self.colour, rgb(ink), 0.26 * rim * part * (1 - 0.2 * self.tooth))


def brush(
    sheet: Sheet,
    paths: Array,
    width: Array | float,
    density: Array | float,
    press: Sequence[float],
    dryness: float = 0.4,
) -> None:
    """Lay strokes of ink on a sheet; the hairs that lift off leave dry, split ends.

    Args:
        sheet: The sheet, changed in place.
        paths: Where the strokes go, `(N, K, 2)`.
        width: How wide they are, `(N,)`.
        density: How dark they are, `(N,)`; 1 is the ink undiluted.
        press: The pressure along every stroke, at even steps.
        dryness: How early the hairs lift off, and how much of the paper shows, in [0, 1].
    """
    count = len(paths)
    canvas = Canvas(sheet.size, sheet.rng)
    shape = np.broadcast_to(np.array(press, np.float32), (count, len(press)))
    plain = np.zeros((count, 3), np.float32)
    wide = np.broadcast_to(np.float32(width), count)
    dark = np.broadcast_to(np.float32(density), count)
    canvas.paint(Layer(paths.astype(np.float32), wide, plain, plain, dryness, shape))
    pixel, number, along, across, hair = canvas.marks()
    tone = 0.72 + 0.5 * hair + 0.3 * smoothstep(0.6, 1.0, np.abs(across)) - 0.4 * along
    tone = tone - dryness * 0.22 * sheet.tooth.ravel()[pixel] * (0.3 + along)
    laid = dark[number] * np.clip(tone, 0, None)
    flat = sheet.colour.reshape(-1, 3)
    flat[pixel] = glaze(flat[pixel], rgb(INK), laid)
