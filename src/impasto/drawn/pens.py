"""Drawn lines: ribbons that swell and taper on a supersampled sheet, and lines that keep apart."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from impasto.drawn.fields import Array, resize, sample
from impasto.drawn.strokes import trace


class Plate:
    """A sheet on which shapes are drawn as cover from 0 to 255; `size` is its side in pixels."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.image = Image.new("L", (size, size), 0)
        self.draw = ImageDraw.Draw(self.image)

    def polygon(self, corners: Array, fill: int = 255) -> None:
        """Fill a polygon with corners `(K, 2)` in the unit square."""
        self.draw.polygon([(float(a), float(b)) for a, b in corners * self.size], fill=fill)

    def ribbon(self, path: Array, half: Array, fill: int = 255) -> None:
        """Draw a line along `(K, 2)` whose half-width at each point is `half` `(K,)`."""
        tangent = np.gradient(path, axis=0)
        tangent /= np.linalg.norm(tangent, axis=1, keepdims=True) + 1e-9
        normal = np.stack([-tangent[:, 1], tangent[:, 0]], axis=1) * half[:, None]
        self.polygon(np.concatenate([path + normal, (path - normal)[::-1]]), fill)

    def dot(self, centre: Sequence[float] | Array, radius: float, fill: int = 255) -> None:
        """Fill a disc."""
        low = [float((place - radius) * self.size) for place in centre]
        high = [float((place + radius) * self.size) for place in centre]
        self.draw.ellipse((*low, *high), fill=fill)

    def cover(self, size: int) -> Array:
        """Return what is drawn, `(size, size)`, in [0, 1]."""
        return np.clip(resize(np.asarray(self.image, dtype=np.float32) / 255, size), 0, 1)


def spaced(
    rng: np.random.Generator,
    flow: Array,
    tone: Array,
    *,
    floor: float,
    pitch: tuple[float, float],
    halo: int = 0,
) -> Iterator[tuple[Array, Array]]:
    """Scatter lines along a flow that keep their distance, where the tone is above `floor`.

    Args:
        rng: Where the lines start and how long they are.
        flow: Unit vectors `(M, M, 2)`.
        tone: How much a place wants lines, `(M, M)`.
        floor: Tone from which there are any.
        pitch: Distance and length of the lines.
        halo: How strictly the distance is kept; 0 lets lines nearly touch here and there.

    Yields:
        The path of a line `(K, 2)` and the tones along it `(K,)`.
    """
    spacing, length = pitch
    count = int(4.0 / (spacing * length * 0.7))
    starts = rng.uniform(0, 1, (count, 2)).astype(np.float32)
    starts = starts[sample(tone, starts[:, 0], starts[:, 1]) > floor]
    long = (length * rng.uniform(0.6, 1.25, len(starts))).astype(np.float32)
    paths = trace(flow, starts, long, 13)
    tones = sample(tone, paths[..., 0], paths[..., 1])
    cells = int((halo + 1) / spacing)
    taken = np.zeros((cells, cells), np.bool_)
    places = np.clip((paths * cells).astype(np.int32), 0, cells - 1)
    for path, wanted, place in zip(paths, tones, places, strict=True):
        free = ~taken[place[:, 1], place[:, 0]] & (wanted > floor - 0.04)
        free &= (np.abs(path - 0.5) < 0.5).all(1)
        if not free[6]:
            continue
        low = 6 - int(np.argmin(np.append(free[6::-1], False))) + 1
        high = 6 + int(np.argmin(np.append(free[6:], False)))
        if high - low < 5:
            continue
        _occupy(taken, place[low:high], halo)
        yield path[low:high], wanted[low:high]


def _occupy(taken: NDArray[np.bool_], place: NDArray[np.int32], halo: int) -> None:
    """Mark the cells of a line and those within `halo` of them."""
    if not halo:
        taken[place[:, 1], place[:, 0]] = True
        return
    steps = np.linspace(0, len(place) - 1, 2 * len(place))
    dense = [np.interp(steps, np.arange(len(place)), place[:, axis]) for axis in (0, 1)]
    column, row = (np.rint(line).astype(np.int32) for line in dense)
    reach = np.arange(-halo, halo + 1)
    rows = np.clip(row[:, None] + reach, 0, len(taken) - 1)
    columns = np.clip(column[:, None] + reach, 0, len(taken) - 1)
    taken[rows[:, :, None], columns[:, None, :]] = True
