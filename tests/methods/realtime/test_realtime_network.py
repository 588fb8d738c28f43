"""The network: its size and cost, and that training and inference compute the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import nn

from impasto.errors import WeightsError
from impasto.methods.realtime.colors import coloring, whitening
from impasto.methods.realtime.encoding import encode_style
from impasto.methods.realtime.engines import Engine
from impasto.methods.realtime.export import content_example
from impasto.methods.realtime.model import (
    COLOR,
    DATA,
    GRAINY,
    MARGIN,
    STRIDES,
    WEIGHTS,
    RealtimeModel,
)
from impasto.methods.realtime.network import Realtime, RealtimeConfig
from impasto.methods.realtime.noise import noise
from impasto.methods.realtime.weights import load_realtime, save_realtime

Array = NDArray[np.float32]
TINY = RealtimeConfig(
    fine=8, coarse=8, deep=8, deep_blocks=1, code=6, style_widths=(4, 4), style_top=4
)


@pytest.fixture(scope="module")
def network() -> Realtime:
    return load_realtime(DATA / WEIGHTS)


def tensor(image: Array) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)[None]


def test_it_is_small(network: Realtime) -> None:
    assert sum(p.numel() for p in network.parameters()) <= 1_000_000
    assert sum(path.stat().st_size for path in DATA.iterdir()) < 5_000_000


def test_a_pixel_costs_little(network: Realtime) -> None:
    side, found = 256, []

    def count(layer: Any, inputs: Any, output: torch.Tensor) -> None:
        found.append(output.numel() * layer.weight[0].numel())

    code = torch.zeros(1, network.config.code + COLOR)
    hooks = [
        layer.register_forward_hook(count)
        for layer in network.modules()
        if isinstance(layer, nn.Conv2d | nn.Linear)
    ]
    with torch.no_grad():
        grain = torch.rand(1, 1, side // 16, side // 16)
        network.paint(torch.rand(1, 3, side - 32, side - 32), code, noise=grain)
    for hook in hooks:
        hook.remove()
    assert len(found) > 10
    assert 1_000 < sum(found) / side**2 <= 12_000


@settings(max_examples=10)
@given(st.integers(0, 2**32))
def test_gains_and_shifts_need_no_torch(network: Realtime, model: RealtimeModel, seed: int) -> None:
    code = np.random.default_rng(seed).normal(size=model.code_size).astype(np.float32)
    with torch.no_grad():
        pairs, grain = network.split(network.modulation(torch.from_numpy(code)[None]))
    tables: dict[str, list[torch.Tensor]] = {scale: [] for scale in model.layers}
    order = [scale for scale in ("deep", "coarse", "fine") for _ in model.layers[scale]]
    for scale, pair in zip(order, pairs, strict=True):
        tables[scale] += pair
    tables[GRAINY].append(grain)
    found = model.affines(code)
    assert set(found) == set(tables)
    for scale, parts in tables.items():
        expected = torch.cat(parts, 1).numpy()
        assert found[scale].shape == expected.shape
        assert np.allclose(found[scale], expected, atol=1e-4)


def test_a_change_is_added_to_gains_and_shifts(model: RealtimeModel) -> None:
    code = np.random.default_rng(0).normal(size=model.code_size).astype(np.float32)
    plain, none = model.affines(code), np.zeros_like(model.bias)
    more = model.affines(code, none + 0.5)
    for scale, table in model.affines(code, none).items():
        assert np.array_equal(table, plain[scale])
        assert np.allclose(more[scale], plain[scale] + 0.5, atol=1e-5)


def test_colours_are_no_part_of_gains_and_shifts(model: RealtimeModel) -> None:
    code = np.random.default_rng(0).normal(size=model.code_size).astype(np.float32)
    other = np.concatenate([code[:-COLOR], np.zeros(COLOR, np.float32)])
    for scale, table in model.affines(other).items():
        assert np.array_equal(table, model.affines(code)[scale])


def test_what_is_trained_is_what_paints(
    network: Realtime, model: RealtimeModel, engine: Engine, draw: Any
) -> None:
    content, style = draw(64, 96), draw(80, 112, 3)
    with torch.no_grad():
        code = network.style(tensor(style))
    assert np.allclose(encode_style(engine, style), code[0].numpy(), atol=2e-3)

    whole = slice(0, 96), slice(0, 128)
    maps = {f"{GRAINY}_noise": noise(whole, STRIDES[GRAINY])}
    with torch.no_grad():
        grain = torch.from_numpy(maps[f"{GRAINY}_noise"])
        painted = network.paint(tensor(content), code, noise=grain)
    around = np.pad(content, ((MARGIN, MARGIN), (MARGIN, MARGIN), (0, 0)), mode="symmetric")
    inputs = {k: v.numpy() for k, v in content_example(network, 96, 128, maps=False).items()}
    vector = code[0].numpy()
    inputs |= model.affines(vector) | maps | {"content": around[None], "color": coloring(vector)}
    inputs |= {"white": whitening(content), "given": np.zeros(1, np.float32)}
    (picture,) = engine.run("content", inputs, ["picture"])
    expected = painted.clamp(0, 1)[0].permute(1, 2, 0).numpy()
    assert np.abs(picture[0] - expected).max() < 1 / 255


def test_weights_survive_a_file(tmp_path: Path) -> None:
    torch.manual_seed(0)
    first = Realtime(TINY).eval()
    path = save_realtime(tmp_path / "tiny.safetensors", first.state_dict(), TINY, {"steps": 3})
    second = load_realtime(path)
    assert second.config == TINY
    assert not second.training
    for name, value in first.state_dict().items():
        assert torch.equal(second.state_dict()[name], value.half().float()), name
    content, style = torch.rand(2, 3, 32, 48), torch.rand(2, 3, 40, 24)
    with torch.no_grad():
        assert second(content, style).shape == content.shape


def test_other_weights_are_refused(tmp_path: Path, random_weights: Path) -> None:
    with pytest.raises(WeightsError, match="holds 'compact', expected 'realtime'"):
        load_realtime(random_weights / "compact.safetensors")
    with pytest.raises(WeightsError, match="no such file"):
        load_realtime(tmp_path / "nothing.safetensors")
    wider = RealtimeConfig(fine=16, coarse=8, deep=8, style_widths=(4, 4), style_top=4)
    path = save_realtime(tmp_path / "odd.safetensors", Realtime(TINY).state_dict(), wider, {})
    with pytest.raises(WeightsError, match="does not fit realtime"):
        load_realtime(path)
