"""Paint a content with the network's graphs: whole or in tiles, in one style or in several.

What is painted at a place depends on the picture's statistics, which a first pass finds, and on
a neighbourhood of `halo` pixels; so tiles with that halo agree with the whole picture.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from impasto.engine import ahead
from impasto.methods.contract import Image, Part, Pixels, Place
from impasto.methods.realtime.colors import whitening
from impasto.methods.realtime.engines import Engine
from impasto.methods.realtime.findings import Findings
from impasto.methods.realtime.inputs import content_inputs
from impasto.methods.realtime.model import MARGIN, STRIDES, RealtimeModel
from impasto.methods.realtime.moments import find_statistics, is_large
from impasto.methods.realtime.settled import Settled
from impasto.methods.realtime.statistics import Statistics, whole_picture
from impasto.methods.realtime.tiles import (
    Tile,
    assembled,
    least_tile,
    mirrored,
    tiles_of,
    with_margin,
)

Array = NDArray[np.float32]
Inputs = dict[str, Array]

_LOOKED_AT = 512  # side of the parts that are looked at for statistics
_MOMENTS = tuple(f"{scale}_moments" for scale in STRIDES)


@dataclass(frozen=True, eq=False)
class Region:
    """Say what is painted where: affines and colours of a style, and its share (H, W) or None.

    None is the whole picture. Shares of all regions sum to one at every place.
    """

    affines: dict[str, Array]
    color: Array
    share: Pixels | None = None


class Painter:
    """Paint contents by an engine.

    `tile` is the side of the tiles in pixels; pictures up to that size in both directions are
    painted at once. `grain` is the strength of the noise that strokes grow from. With `settled`
    contents are frames of a film, in order, whose statistics it settles over time. `findings` are
    of contents that were painted before.
    """

    def __init__(
        self,
        model: RealtimeModel,
        engine: Engine,
        tile: int = 4096,
        grain: float = 1.0,
        settled: Settled | None = None,
        findings: Findings | None = None,
    ) -> None:
        self.model, self.engine, self.grain, self.settled = model, engine, grain, settled
        self.findings = Findings() if findings is None else findings
        self.tile = least_tile(tile)

    def __call__(self, content: Image, regions: Sequence[Region], local: float = 0.0) -> Image:
        """Return the content painted, (H, W, 3) in [0, 1]; see `parts`."""
        return assembled(self.parts(content, regions, local), content.shape)

    def parts(
        self, content: Pixels, regions: Sequence[Region], local: float = 0.0, first: int = 0
    ) -> Iterator[Part]:
        """Yield what is painted, tile by tile, row after row, from the `first` on.

        `local` is the width of the window for statistics, as a share of the longest side.
        """
        white = whitening(content, self.settled)
        tiles = tiles_of(with_margin(content.shape), self.tile, self.model.halo)
        statistics, known = None, self._settled_before()
        looked = len(tiles) > 1 or bool(local) or is_large(with_margin(content.shape))
        if looked or (self.settled is not None and known is None):
            statistics = self._settle(self._statistics(content, white, local))
        elif known is not None:
            # those of the frames before: this one's are found while it is painted, at no cost
            statistics = known

        settle = known is not None and statistics is known

        def read(tile: Tile) -> tuple[Tile, Inputs, list[Array]]:
            shares = [mirrored(r.share, tile.outer) for r in regions if r.share is not None]
            return tile, self._inputs(content, tile.outer, white, statistics), shares

        for tile, inputs, shares in ahead(map(read, tiles[first:])):
            painted = self._painted(inputs, regions, shares, settle)
            yield tile.part(painted, content.shape)

    def _settled_before(self) -> Statistics | None:
        tables = {} if self.settled is None else {s: self.settled.last(s) for s in STRIDES}
        found = {s: t for s, t in tables.items() if t is not None and t.shape[2:] == (1, 1)}
        return Statistics(found, (1, 1)) if found else None

    def _settle(self, found: Statistics) -> Statistics:
        if self.settled is None:
            return found
        return Statistics({s: self.settled(s, t) for s, t in found.tables.items()}, found.pitch)

    def _statistics(self, content: Pixels, white: Array, local: float) -> Statistics:
        def look(part: Place) -> list[Array]:
            inputs = self._inputs(content, part, white, None)
            return self.engine.run("content", inputs, _MOMENTS)

        # small parts: what the engine keeps for their shape is beside what painting takes
        shape, tile = with_margin(content.shape), min(self.tile, _LOOKED_AT)
        layers, reach = self.model.layers, self.model.reach
        return self.findings.get(
            content,
            (self.model.sha256, self.engine.name, self.engine.precision, self.grain, tile, local),
            lambda: find_statistics(look, shape, layers, reach, tile, local),
        )

    def _inputs(
        self, content: Pixels, part: Place, white: Array, statistics: Statistics | None
    ) -> Inputs:
        known = None if statistics is None else statistics.of(part)
        pixels = mirrored(content, part)
        return content_inputs(self.model.layers, pixels, part, white, known, self.grain)

    def _run(self, inputs: Inputs, settle: bool) -> Image:
        """Return the picture of a part; with `settle` of all, whose statistics are then settled."""
        outputs = ["picture", *_MOMENTS] if settle else ["picture"]
        picture, *moments = self.engine.run("content", inputs, outputs)
        if self.settled is not None:
            for scale, found in zip(STRIDES, moments, strict=False):
                self.settled(scale, whole_picture(found))
        return picture[0]  # type: ignore[no-any-return]

    def _painted(
        self, inputs: Inputs, regions: Sequence[Region], shares: list[Array], settle: bool
    ) -> Image:
        """Return what is painted of a part, without the margin."""
        if len(regions) == 1:
            inputs |= regions[0].affines | {"color": regions[0].color}
            return self._run(inputs, settle)
        for scale, stride in STRIDES.items():
            inputs[scale] = sum(  # type: ignore[assignment]
                _reduced(share, stride) * region.affines[scale]
                for share, region in zip(shares, regions, strict=True)
            )
        inputs["limits"] = np.array([-1e4, 1e4], np.float32)
        painted = self._run(inputs, settle)
        inner = slice(MARGIN, -MARGIN)
        out = sum(
            share[inner, inner, None] * (painted @ region.color[:, :3].T + region.color[:, 3])
            for share, region in zip(shares, regions, strict=True)
        )
        return np.clip(out, 0, 1, dtype=np.float32)  # type: ignore[no-any-return]


def _reduced(share: Array, stride: int) -> Array:
    """Return the mean shares of squares of pixels, (1, 1, H/stride, W/stride)."""
    height, width = share.shape
    cells = share.reshape(height // stride, stride, width // stride, stride)
    return cells.mean((1, 3))[None, None]  # type: ignore[no-any-return]
