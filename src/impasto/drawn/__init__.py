"""Style pictures drawn by our own code, so that the project needs no one else's art.

They serve the demonstration, the tests and the documentation, and as styles of their own.
`python -m impasto.drawn` lists them, `python -m impasto.drawn NAME OUT.png` writes one.
"""

import importlib

import numpy as np
from numpy.typing import NDArray

from impasto.errors import OptionError
from impasto.options import suggest

DRAWINGS: tuple[str, ...] = (
    "brushwork",
    "seigaiha",
    "stained-glass",
    "hatching",
    "mosaic",
    "halftone",
    "watercolor",
    "cubism",
    "ink",
    "woodcut",
    "pointillism",
    "marbling",
    "batik",
    "art-deco",
    "pixel-weave",
    "neon",
)
_LARGEST = 4096

__all__ = ["DRAWINGS", "draw"]


def draw(name: str, *, size: int = 768, seed: int = 0) -> NDArray[np.float32]:
    """Draw a style picture; the same name, size and seed give the same picture.

    A seed gives the same composition at every size. A picture of 768 takes a few seconds.

    Args:
        name: One of `DRAWINGS`.
        size: Side of the square picture in pixels, 16 to 4096.
        seed: Any whole number from 0 up; another seed is another picture of its kind.

    Returns:
        The picture, `(size, size, 3)`, sRGB in [0, 1].

    Raises:
        OptionError: The name is unknown, or the size or the seed is outside its limits.

    Example:
        >>> draw("halftone", size=32).shape
        (32, 32, 3)
    """
    if name not in DRAWINGS:
        raise OptionError(_unknown(name))
    if not 16 <= size <= _LARGEST:
        raise OptionError(f"size is {size}; a drawing has a side of 16 to {_LARGEST} pixels")
    if seed < 0:
        raise OptionError(f"seed is {seed}; a seed is a whole number from 0 up")
    painter = importlib.import_module(f"impasto.drawn.{name.replace('-', '_')}")
    rng = np.random.default_rng([DRAWINGS.index(name), seed])
    picture = np.asarray(painter.paint(size, rng), dtype=np.float32)
    return np.clip(picture, 0, 1)


def _unknown(name: str) -> str:
    """Say that there is no such drawing, and which one was probably meant."""
    return f"no drawing is called {name!r}: {suggest(name, DRAWINGS)}"
