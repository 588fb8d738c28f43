"""Pen and ink: a landscape with a castle and round trees in hatched lines on cream paper.

The subject is laid out as tone and direction; pens then pass over it several times, each
pass at another angle and only where the tone asks for it, in strokes that keep their
distance from one another and swell and taper.
"""

import numpy as np

from impasto.drawn.countryside import Sheet, compose
from impasto.drawn.fields import Array, fbm, grid, noise, paper, smoothstep
from impasto.drawn.palette import glaze, over, ramp, rgb
from impasto.drawn.pens import Plate, spaced

_INK = "#1d1712"
# angle to the form in degrees, tone from which it is used, spacing, length
_PASSES = (
    (0.0, 0.07, 0.0058, 0.06),
    (6.0, 0.3, 0.0046, 0.045),
    (50.0, 0.4, 0.0046, 0.04),
    (-40.0, 0.56, 0.0044, 0.034),
    (84.0, 0.7, 0.0042, 0.028),
)


class _Pen(Plate):
    """Ink on a supersampled sheet."""

    def __init__(self, rng: np.random.Generator, size: int) -> None:
        super().__init__(size)
        self.rng = rng

    def line(self, path: Array, width: float, taper: float) -> None:
        """Draw one stroke that swells from a point, trembles a little and thins out."""
        count = len(path)
        share = np.linspace(0, 1, count, dtype=np.float32)
        press = np.minimum(1, 0.3 + 4 * share) * (1 - taper * share**2)
        self.ribbon(path, width * press * (1 + 0.18 * self.rng.normal(0, 1, count)) / 2)


def _hatch(sheet: Sheet, pen: _Pen, angle: float, floor: float, pitch: tuple[float, float]) -> None:
    """Go over the sheet once: strokes at an angle to the form, where the tone is above `floor`."""
    turn = np.deg2rad(angle)
    spin = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]], np.float32)
    for path, tone in spaced(pen.rng, sheet.flow @ spin, sheet.tone, floor=floor, pitch=pitch):
        weight = 0.0009 + 0.0019 * float(np.clip(tone.mean() - floor, 0, 0.5))
        pen.line(path, weight, 0.55)


def _contours(sheet: Sheet, pen: _Pen) -> None:
    """Draw the outlines in pieces, with the pen lifted now and then."""
    for line, width in sheet.lines:
        shown = ~np.isnan(line[:, 0])
        cuts = np.flatnonzero(np.diff(shown.astype(np.int8))) + 1
        for piece in np.split(line, cuts):
            if len(piece) < 3 or np.isnan(piece[0, 0]):
                continue
            wander = pen.rng.normal(0, 0.0002, piece.shape).astype(np.float32)
            for start in range(0, len(piece) - 2, 24):
                pen.line((piece + wander)[start : start + 27], width, 0.35)


def paint(size: int, rng: np.random.Generator) -> Array:
    """Draw the sheet, `(size, size, 3)`."""
    sheet = compose(rng)
    pen = _Pen(rng, max(size * 3, 1536))
    for angle, floor, spacing, length in _PASSES:
        _hatch(sheet, pen, angle, floor, (spacing, length))
    _contours(sheet, pen)
    ink = pen.cover(size)
    x, y = grid(size)
    rim = np.minimum(np.minimum(x, 1 - x), np.minimum(y, 1 - y)) + 0.004 * noise(rng, size, 30)
    ink = ink * smoothstep(0.03, 0.036, rim)
    tooth = paper(rng, size)
    sheet_colour = ramp(0.5 + 0.25 * fbm(rng, size, 3, 4), ("#efe2c4", "#f5ecd6", "#f9f2e2"))
    picture = glaze(sheet_colour, rgb("#b89a6a"), 0.16 * smoothstep(0.12, 0.0, rim))
    picture = picture + 0.014 * tooth[..., None]
    return over(picture, rgb(_INK), ink * np.clip(0.93 + 0.06 * tooth, 0, 1))
