"""Losses: functions of features, and of pictures."""

from impasto.losses.features import gram, relative_square
from impasto.losses.picture import out_of_range, total_variation

__all__ = ["gram", "out_of_range", "relative_square", "total_variation"]
