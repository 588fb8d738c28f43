"""Damaged files of the package are refused, by whatever engine reads them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from impasto.errors import WeightsError
from impasto.methods.realtime import codes, engines, model
from impasto.methods.realtime.engines import make_engine
from impasto.methods.realtime.options import RealtimeOptions
from impasto.methods.realtime.stylizer import prepare
from impasto.weights import read_weights, write_weights

needs_onnxruntime = pytest.mark.skipif(
    find_spec("onnxruntime") is None, reason="onnxruntime is not installed"
)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a copy of the shipped files, which is used in their place."""
    folder = tmp_path / "data"
    shutil.copytree(model.DATA, folder)
    monkeypatch.setattr(model, "DATA", folder)
    monkeypatch.setattr(engines, "DATA", folder, raising=False)
    cached = (model.shipped_model, model._manifest, codes.shipped_codes)
    for function in cached:
        function.cache_clear()
    yield folder
    for function in cached:
        function.cache_clear()


def flip(path: Path) -> None:
    """Change one bit in the middle of a file."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def damage(path: Path, how: str) -> None:
    if how == "flipped":
        flip(path)
    elif how == "cut":
        path.write_bytes(path.read_bytes()[:-100])
    else:
        path.unlink()


@pytest.mark.parametrize("how", ["flipped", "cut", "missing"])
@pytest.mark.parametrize("name", ["openvino", pytest.param("onnxruntime", marks=needs_onnxruntime)])
def test_a_damaged_graph_is_refused(data: Path, draw: Any, name: str, how: str) -> None:
    options = RealtimeOptions(engine=name, precision="float32")
    damage(data / model.GRAPHS["content"], how)
    stylizer = prepare([draw(64, 64, 3)], (1.0,), options)
    with pytest.raises(WeightsError, match="realtime-content.onnx"):
        stylizer(draw(32, 32))
    damage(data / model.GRAPHS["style"], how)
    with pytest.raises(WeightsError, match="realtime-style.onnx"):
        prepare([draw(64, 64, 3)], (1.0,), options)


@pytest.mark.parametrize("how", ["flipped", "cut", "missing"])
@pytest.mark.parametrize("suffix", [".xml", ".bin"])
def test_a_damaged_graph_in_bytes_is_refused(data: Path, draw: Any, suffix: str, how: str) -> None:
    stylizer = prepare([draw(64, 64, 3)], (1.0,), RealtimeOptions(precision="int8"))
    damage((data / model.QUANTIZED).with_suffix(suffix), how)
    with pytest.raises(WeightsError, match=f"realtime-content-int8{suffix}"):
        stylizer(draw(32, 32))


@pytest.mark.parametrize("how", ["flipped", "cut", "missing"])
def test_damaged_weights_and_presets_are_refused(data: Path, how: str) -> None:
    damage(data / model.WEIGHTS, how)
    with pytest.raises(WeightsError, match="realtime.safetensors"):
        model.shipped_model()
    with pytest.raises(WeightsError, match="realtime.safetensors"):
        make_engine("torch", "float32", "cpu", 1)
    damage(data / codes.CODES, how)
    with pytest.raises(WeightsError, match=r"styles.safetensors"):
        codes.shipped_codes()


@pytest.mark.parametrize("text", [None, "", "{"])
def test_a_damaged_manifest_is_told(data: Path, text: str | None) -> None:
    manifest = data / model.MANIFEST
    manifest.unlink() if text is None else manifest.write_text(text)
    with pytest.raises(WeightsError, match=r"manifest.json: cannot be read .*reinstall"):
        model.shipped_model()


@pytest.mark.parametrize("text", ["{}", "[]", "5"])
def test_an_incomplete_manifest_is_told(data: Path, text: str) -> None:
    (data / model.MANIFEST).write_text(text)
    with pytest.raises(WeightsError, match="manifest.json"):
        model.shipped_model()


def test_torch_takes_no_other_weights(data: Path) -> None:
    path = data / model.WEIGHTS
    tensors, metadata = read_weights(path)
    write_weights(path, {k: 0.5 * v for k, v in tensors.items()}, metadata)
    with pytest.raises(WeightsError, match="SHA-256"):
        make_engine("torch", "float32", "cpu", 1)
