"""How large a tile may be, that all stays in the memory there is."""

from __future__ import annotations

import math

from impasto.engine import available_memory, used_memory
from impasto.errors import OptionError
from impasto.methods.realtime.model import CELL
from impasto.methods.realtime.options import RealtimeOptions
from impasto.options import byte_count

LARGEST_TILE = 4096
LEAST_TILE = 256
BYTES_PER_PIXEL = 24  # of a picture in memory: the content as it is painted, and the result
BYTES_PER_TILE_PIXEL = 122  # with its surroundings: engine, two inputs, two outputs, encoding
AROUND = 2 * 160 + 3 * CELL  # halo and margin
_SHARE = 0.8  # of the free memory


def tile_side(
    options: RealtimeOptions,
    height: int,
    width: int,
    bytes_per_pixel: float = BYTES_PER_PIXEL,
    share: float = 1.0,
) -> int:
    """Return the side of the tiles for a picture, of which so many bytes a pixel are held.

    `share` is that of the memory which is this picture's, where several are painted at once.

    Raises:
        OptionError: the memory does not do for the smallest.
    """
    asked, there = byte_count(options.memory), available_memory()
    if asked is None and there is None:
        return LARGEST_TILE
    free = _SHARE * (there or 0) if asked is None else asked - used_memory()
    free *= share
    held = bytes_per_pixel * height * width
    least = BYTES_PER_TILE_PIXEL * min((LEAST_TILE + AROUND) ** 2, height * width)
    if held + least > free:
        enough = max(height, width) * math.sqrt(
            max(free, 0) / (BYTES_PER_PIXEL + BYTES_PER_TILE_PIXEL) / height / width
        )
        raise OptionError(
            f"a {width}x{height} picture needs about {(held + least) / 2**30:.1f} GB more, and"
            f" {max(free, 0) / 2**30:.1f} GB are there: use --size {int(enough)}"
        )
    if held + BYTES_PER_TILE_PIXEL * height * width <= free:
        return LARGEST_TILE
    window = math.sqrt((free - held) / BYTES_PER_TILE_PIXEL)
    side = int(window - AROUND) // CELL * CELL
    return max(LEAST_TILE, min(LARGEST_TILE, side))
