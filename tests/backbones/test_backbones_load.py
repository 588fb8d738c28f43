"""Loading, saving and naming of perceptual networks, with small files of our own."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from impasto.backbones import BACKBONES, Backbone, layer_name, load_backbone, save_backbone
from impasto.backbones.vgg import CONFIGS, Vgg, VggConfig
from impasto.errors import MissingExtraError, OptionError, WeightsError
from impasto.weights import read_weights, weights_sha256

SMALL = VggConfig((4, 6), (2, 1), "unit", embed={"relu1_1": 8}, embed_stem=True)
METADATA = {
    "name": "compact",
    "arch": "compact",
    "preprocessing": "unit",
    "license": "Apache-2.0",
    "source": "test",
    "training": "none",
    "config": json.dumps(
        {name: asdict(SMALL)[name] for name in ("widths", "embed", "taps", "residual")}
    ),
}


def _small() -> Vgg:
    torch.manual_seed(0)
    return Vgg(SMALL).eval()


def test_save_and_load(empty_home: Path, picture: Tensor) -> None:
    network = _small()
    save_backbone(empty_home / "compact.safetensors", network.state_dict(), METADATA)
    loaded: Backbone = load_backbone("compact")
    assert isinstance(loaded, Vgg)
    assert loaded.config == SMALL
    assert loaded.layers == ("relu1_1", "relu1_2", "relu2_1")
    assert [loaded.channels(name) for name in loaded.layers] == [8, 4, 6]
    with torch.no_grad():
        expected = network(picture, network.layers)
        found = loaded(picture, network.layers)
    for name in network.layers:
        torch.testing.assert_close(found[name], expected[name], rtol=5e-3, atol=5e-3)


def test_loaded_network_is_frozen(empty_home: Path) -> None:
    save_backbone(empty_home / "compact.safetensors", _small().state_dict(), METADATA)
    network = load_backbone("compact", pooling="average", padding="zeros")
    assert not network.training
    assert (network.config.pooling, network.config.padding) == ("average", "zeros")
    for parameter in network.parameters():
        assert not parameter.requires_grad
        assert parameter.dtype == torch.float32
    assert network.get_submodule("conv1_2").weight.is_contiguous(  # type: ignore[operator]
        memory_format=torch.channels_last
    )


def test_saved_as_float16_the_same_every_time(tmp_path: Path) -> None:
    state = _small().state_dict()
    one = save_backbone(tmp_path / "1.safetensors", state, METADATA)
    two = save_backbone(tmp_path / "2.safetensors", dict(reversed(state.items())), METADATA)
    assert weights_sha256(one) == weights_sha256(two)
    assert {str(tensor.dtype) for tensor in read_weights(one)[0].values()} == {"float16"}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e6])
def test_numbers_that_float16_cannot_hold(tmp_path: Path, value: float) -> None:
    with pytest.raises(WeightsError, match="float16"):
        save_backbone(tmp_path / "x.safetensors", {"a": torch.tensor([value])}, METADATA)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"arch": "resnet"}, "unknown arch 'resnet'"),
        ({"config": '{"colour": 1}'}, "unknown colour"),
        ({"config": "{}"}, "does not fit compact"),
    ],
)
def test_files_that_do_not_fit(empty_home: Path, change: dict[str, str], message: str) -> None:
    path = empty_home / "compact.safetensors"
    save_backbone(path, _small().state_dict(), METADATA | change)
    with pytest.raises(WeightsError, match=message) as error:
        load_backbone("compact")
    assert "\n" not in str(error.value)


def test_loading_is_strict(empty_home: Path) -> None:
    state = _small().state_dict()
    del state["embed1_1.bias"]
    save_backbone(empty_home / "compact.safetensors", state, METADATA)
    with pytest.raises(WeightsError, match=r"embed1_1\.bias"):
        load_backbone("compact")


def test_wrong_options(empty_home: Path) -> None:
    save_backbone(empty_home / "compact.safetensors", _small().state_dict(), METADATA)
    with pytest.raises(OptionError, match="pooling 'mean'"):
        load_backbone("compact", pooling="mean")
    with pytest.raises(OptionError, match="padding 'wrap'"):
        load_backbone("compact", padding="wrap")
    with pytest.raises(WeightsError, match="impasto weights fetch vgg16"):
        load_backbone("vgg16")


def test_without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match="The optimiser needs"):
        load_backbone("compact")


def test_import_is_light() -> None:
    code = (
        "import sys, impasto.backbones, impasto.weights; print({'torch', 'h5py'} & {*sys.modules})"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "set()"


def test_lazy_names() -> None:
    import impasto.backbones as package

    for name in package.__all__:
        assert getattr(package, name) is not None
    with pytest.raises(AttributeError, match="nothing"):
        _ = package.nothing
    assert set(BACKBONES) == set(CONFIGS)


@pytest.mark.parametrize(
    ("given_name", "expected"),
    [
        ("block4_conv2", "relu4_2"),
        ("conv4_2", "relu4_2"),
        ("relu4_2", "relu4_2"),
        (" Relu1_1 ", "relu1_1"),
        ("block5_conv4", "relu5_4"),
    ],
)
def test_layer_name(given_name: str, expected: str) -> None:
    assert layer_name(given_name) == expected


@pytest.mark.parametrize("wrong", ["relu41", "relu4-1", "relu9_1", "block1_conv3", "", "20"])
def test_unknown_layer_name(wrong: str) -> None:
    with pytest.raises(OptionError, match="did you mean|choose one of"):
        layer_name(wrong)


def test_layer_name_suggests() -> None:
    with pytest.raises(OptionError, match="did you mean relu4_1"):
        layer_name("relu41")


@given(
    st.sampled_from(["relu{}_{}", "conv{}_{}", "block{}_conv{}"]),
    st.integers(1, 5),
    st.integers(1, 2),
)
def test_every_form_names_the_same_layer(form: str, block: int, i: int) -> None:
    name: Any = layer_name(form.format(block, i))
    assert name == layer_name(name) == f"relu{block}_{i}"
