"""Measure pictures: how much of the content is left, how much of the style is there."""

from impasto.metrics.distances import Judge, Judgement

__all__ = ["Judge", "Judgement"]
