"""Paint a content with a residual network: whole or in tiles, in one style or in several.

Every layer of the network is normalised, so tiles need the statistics of all layers. Pictures
larger than `LARGEST` pixels are painted by those of a thumbnail, whether in tiles or at once:
both agree, and the cost grows with the picture's size alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from impasto.engine import ahead
from impasto.images import thumbnail
from impasto.methods.contract import Image, Part, Pixels
from impasto.methods.realtime.colors import whitening
from impasto.methods.realtime.engines import Engine
from impasto.methods.realtime.model import MARGIN, Graphs
from impasto.methods.realtime.painting import Region
from impasto.methods.realtime.settled import Settled
from impasto.methods.realtime.tiles import (
    Tile,
    assembled,
    least_tile,
    mirrored,
    tiles_of,
    with_margin,
)

Array = NDArray[np.float32]

LARGEST = 1024 * 1024  # pixels that take their own statistics


@dataclass(frozen=True, eq=False)
class ResidualModel:
    """Hold what is needed beside the graph; `channels` are those of each normalised layer.

    `square` is the side of the squares of pixels that are one place of the first layer, `identity`
    are the gains and shifts that give a content back.
    """

    channels: tuple[int, ...]
    square: int
    halo: int
    sha256: str
    graphs: Graphs
    identity: Array

    @property
    def held(self) -> float:
        """Return about how many numbers an engine holds for each pixel at once."""
        return 8 * self.channels[0] / self.square**2  # as measured

    def affines(self, code: Array, change: Array | None = None) -> dict[str, Array]:
        """Return a style's row of gains and shifts, as the graph takes them."""
        assert change is not None
        return {"values": change.reshape(1, -1, 1, 1)}


class ResidualPainter:
    """Paint contents by an engine; see `painting.Painter`."""

    def __init__(
        self,
        model: ResidualModel,
        engine: Engine,
        tile: int = 4096,
        settled: Settled | None = None,
    ) -> None:
        self.model, self.engine, self.settled = model, engine, settled
        self.tile = least_tile(tile)

    def __call__(self, content: Image, regions: Sequence[Region], local: float = 0.0) -> Image:
        """Return the content painted, (H, W, 3) in [0, 1]."""
        return assembled(self.parts(content, regions, local), content.shape)

    def parts(
        self, content: Pixels, regions: Sequence[Region], local: float = 0.0, first: int = 0
    ) -> Iterator[Part]:
        """Yield what is painted, as `Painter.parts`; `local` changes nothing here."""
        white = whitening(content, self.settled)
        tiles = tiles_of(with_margin(content.shape), self.tile, self.model.halo)
        statistics = self._statistics(content, white, regions, len(tiles))

        def read(tile: Tile) -> tuple[Tile, Image, list[Array]]:
            shares = [mirrored(r.share, tile.outer) for r in regions if r.share is not None]
            return tile, mirrored(content, tile.outer), shares

        inner = slice(MARGIN, -MARGIN)
        for tile, seen, shares in ahead(map(read, tiles[first:])):
            each = [
                self._run(seen, white, region, known, ["picture"])[0][0, inner, inner]
                for region, known in zip(regions, statistics, strict=True)
            ]
            painted = each[0]
            if shares:
                weighed = (s[inner, inner, None] * x for s, x in zip(shares, each, strict=True))
                painted = sum(weighed, start=np.zeros_like(painted))
            yield tile.part(painted, content.shape)

    def _statistics(
        self, content: Pixels, white: Array, regions: Sequence[Region], tiles: int
    ) -> list[Array | None]:
        """Return what each region's layers are normalised by; None is what the tile has itself."""
        height, width = content.shape[:2]
        if tiles == 1 and height * width <= LARGEST and self.settled is None:
            return [None] * len(regions)
        side = round(max(height, width) * math.sqrt(min(1, LARGEST / (height * width))))
        seen = thumbnail(content, side)
        whole = with_margin(seen.shape)
        padded = mirrored(seen, (slice(0, whole[0]), slice(0, whole[1])))
        found = [self._run(padded, white, region, None, ["found"])[0] for region in regions]
        if self.settled is None:
            return found  # type: ignore[return-value]
        return [self.settled(f"region {i}", each) for i, each in enumerate(found)]

    def _run(
        self,
        content: Image,
        white: Array,
        region: Region,
        statistics: Array | None,
        outputs: Sequence[str],
    ) -> list[Array]:
        count = 2 * sum(self.model.channels)
        inputs = {
            "content": np.ascontiguousarray(content)[None],
            "white": white,
            "color": region.color,
            "limits": np.array([0, 1], np.float32),
            **region.affines,
            "statistics": np.ones((1, count, 1, 1), np.float32)
            if statistics is None
            else statistics,
            "given": np.array([statistics is not None], np.float32),
        }
        return self.engine.run("content", inputs, outputs)
