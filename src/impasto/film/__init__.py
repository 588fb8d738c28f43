"""Films painted: styles over time, frames that follow each other calmly, a film out."""

from impasto.film.calm import CalmFrame, calm_film
from impasto.film.keyframes import Key, Keyframes
from impasto.film.open import open_film, stylize_video
from impasto.film.options import TemporalOptions
from impasto.film.run import Film, Painted, Part, paint_frames

__all__ = [
    "CalmFrame",
    "Film",
    "Key",
    "Keyframes",
    "Painted",
    "Part",
    "TemporalOptions",
    "calm_film",
    "open_film",
    "paint_frames",
    "stylize_video",
]
