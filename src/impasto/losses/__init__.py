"""Losses: functions of features, and of pictures."""

from impasto.losses.features import (
    CONTENT_LAYERS,
    STYLE_LAYERS,
    channel_products,
    gram,
    relative_square,
)
from impasto.losses.picture import (
    laplacian,
    out_of_range,
    squared_excess,
    squared_variation,
    total_variation,
)

__all__ = [
    "CONTENT_LAYERS",
    "STYLE_LAYERS",
    "channel_products",
    "gram",
    "laplacian",
    "out_of_range",
    "relative_square",
    "squared_excess",
    "squared_variation",
    "total_variation",
]
