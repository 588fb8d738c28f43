"""Painting in tiles: the same as the whole picture, whatever the sizes."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from impasto.methods.realtime.codes import StyleCode
from impasto.methods.realtime.colors import coloring
from impasto.methods.realtime.engines import Engine
from impasto.methods.realtime.export import content_example
from impasto.methods.realtime.graph import ContentGraph
from impasto.methods.realtime.model import CELL, GRAINY, MARGIN, STRIDES, RealtimeModel, halo
from impasto.methods.realtime.network import Realtime, RealtimeConfig
from impasto.methods.realtime.noise import noise
from impasto.methods.realtime.openvino_engine import OpenVinoEngine
from impasto.methods.realtime.painting import Painter, Region
from impasto.methods.realtime.tiles import least_tile, spans, tiles_of, with_margin

Array = NDArray[np.float32]
WHOLE = 4096
LEVEL = 1 / 255


def picture(height: int, width: int, seed: int) -> Array:
    """Return waves of other colours and contrast from left to right, with noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    planes = [np.sin(x / (4 + c) + y * (seed % 5 + c) / 20) for c in range(3)]
    swell = np.linspace(0.1, 0.45, width)[None, :, None]
    noise = rng.normal(0, 0.03, (height, width, 3))
    return (0.5 + swell * np.stack(planes, 2) + noise).clip(0, 1).astype(np.float32)


def region(model: RealtimeModel, code: StyleCode, share: Array | None = None) -> Region:
    """Return a style with noise, whether its code asks for any or not."""
    change = np.zeros_like(model.bias)
    change[-model.layers[GRAINY][0] :] = 0.2
    return Region(model.affines(code.vector, change), coloring(code.vector), share)


@settings(max_examples=12)
@given(st.integers(16, 240), st.integers(16, 440), st.integers(64, 256), st.integers(0, 99))
def test_tiles_are_the_whole(
    model: RealtimeModel, engine: Engine, codes: Any, height: int, width: int, tile: int, seed: int
) -> None:
    content = picture(height, width, seed)
    regions = [region(model, codes["batik"])]
    whole = Painter(model, engine, WHOLE)(content, regions)
    tiled = Painter(model, engine, tile)(content, regions)
    assert tiled.shape == whole.shape == content.shape
    assert np.abs(tiled - whole).max() <= LEVEL


@settings(max_examples=6)
@given(st.integers(16, 250), st.integers(16, 450), st.sampled_from([64, 128, 200]),
       st.floats(0.05, 1))  # fmt: skip
def test_tiles_are_the_whole_with_statistics_of_places(
    model: RealtimeModel, engine: Engine, codes: Any, height: int, width: int, tile: int,
    local: float,
) -> None:  # fmt: skip
    content = picture(height, width, 1)
    regions = [region(model, codes["mosaic"])]
    whole = Painter(model, engine, WHOLE)(content, regions, local)
    tiled = Painter(model, engine, tile)(content, regions, local)
    assert np.abs(tiled - whole).max() <= LEVEL


def test_tiles_are_the_whole_with_several_regions(
    model: RealtimeModel, engine: Engine, codes: Any
) -> None:
    content = picture(150, 427, 2)
    share = np.random.default_rng(0).random(content.shape[:2], dtype=np.float32)
    regions = [region(model, codes["ink"], share), region(model, codes["batik"], 1 - share)]
    whole = Painter(model, engine, WHOLE)(content, regions)
    tiled = Painter(model, engine, 64)(content, regions)
    assert np.abs(tiled - whole).max() <= LEVEL


def test_statistics_of_places_tend_to_those_of_the_whole(
    model: RealtimeModel, engine: Engine, codes: Any
) -> None:
    content, regions = picture(96, 128, 3), [region(model, codes["ink"])]
    painter = Painter(model, engine)
    whole = painter(content, regions)
    distances = [np.abs(painter(content, regions, share) - whole).mean() for share in (100, 1, 0.2)]
    assert distances[0] < LEVEL
    assert distances[0] < distances[1] < distances[2]


@pytest.mark.parametrize("tile", [1, 16, 40, 4096])
def test_any_tile_is_a_multiple_of_a_cell(model: RealtimeModel, engine: Engine, tile: int) -> None:
    assert Painter(model, engine, tile).tile % CELL == 0
    assert Painter(model, engine, tile).tile >= CELL


def test_tiles_are_compiled_for_one_shape(model: RealtimeModel, codes: Any, scene: Any) -> None:
    engine = OpenVinoEngine("float32", 1)
    regions = [Region(model.affines(codes["ink"].vector), coloring(codes["ink"].vector))]
    content = np.tile(scene, (7, 5, 1))
    whole = Painter(model, engine)(content, regions)
    tiled = Painter(model, engine, 64)(content, regions)
    assert np.abs(whole - tiled).max() < 0.1 / 255
    assert len(engine._shapes) == 3  # the whole, moments of tiles, tiles


def test_each_place_has_the_colours_of_its_region(
    model: RealtimeModel, engine: Engine, codes: Any, scene: Any
) -> None:
    affines = model.affines(codes["ink"].vector)
    colors = [coloring(codes[name].vector) for name in ("ink", "the-scream")]
    share = np.zeros(scene.shape[:2], np.float32)
    share[20:53, 31:70] = 1
    regions = [Region(affines, colors[0], share), Region(affines, colors[1], 1 - share)]
    each = [Painter(model, engine)(scene, [Region(affines, color)]) for color in colors]
    expected = np.where(share[..., None] > 0, *each)
    assert np.abs(Painter(model, engine)(scene, regions) - expected).max() < 0.01 / 255
    assert np.abs(each[0] - each[1]).mean() > 1 / 255


@given(st.integers(1, 40), st.integers(1, 12), st.integers(0, 8))
def test_spans_cover_everything_once(cells: int, side: int, around: int) -> None:
    length, side, around = CELL * cells, CELL * side, CELL * around
    cut = list(spans(length, side, around))
    covered = [i for inner, _ in cut for i in range(inner.start, inner.stop)]
    assert covered == list(range(length))
    for inner, outer in cut:
        assert 0 <= outer.start <= max(0, inner.start - around)
        assert min(length, inner.stop + around) <= outer.stop <= length
        assert outer.start % CELL == outer.stop % CELL == 0
    assert len({outer.stop - outer.start for _, outer in cut}) == 1
    # no more than there must be: equal parts, and what is around them
    least = length + len(cut) * 2 * around
    assert sum(outer.stop - outer.start for _, outer in cut) <= least + 4 * CELL * len(cut)
    assert max(inner.stop - inner.start for inner, _ in cut) <= max(side + 3 * CELL, CELL)


@pytest.mark.parametrize(
    "config",
    [
        RealtimeConfig(),
        RealtimeConfig(fine=8, coarse=8, deep=8, encoder_blocks=2, deep_blocks=1),
        RealtimeConfig(fine=8, coarse=8, deep=8, coarse_blocks=3, deep_blocks=3, fine_blocks=2),
    ],
)
def test_nothing_beyond_the_halo_is_seen(config: RealtimeConfig) -> None:
    torch.manual_seed(0)
    network = Realtime(config).double().eval()
    side = 2 * halo(asdict(config)) + 5 * CELL
    high = CELL + 2 * MARGIN
    inputs = {k: v.double() for k, v in content_example(network, high, side, maps=False).items()}
    inputs["given"] = torch.ones(1, dtype=torch.float64)
    inputs["limits"] = torch.tensor([-1e9, 1e9], dtype=torch.float64)
    around = halo(asdict(config))
    inner = slice(2 * CELL + around, 3 * CELL + around)
    painted = []
    for _ in range(2):
        inputs["content"][:, :, : inner.start - around].uniform_()
        inputs["content"][:, :, inner.stop + around :].uniform_()
        with torch.no_grad():
            painted.append(ContentGraph(network)(**inputs)[0])
    same = (painted[0] == painted[1]).all(3).all(1)[0]
    assert same[inner.start - MARGIN : inner.stop - MARGIN].all()
    assert not same[: inner.start - around - MARGIN].any()
    # and the halo is not much larger than it need be
    assert same.sum() <= inner.stop - inner.start + 4 * CELL


def test_the_shipped_halo_is_that_of_the_network(model: RealtimeModel) -> None:
    assert model.halo % CELL == 0
    assert list(STRIDES) == ["fine", "coarse", "deep"]
    assert model.halo < 256


@given(st.integers(0, 40), st.integers(0, 40), st.integers(1, 9), st.sampled_from([4, 8]))
def test_the_noise_of_a_place_is_always_the_same(
    top: int, left: int, side: int, stride: int
) -> None:
    whole = noise((slice(0, 52 * CELL), slice(0, 52 * CELL)), stride)
    part = slice(CELL * top, CELL * (top + side)), slice(CELL * left, CELL * (left + side))
    rows, columns = (slice(s.start // stride, s.stop // stride) for s in part)
    found = noise(part, stride)
    assert found.dtype == np.float32
    assert np.array_equal(found, whole[:, :, rows, columns])


@pytest.mark.parametrize("stride", [4, 8])
def test_noise_is_alike_in_neighbours_only(stride: int) -> None:
    values = noise((slice(0, 2048), slice(0, 4096)), stride)
    assert values.shape == (1, 1, 2048 // stride, 4096 // stride)
    assert abs(values.mean()) < 0.02
    assert abs(values.std() - 1) < 0.02
    for distance, expected in ((1, 2 / 3), (2, 1 / 6), (3, 0), (508, 2 / 3), (509, 1)):
        near, far = values[0, 0, :-distance].ravel(), values[0, 0, distance:].ravel()
        if len(near):
            assert abs(np.corrcoef(near, far)[0, 1] - expected) < 0.03


def test_grain_is_the_strength_of_the_noise(
    model: RealtimeModel, engine: Engine, codes: Any
) -> None:
    content = np.full((48, 64, 3), 0.5, np.float32)
    regions = [region(model, codes["ink"])]
    painted = [Painter(model, engine, grain=g)(content, regions) for g in (0.0, 0.1, 1.0)]
    changes = [np.abs(p - painted[0]).mean() for p in painted]
    assert changes == sorted(changes)
    assert changes[2] > LEVEL


@given(st.integers(16, 90), st.integers(16, 200), st.sampled_from([1, 16, 32, 48, 64, 200]))
def test_parts_are_disjoint_and_none_is_empty(height: int, width: int, side: int) -> None:
    tile = least_tile(side)
    seen = np.zeros((height, width), int)
    for part in tiles_of(with_margin((height, width)), tile, 0):
        rows, columns = part.place((height, width))
        assert rows.stop > rows.start
        assert columns.stop > columns.start
        seen[rows, columns] += 1
    assert (seen == 1).all()
    assert tile % CELL == 0
