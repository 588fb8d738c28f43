"""Losses: functions of features, and of pictures."""

from impasto.losses.features import CONTENT_LAYERS, STYLE_LAYERS, gram, relative_square
from impasto.losses.picture import out_of_range, total_variation

__all__ = [
    "CONTENT_LAYERS",
    "STYLE_LAYERS",
    "gram",
    "out_of_range",
    "relative_square",
    "total_variation",
]
