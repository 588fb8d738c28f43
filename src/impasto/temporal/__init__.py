"""Films that do not flicker: flow, scene cuts, and what was painted kept along them.

Importing this package needs no OpenCV; using it does.
"""

from impasto.temporal.calm import Calm
from impasto.temporal.cuts import is_cut
from impasto.temporal.film import CalmFrame, calm_film
from impasto.temporal.flow import FAST, FINE, Effort, Motion, Seen, chained, find_motion, look, warp
from impasto.temporal.options import TemporalOptions

__all__ = [
    "FAST",
    "FINE",
    "Calm",
    "CalmFrame",
    "Effort",
    "Motion",
    "Seen",
    "TemporalOptions",
    "calm_film",
    "chained",
    "find_motion",
    "is_cut",
    "look",
    "warp",
]
