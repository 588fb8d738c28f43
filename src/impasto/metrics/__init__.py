"""Measure pictures: how much of the content is left, how much of the style is there.

Importing this package needs no PyTorch, and neither do `ssim`, `edge_ssim` and
`color_distance`; judging does.
"""

from typing import TYPE_CHECKING, Any

from impasto.metrics.color import color_distance
from impasto.metrics.ssim import edge_ssim, ssim
from impasto.metrics.table import Measurements, MetricsOptions, Row, measure
from impasto.metrics.video import FilmMeasurements, FilmOptions, FilmRow, measure_film

if TYPE_CHECKING:
    from impasto.metrics.change import FeatureChange
    from impasto.metrics.distances import Judge, Judgement, Seen

__all__ = [
    "FeatureChange",
    "FilmMeasurements",
    "FilmOptions",
    "FilmRow",
    "Judge",
    "Judgement",
    "Measurements",
    "MetricsOptions",
    "Row",
    "Seen",
    "color_distance",
    "edge_ssim",
    "measure",
    "measure_film",
    "ssim",
]


def __getattr__(name: str) -> Any:
    # late, because judging imports torch
    if name in ("FeatureChange", "Judge", "Judgement", "Seen"):
        from impasto.errors import MissingExtraError

        try:
            from impasto.metrics import change, distances
        except ModuleNotFoundError as missing:
            if missing.name != "torch":
                raise
            raise MissingExtraError("Judging pictures", "optimize") from missing
        return getattr(change if name == "FeatureChange" else distances, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
