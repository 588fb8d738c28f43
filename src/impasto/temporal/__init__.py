"""What moved in a film, where it cuts, and what was painted kept along it.

Importing this package needs no OpenCV; using it does.
"""

from impasto.temporal.calm import Calm, Fresh
from impasto.temporal.cuts import is_cut
from impasto.temporal.flow import FAST, FINE, Effort, Motion, Seen, chained, find_motion, look, warp

__all__ = [
    "FAST",
    "FINE",
    "Calm",
    "Effort",
    "Fresh",
    "Motion",
    "Seen",
    "chained",
    "find_motion",
    "is_cut",
    "look",
    "warp",
]
