"""Regions: which parts of a content go with which parts of a style."""

from impasto.regions.labels import Match, match_labels

__all__ = ["Match", "match_labels"]
