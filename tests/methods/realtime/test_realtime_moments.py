"""The first pass: where it looks, and what changes what it finds."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from impasto.methods.realtime import moments
from impasto.methods.realtime.colors import coloring
from impasto.methods.realtime.export import content_example
from impasto.methods.realtime.graph import ContentGraph
from impasto.methods.realtime.model import CELL, STRIDES, reach
from impasto.methods.realtime.moments import find_statistics
from impasto.methods.realtime.network import Realtime, RealtimeConfig
from impasto.methods.realtime.painting import Painter, Region

LEVEL = 1 / 255
LAYERS = dict.fromkeys(STRIDES, (1,))
cells = st.integers(3, 60).map(lambda count: CELL * count)


class Field:
    """Show a random field as moments, and where it was looked at."""

    def __init__(self, height: int, width: int, smooth: float = 4) -> None:
        rng = np.random.default_rng(0)
        coarse = rng.normal(0.5, 0.2, (int(smooth) + 2, int(smooth) + 2))
        y, x = (np.linspace(0, smooth, side // CELL) for side in (height, width))
        low = [np.floor(v).astype(int) for v in (y, x)]
        a, b = (y - low[0])[:, None], (x - low[1])[None]
        rows, columns = low[0][:, None], low[1][None]
        field = (1 - a) * (1 - b) * coarse[rows, columns]
        field += (1 - a) * b * coarse[rows, columns + 1]
        field += a * (1 - b) * coarse[rows + 1, columns] + a * b * coarse[rows + 1, columns + 1]
        self.values: NDArray[np.float64] = field + rng.normal(0, 0.1, field.shape)
        self.seen = np.zeros(field.shape, int)
        self.sizes: set[tuple[int, int]] = set()

    def __call__(self, part: Any) -> list[NDArray[np.float32]]:
        rows, columns = (slice(s.start // CELL, s.stop // CELL) for s in part)
        self.seen[rows, columns] += 1
        self.sizes.add((part[0].stop - part[0].start, part[1].stop - part[1].start))
        found = self.values[rows, columns]
        return [np.stack([found, found**2])[None].astype(np.float32)] * 3


def whole(field: Field) -> tuple[float, float]:
    return float(field.values.mean()), float(np.sqrt(field.values.var() + 1e-4))


@given(cells, cells, st.sampled_from([0, 16, 48]), st.sampled_from([64, 256, 4096]))
def test_every_cell_counts_once(height: int, width: int, reach: int, tile: int) -> None:
    field = Field(height, width)
    found = find_statistics(field, (height, width), LAYERS, reach, tile, 0.0)
    for table in found.tables.values():
        np.testing.assert_allclose(table.ravel(), whole(field), rtol=1e-3)
    assert field.seen.min() >= 1
    assert len(field.sizes) == 1  # the engine compiles for each


@pytest.mark.parametrize("shape", [(5120, 5120), (2048, 16384), (16384, 2048), (48, 640_000)])
@pytest.mark.parametrize("local", [0.0, 0.3])
def test_the_lattice_covers_large_pictures_evenly(shape: tuple[int, int], local: float) -> None:
    field = Field(*shape)
    found = find_statistics(field, shape, LAYERS, 16, 4096, local)
    assert len(field.sizes) == 1
    assert 0.3 < (field.seen > 0).mean() < 1
    # and each tenth of the picture as much as any other
    for axis in (0, 1):
        shares = [
            (part > 0).mean() for part in np.array_split(field.seen, 10, axis) if part.size > 0
        ]
        if len(shares) == 10 and field.seen.shape[axis] > 10:
            assert min(shares) > 0.5 * np.mean(shares)
            assert max(shares) < 1.6 * np.mean(shares)
    if local == 0:
        mean, deviation = found.tables["fine"].ravel()
        expected = whole(field)
        assert abs(mean - expected[0]) < 0.01
        assert abs(deviation - expected[1]) < 0.01


def test_the_lattice_costs_no_more_for_larger_pictures() -> None:
    looked = []
    for side in (4096 + 16, 8192, 20480):
        field = Field(side, side)
        find_statistics(field, (side, side), LAYERS, 16, 4096, 0.0)
        looked.append(int(field.seen.sum()))
    assert max(looked) <= 1.1 * min(looked)


def picture(height: int, width: int) -> NDArray[np.float32]:
    y, x = np.mgrid[0:height, 0:width]
    planes = [np.sin(x / (4 + c) + y * (1 + c) / 20) for c in range(3)]
    swell = np.linspace(0.1, 0.45, width)[None, :, None]
    return (0.5 + swell * np.stack(planes, 2)).clip(0, 1).astype(np.float32)


@pytest.mark.parametrize("local", [0.0, 0.3])
@pytest.mark.parametrize("shape", [(150, 427), (333, 90)])
def test_tiles_are_the_whole_with_the_lattice(
    model: Any, engine: Any, codes: Any, monkeypatch: pytest.MonkeyPatch, shape: Any, local: float
) -> None:
    content = picture(*shape)
    code = codes["batik"]
    regions = [Region(model.affines(code.vector, code.affines), coloring(code.vector))]
    exact = Painter(model, engine)(content, regions, local)
    monkeypatch.setattr(moments, "LARGEST", 2**14)
    monkeypatch.setattr(moments, "WINDOW", 32)
    painted = [Painter(model, engine, tile)(content, regions, local) for tile in (4096, 64, 160)]
    for tiled in painted[1:]:
        assert np.abs(tiled - painted[0]).max() <= LEVEL
    # it is the lattice that was looked at, and it is near what it stands for
    assert 0 < np.abs(painted[0] - exact).mean() < 8 * LEVEL


def test_a_picture_that_is_large_with_its_margin_alone_is_large(
    model: Any, engine: Any, codes: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moments, "LARGEST", 160 * 160)
    monkeypatch.setattr(moments, "WINDOW", 32)
    content, code = picture(160, 160), codes["batik"]
    regions = [Region(model.affines(code.vector, code.affines), coloring(code.vector))]
    whole, tiled = (Painter(model, engine, tile)(content, regions) for tile in (4096, 64))
    assert np.abs(tiled - whole).max() <= LEVEL


@pytest.mark.parametrize("blocks", [0, 1, 2])
def test_nothing_beyond_the_reach_changes_moments(blocks: int) -> None:
    torch.manual_seed(0)
    config = RealtimeConfig(fine=8, coarse=8, deep=8, deep_blocks=1, encoder_blocks=blocks)
    network = Realtime(config).double().eval()
    around = reach(asdict(config))
    assert around % CELL == 0
    side = 2 * around + 7 * CELL
    inputs = {
        k: v.double() for k, v in content_example(network, 3 * CELL, side, maps=False).items()
    }
    middle = 3 + around // CELL  # a cell
    found = []
    for _ in range(2):
        inputs["content"][:, :, : CELL * middle - around].uniform_()
        inputs["content"][:, :, CELL * (middle + 1) + around :].uniform_()
        with torch.no_grad():
            found.append(ContentGraph(network)(**inputs)[1:])
    differs = False
    for before, after in zip(*found, strict=True):
        assert before.shape[-1] == side // CELL
        assert torch.equal(before[..., middle], after[..., middle])
        # a cell further out is changed, or the reach would be larger than it need be
        differs |= not torch.equal(before[..., middle - 1], after[..., middle - 1])
        assert not torch.equal(before[..., 0], after[..., 0])
    assert differs
