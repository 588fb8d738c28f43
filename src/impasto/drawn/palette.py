"""Colour mixing on sRGB arrays: hex colours, ramps, opaque and transparent layers."""

from collections.abc import Sequence

import numpy as np

from impasto.drawn.fields import Array


def rgb(code: str) -> Array:
    """Return the colour of a code such as `#1b2a4f` as three values in [0, 1]."""
    return np.array([int(code[i : i + 2], 16) for i in (1, 3, 5)], np.float32) / np.float32(255)


def swatches(codes: Sequence[str]) -> Array:
    """Return several colours as `(K, 3)`."""
    return np.stack([rgb(code) for code in codes])


def ramp(value: Array, codes: Sequence[str]) -> Array:
    """Map values in [0, 1] to evenly spaced colours, with linear steps between them."""
    colours = swatches(codes)
    position = np.clip(value, 0, 1) * (len(codes) - 1)
    low = np.minimum(position.astype(np.int32), len(codes) - 2)
    share = (position - low)[..., None]
    return np.asarray(colours[low] * (1 - share) + colours[low + 1] * share, dtype=np.float32)


def over(below: Array, above: Array, cover: Array) -> Array:
    """Lay `above` (a picture or a colour) on `below` with opacity `cover` `(H, W)`."""
    return np.asarray(below + (above - below) * cover[..., None], dtype=np.float32)


def glaze(below: Array, ink: Array, density: Array) -> Array:
    """Print a transparent ink: the light is multiplied by `ink ** density`."""
    absorbed = np.log(np.maximum(ink, 0.004)) * density[..., None]
    return np.asarray(below * np.exp(absorbed), dtype=np.float32)
