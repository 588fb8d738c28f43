"""Paint a content with the network's graphs: whole or in tiles, in one style or in several.

What is painted at a place depends on the picture's statistics, which a first pass finds, and on
a neighbourhood of `halo` pixels; so tiles with that halo agree with the whole picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from impasto.methods.contract import Image
from impasto.methods.realtime.colors import whitening
from impasto.methods.realtime.engines import Engine
from impasto.methods.realtime.model import CELL, GRAINY, MARGIN, STRIDES, RealtimeModel
from impasto.methods.realtime.noise import noise
from impasto.methods.realtime.statistics import around_places, enlarged, whole_picture
from impasto.methods.realtime.tiles import Tile, around, length, painted_part, tiles_of

Array = NDArray[np.float32]

_MOMENTS = tuple(f"{scale}_moments" for scale in STRIDES)


@dataclass(frozen=True, eq=False)
class Region:
    """Say what is painted where: affines and colours of a style, and its share (H, W) or None.

    None is the whole picture. Shares of all regions sum to one at every place.
    """

    affines: dict[str, Array]
    color: Array
    share: Array | None = None


class Painter:
    """Paint contents by an engine.

    `tile` is the side of the tiles in pixels; pictures up to that size in both directions are
    painted at once. `grain` is the strength of the noise that strokes grow from.
    """

    def __init__(
        self, model: RealtimeModel, engine: Engine, tile: int = 4096, grain: float = 1.0
    ) -> None:
        self.model, self.engine, self.grain = model, engine, np.float32(grain)
        self.tile = max(CELL, tile // CELL * CELL)

    def __call__(self, content: Image, regions: Sequence[Region], local: float = 0.0) -> Image:
        """Return the content painted, (H, W, 3) in [0, 1].

        `local` is the width of the window for statistics, as a share of the longest side.
        """
        height, width = content.shape[:2]
        # mirrored beyond the border, where the network would paint a frame
        padding = around(height, width)
        padded = np.pad(content, (*padding, (0, 0)), mode="symmetric")
        shares = [_padded(region.share, padding) for region in regions]
        white = whitening(content)
        tiles = tiles_of(padded.shape[:2], self.tile, self.model.halo)
        if len(tiles) == 1 and local == 0:
            whole = slice(0, padded.shape[0]), slice(0, padded.shape[1])
            return self._paint(padded, whole, white, regions, shares, None)[:height, :width]
        cells = local * max(height, width) / CELL
        statistics = self._statistics(padded, white, tiles, cells)
        out = np.empty_like(content)
        for tile in tiles:
            outer = tile.outer_rows, tile.outer_columns
            known = {scale: _part(table, outer) for scale, table in statistics.items()}
            parts = [None if share is None else share[outer] for share in shares]
            painted = self._paint(padded, outer, white, regions, parts, known)
            rows, above = painted_part(tile.rows, tile.outer_rows, height)
            columns, left = painted_part(tile.columns, tile.outer_columns, width)
            out[rows, columns] = painted[above, left]
        return out

    def _statistics(
        self, padded: Image, white: Array, tiles: Sequence[Tile], cells: float
    ) -> dict[str, Array]:
        """Return the features' statistics by scale: one for all, or one for each cell."""
        height, width = (side // CELL for side in padded.shape[:2])
        found = {
            scale: np.empty((1, 2 * self.model.layers[scale][0], height, width), np.float32)
            for scale in STRIDES
        }
        for tile in tiles:
            inputs = self._inputs(padded, (tile.outer_rows, tile.outer_columns), white, None)
            moments = self.engine.run("content", inputs, _MOMENTS)
            top = (tile.rows.start - tile.outer_rows.start) // CELL
            left = (tile.columns.start - tile.outer_columns.start) // CELL
            rows, columns = _cells(tile.rows), _cells(tile.columns)
            for table, part in zip(found.values(), moments, strict=True):
                table[:, :, rows, columns] = part[
                    :, :, top : top + length(rows), left : left + length(columns)
                ]
        if cells == 0:
            return {scale: whole_picture(table) for scale, table in found.items()}
        return {scale: around_places(table, cells) for scale, table in found.items()}

    def _paint(
        self,
        content: Image,
        part: tuple[slice, slice],
        white: Array,
        regions: Sequence[Region],
        shares: Sequence[Array | None],
        statistics: dict[str, Array] | None,
    ) -> Image:
        inputs = self._inputs(content, part, white, statistics)
        if len(regions) == 1:
            inputs |= regions[0].affines | {"color": regions[0].color}
            return self.engine.run("content", inputs, ["picture"])[0][0]  # type: ignore[no-any-return]
        for scale, stride in STRIDES.items():
            inputs[scale] = sum(  # type: ignore[assignment]
                _reduced(share, stride) * region.affines[scale]
                for share, region in zip(shares, regions, strict=True)
            )
        inputs["limits"] = np.array([-1e4, 1e4], np.float32)
        painted = self.engine.run("content", inputs, ["picture"])[0][0]
        inner = slice(MARGIN, -MARGIN)
        out = sum(
            np.asarray(share)[inner, inner, None]
            * (painted @ region.color[:, :3].T + region.color[:, 3])
            for share, region in zip(shares, regions, strict=True)
        )
        return np.clip(out, 0, 1, dtype=np.float32)  # type: ignore[no-any-return]

    def _inputs(
        self,
        content: Image,
        part: tuple[slice, slice],
        white: Array,
        statistics: dict[str, Array] | None,
    ) -> dict[str, Array]:
        """Return inputs of the content graph for a part, complete but for a style."""
        inputs = {
            "content": np.ascontiguousarray(content[part])[None],
            "white": white,
            "color": np.eye(3, 4, dtype=np.float32),
            "limits": np.array([0, 1], np.float32),
            "given": np.array([0 if statistics is None else 1], np.float32),
        }
        for scale, stride in STRIDES.items():
            layers = self.model.layers[scale]
            count = 2 * sum(layers)
            if scale == GRAINY:
                count += layers[0]
                inputs[f"{scale}_noise"] = self.grain * noise(part, stride)
            inputs[scale] = np.ones((1, count, 1, 1), np.float32)
            known = np.ones((1, 2 * layers[0], 1, 1), np.float32)
            if statistics is not None:
                known = statistics[scale]
                if known.shape[2:] != (1, 1):
                    known = enlarged(known, *(length(side) // stride for side in part))
            inputs[f"{scale}_statistics"] = known
        return inputs


def _part(table: Array, outer: tuple[slice, slice]) -> Array:
    """Return a tile's part of a table of cells; one for all stays one."""
    if table.shape[2:] == (1, 1):
        return table
    return table[:, :, _cells(outer[0]), _cells(outer[1])]


def _cells(pixels: slice) -> slice:
    return slice(pixels.start // CELL, pixels.stop // CELL)


def _padded(share: Array | None, padding: tuple[tuple[int, int], ...]) -> Array | None:
    return None if share is None else np.pad(share, padding, mode="symmetric")


def _reduced(share: Array | None, stride: int) -> Array:
    """Return the mean shares of squares of pixels, (1, 1, H/stride, W/stride)."""
    assert share is not None
    height, width = share.shape
    cells = share.reshape(height // stride, stride, width // stride, stride)
    return cells.mean((1, 3))[None, None]  # type: ignore[no-any-return]
