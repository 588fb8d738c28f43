"""Networks smaller, in bytes and as ONNX: another form paints the same picture."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch

import impasto
from impasto.cli.main import main
from impasto.errors import OptionError, WeightsError
from impasto.methods.realtime.network_file import INT8, read_network
from tests.methods.realtime.networks import CONFIGS, random_network, written


@pytest.fixture(scope="module", params=list(CONFIGS))
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    network = random_network(request.param)
    with torch.no_grad():
        network.table.mul_(0.3)  # as gentle as what is trained; wilder ones are refused
    return written(tmp_path_factory.mktemp("forms") / f"{request.param}.impasto", network)


def painted(path: Path, content: Any, **options: Any) -> Any:
    style = read_network(path).style("s1")
    return impasto.stylize(content, style=style, threads=1, **options).image


def export(*arguments: Any) -> int:
    """Run the command and return its exit status."""
    with pytest.raises(SystemExit) as ended:
        main(["export", *map(str, arguments)])
    return int(ended.value.code or 0)


def psnr(a: Any, b: Any) -> float:
    return float(-10 * np.log10(np.square(a - b).mean()))


def test_a_small_file_paints_the_same(whole: Path, draw: Any, capsys: Any) -> None:
    path = whole.with_name("small.impasto")
    assert export(whole, "--small", path, "--force") == 0
    assert "dB to float32" in capsys.readouterr().out
    assert path.stat().st_size < whole.stat().st_size / 2
    content = draw(80, 100)
    exact = painted(whole, content, precision="float32")
    assert psnr(painted(path, content, precision="float32"), exact) > 38
    small = read_network(path)
    assert small.names == ["s0", "s1"]
    with pytest.raises(WeightsError, match=r"small\.impasto: a small file paints only"):
        small.network()
    assert export(path, "--int8", whole.with_name("both.impasto")) == 1
    assert "its kernels are in bytes already" in capsys.readouterr().err


def test_a_graph_in_bytes_is_taken_where_it_is_asked_for(
    whole: Path, draw: Any, capsys: Any
) -> None:
    path = whole.with_name("fast.impasto")
    status, told = export(whole, "--int8", path, "--force"), capsys.readouterr()
    if whole.stem != "unet":  # random residual networks have values that bytes are too coarse for
        assert status == 1
        assert re.search(r"3\d\.\d dB in this form, expected 38", told.err)
        assert not path.exists()
        return
    assert status == 0
    network = read_network(path)
    assert set(INT8) <= set(network.members)
    assert network.members[INT8[0]].count(b'element_type="i8"') > 0
    content = draw(80, 100)
    exact = painted(whole, content, precision="float32")
    assert np.array_equal(painted(path, content, precision="float32"), exact)
    found = painted(path, content, precision="int8")
    assert not np.array_equal(found, exact)
    assert psnr(found, exact) > 30
    with pytest.raises(OptionError, match="precision int8: this network has no graph for it"):
        painted(whole, content, precision="int8")


def test_a_residual_network_of_gentle_values_has_a_graph_in_bytes(
    tmp_path: Path, draw: Any
) -> None:
    network = random_network("residual")
    with torch.no_grad():
        network.table.mul_(0.1)
        network.out.weight.mul_(0.5)
    whole = written(tmp_path / "whole.impasto", network)
    assert export(whole, "--int8", tmp_path / "fast.impasto") == 0
    content = draw(80, 100)
    exact = painted(whole, content, precision="float32")
    found = painted(tmp_path / "fast.impasto", content, precision="int8")
    assert not np.array_equal(found, exact)
    assert psnr(found, exact) > 35


def test_another_program_paints_with_what_is_exported(whole: Path, capsys: Any) -> None:
    folder = whole.with_name("onnx")
    assert export(whole, "--onnx", folder, "--force") == 0
    out = capsys.readouterr().out
    assert "openvino and onnxruntime agree within 0." in out
    table = json.loads((folder / f"{whole.stem}.json").read_text())
    assert list(table["styles"]) == ["s0", "s1"]
    values = read_network(whole).style("s1").affines
    assert values is not None
    assert np.allclose(table["styles"]["s1"]["values"], values, atol=1e-6)
    session = onnxruntime.InferenceSession(folder / f"{whole.stem}-content.onnx")
    assert "content" in [given.name for given in session.get_inputs()]


def test_what_cannot_be_exported_is_told(whole: Path, tmp_path: Path, capsys: Any) -> None:
    assert export(whole) == 1
    assert "nothing to write: name --onnx, --small or --int8" in capsys.readouterr().err
    assert export("--small", tmp_path / "x.impasto") == 1
    assert "are for network files: name one" in capsys.readouterr().err
    taken = tmp_path / "taken.impasto"
    taken.write_bytes(b"")
    assert export(whole, "--small", taken) == 1
    assert "taken.impasto" in capsys.readouterr().err
