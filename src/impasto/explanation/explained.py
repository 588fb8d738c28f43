"""The explanation: numbers as plain data, and a page that shows them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from impasto.explanation.findings import (
    Attribution,
    Colors,
    Curves,
    Distance,
    LayerMaps,
    plain,
)
from impasto.explanation.inputs import Inputs, Trio
from impasto.explanation.words import summary
from impasto.images.files import write_file


@dataclass(frozen=True, eq=False)
class Explanation:
    """Hold what became of a content: distances, maps, matches, colours; `save` it as a page.

    `backbone` is the network that looked. `distances` are of every layer at every size, the whole
    size last; `maps` of every layer, `attributions` of some, at the whole size.
    """

    backbone: str
    inputs: Inputs
    distances: tuple[Distance, ...]
    maps: tuple[LayerMaps, ...]
    attributions: tuple[Attribution, ...]
    colors: Colors
    curves: Curves | None = None

    @property
    def trio(self) -> Trio:
        """Return the three pictures as they were looked at."""
        return self.inputs.trio

    @property
    def recipe(self) -> Mapping[str, Any] | None:
        """Return the result's recipe, None where it carries none."""
        return self.inputs.recipe

    def at_full_size(self) -> list[Distance]:
        """Return the distances at the whole size, a row for each layer."""
        return [row for row in self.distances if row.size == self.trio.longest]

    def summary(self) -> list[str]:
        """Return what the numbers say, in sentences."""
        return summary(self)

    def as_dict(self) -> dict[str, Any]:
        """Return the numbers as plain values, as JSON keeps them; maps of places are left out."""
        height, width = self.trio.content.shape[:2]
        high, wide = self.trio.style.shape[:2]
        flow = [[float(share) for share in row] for row in self.colors.flow]
        curves = self.curves
        return {
            "backbone": self.backbone,
            "pictures": dict(self.inputs.names),
            "width": width,
            "height": height,
            "style_width": wide,
            "style_height": high,
            "style_scale": self.inputs.style_scale,
            "summary": self.summary(),
            "distances": [
                plain(row) | {"moved": row.moved, "gone": row.gone} for row in self.distances
            ],
            "maps": [plain(item) for item in self.maps],
            "attributions": [plain(item) | _likeness(item) for item in self.attributions],
            "colors": plain(self.colors) | {"flow": flow},
            "log": None if curves is None else {"last_step": int(curves.steps[-1])} | {
                "losses": {name: float(values[-1]) for name, values in curves.losses.items()}
            },
            "recipe": None if self.recipe is None else dict(self.recipe),
        }  # fmt: skip

    def html(self) -> str:
        """Return a page that needs nothing but itself."""
        from impasto.explanation.page import page

        return page(self)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the page, whole or not at all.

        Raises:
            ImageError: the file cannot be written.
        """
        # a name may hold bytes that are no text
        return write_file(path, self.html().encode("utf-8", "replace"))


def _likeness(found: Attribution) -> dict[str, float]:
    return {
        "mean_likeness": float(found.likeness.mean()),
        "mean_likeness_before": float(found.likeness_before.mean()),
    }
