"""From a style picture to its code."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from impasto.images import fit
from impasto.methods.contract import Image
from impasto.methods.realtime.colors import color_code
from impasto.methods.realtime.engines import Engine

Array = NDArray[np.float32]

STYLE_SIDE = 512  # longest side at which a style is looked at, times style_scale
_LEAST_SIDE = 64


def encode_style(engine: Engine, style: Image, scale: float = 1.0) -> Array:
    """Return the code of a style picture (H, W, 3); small ones are enlarged.

    `scale` is the size at which the style is looked at: larger means larger strokes.
    """
    style = _without_ends(style)
    height, width = style.shape[:2]
    longest, shortest = max(height, width), min(height, width)
    side = STYLE_SIDE * scale
    if side > longest:
        side = longest if scale == 1 else min(side, scale * longest)
    # a sliver keeps enough for the encoder's halvings
    side = max(side, math.ceil(_LEAST_SIDE * longest / shortest))
    seen = style if round(side) == longest else fit(style, round(side))
    seen = np.ascontiguousarray(seen, np.float32)
    learned = engine.run("style", {"style": seen[None]}, ["code"])[0][0]
    return np.concatenate([learned, color_code(style)]).astype(np.float32)


def _without_ends(style: Image) -> Image:
    """Return the middle of a style that is more than 16 times as long as it is wide."""
    height, width = style.shape[:2]
    most = 16 * min(height, width)
    top, left = max(0, height - most) // 2, max(0, width - most) // 2
    return style[top : top + most, left : left + most]
