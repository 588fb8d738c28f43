"""How large a tile may be, that all stays in the memory there is."""

from __future__ import annotations

import math
from dataclasses import dataclass

from impasto.engine import available_memory, used_memory
from impasto.errors import OptionError
from impasto.images.picture import MIN_SIDE
from impasto.methods.realtime.model import CELL
from impasto.options import byte_count

LARGEST_TILE = 4096
LEAST_TILE = 256
BYTES_PER_PIXEL = 24  # of a picture in memory: the content as it is painted, and the result
PAINTED = 105  # bytes for each pixel of a tile whatever paints it: inputs, outputs, encoding
GUIDED = 300  # more where masks or a strength map say what is painted where
REGION = 16  # more for each region
LOCAL = 100  # more where each place has statistics of its own
FIXED = 24 * 2**20  # while a graph is compiled
FIXED_MAPS = 160 * 2**20  # where numbers vary from place to place: freed blocks that the heap keeps
_SHARE = 0.8  # of the free memory


@dataclass(frozen=True)
class Cost:
    """What a tile takes: bytes for each pixel of its window, whose sides are `around` longer.

    So many pixels, `least`, are looked at together however small the tiles are, and `fixed` bytes
    are taken beside.
    """

    per_pixel: float
    around: int
    least: int = 0
    fixed: int = 0

    def __add__(self, other: Cost) -> Cost:
        """Return the cost where both are painted side by side."""
        return Cost(
            self.per_pixel + other.per_pixel,
            max(self.around, other.around),
            max(self.least, other.least),
            self.fixed + other.fixed,
        )

    def of_tile(self, side: int, height: int, width: int) -> float:
        """Return the bytes that tiles of a picture take."""
        window = min((side + self.around) ** 2, height * width)
        return self.fixed + self.per_pixel * max(window, min(self.least, height * width))


def cost_of(held: float, halo: int, *, regions: int, local: bool, least: int) -> Cost:
    """Return the cost of tiles of a network that holds so many bytes for each pixel.

    `regions` are those that guides make, 0 where there are none.
    """
    guided = (GUIDED + REGION * regions) if regions else 0
    fixed = FIXED_MAPS if regions or local else FIXED
    return Cost(PAINTED + held + guided + LOCAL * local, 2 * halo + 3 * CELL, least, fixed)


def free_memory(amount: str | None) -> int | None:
    """Return the bytes that may be taken: of an amount asked for, or of all; None if unknown."""
    asked, there = byte_count(amount), available_memory()
    if asked is not None:
        return asked - used_memory()
    return None if there is None else int(_SHARE * there)


def tile_side(
    free: int | None, cost: Cost, height: int, width: int, held: float = BYTES_PER_PIXEL
) -> int:
    """Return the side of the tiles for a picture, of which `held` bytes a pixel stay in memory.

    Raises:
        OptionError: the free bytes do not do for the smallest.
    """
    if free is None:
        return LARGEST_TILE
    left = free - held * height * width
    if cost.of_tile(LEAST_TILE, height, width) > left:
        needed = free - left + cost.of_tile(LEAST_TILE, height, width)
        raise OptionError(
            f"a {width}x{height} picture needs about {_told(needed)} more, and"
            f" {_told(max(free, 0))} are there: {_advice(free, cost, height, width)}"
        )
    if cost.of_tile(LARGEST_TILE, height, width) <= left:
        return LARGEST_TILE
    side = int(math.sqrt((left - cost.fixed) / cost.per_pixel) - cost.around) // CELL * CELL
    return max(LEAST_TILE, min(LARGEST_TILE, side))


def _advice(free: int, cost: Cost, height: int, width: int) -> str:
    """Return what does: a size at which the picture fits whole, or else more memory."""
    longest = max(height, width)
    pixels = max(free - cost.fixed, 0) / (BYTES_PER_PIXEL + cost.per_pixel)
    size = int(longest * min(1, math.sqrt(pixels / (height * width))))
    if size * min(height, width) / longest < MIN_SIDE:
        return "close other programs, or allow more with --memory"
    return f"use --size {size}"


def _told(count: float) -> str:
    if count < 2**29:
        return f"{max(1, round(count / 2**20)) if count else 0} MB"
    return f"{count / 2**30:.1f} GB"
