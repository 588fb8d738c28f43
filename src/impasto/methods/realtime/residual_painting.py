"""Paint a content with a residual network: whole or in tiles, in one style or in several.

Every layer of the network is normalised, so tiles need the statistics of all layers. Pictures
larger than `LARGEST` pixels are painted by those of a thumbnail, whether in tiles or at once:
both agree, and the cost grows with the picture's size alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from impasto.images import fit
from impasto.methods.contract import Image
from impasto.methods.realtime.colors import whitening
from impasto.methods.realtime.engines import Engine
from impasto.methods.realtime.model import CELL, MARGIN, Graphs
from impasto.methods.realtime.painting import Region
from impasto.methods.realtime.tiles import around, painted_part, tiles_of

Array = NDArray[np.float32]

LARGEST = 1024 * 1024  # pixels that take their own statistics


@dataclass(frozen=True, eq=False)
class ResidualModel:
    """Hold what is needed beside the graph; `channels` are those of each normalised layer.

    `identity` are the gains and shifts that give a content back.
    """

    channels: tuple[int, ...]
    halo: int
    sha256: str
    graphs: Graphs
    identity: Array

    def affines(self, code: Array, change: Array | None = None) -> dict[str, Array]:
        """Return a style's row of gains and shifts, as the graph takes them."""
        assert change is not None
        return {"values": change.reshape(1, -1, 1, 1)}


class ResidualPainter:
    """Paint contents by an engine; see `painting.Painter`."""

    def __init__(self, model: ResidualModel, engine: Engine, tile: int = 4096) -> None:
        self.model, self.engine = model, engine
        self.tile = max(CELL, tile // CELL * CELL)

    def __call__(self, content: Image, regions: Sequence[Region], local: float = 0.0) -> Image:
        """Return the content painted, (H, W, 3) in [0, 1]; `local` changes nothing here."""
        white = whitening(content)
        out = np.zeros_like(content)
        for region in regions:
            painted = self._paint(content, white, region)
            out += painted if region.share is None else region.share[..., None] * painted
        return out

    def _paint(self, content: Image, white: Array, region: Region) -> Image:
        height, width = content.shape[:2]
        padded = _padded(content)
        statistics = None
        if height * width > LARGEST:
            side = round(max(height, width) * math.sqrt(LARGEST / (height * width)))
            thumbnail = _padded(fit(content, side))
            (statistics,) = self._run(thumbnail, white, region, None, ["found"])
        out = np.empty_like(content)
        for tile in tiles_of(padded.shape[:2], self.tile, self.model.halo):
            part = padded[tile.outer_rows, tile.outer_columns]
            (painted,) = self._run(part, white, region, statistics, ["picture"])
            inner = painted[0, MARGIN:-MARGIN, MARGIN:-MARGIN]
            rows, above = painted_part(tile.rows, tile.outer_rows, height)
            columns, left = painted_part(tile.columns, tile.outer_columns, width)
            out[rows, columns] = inner[above, left]
        return out

    def _run(
        self,
        content: Image,
        white: Array,
        region: Region,
        statistics: Array | None,
        outputs: Sequence[str],
    ) -> list[Array]:
        count = 2 * sum(self.model.channels)
        given = statistics is not None
        inputs = {
            "content": np.ascontiguousarray(content)[None],
            "white": white,
            "color": region.color,
            "limits": np.array([0, 1], np.float32),
            **region.affines,
            "statistics": statistics if given else np.ones((1, count, 1, 1), np.float32),
            "given": np.array([given], np.float32),
        }
        return self.engine.run("content", inputs, outputs)  # type: ignore[arg-type]


def _padded(content: Image) -> Image:
    """Return a content mirrored beyond its border, where the network would paint a frame."""
    return np.pad(content, (*around(*content.shape[:2]), (0, 0)), mode="symmetric")
