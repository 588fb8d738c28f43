"""Importing weights of other programs."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from impasto.errors import MissingExtraError, WeightsError
from impasto.weights import Mirror, depths_from_keys, import_weights, read_weights, write_weights
from impasto.weights.convert import identify
from impasto.weights.layout import canonical

h5py = pytest.importorskip("h5py", reason="Keras files need h5py")
torch = pytest.importorskip("torch", reason="PyTorch files need torch")


def _save_pth(path: Path, tensors: dict[str, Any], **options: Any) -> Path:
    torch.save({key: torch.from_numpy(value) for key, value in tensors.items()}, path, **options)
    return path


def _save_keras(path: Path, tensors: dict[str, Any], form: str) -> Path:
    with h5py.File(path, "w") as file:
        for key, tensor in tensors.items():
            name, kind = key.split(".")
            layer = f"block{name[4]}_{name[:4]}{name[6]}"
            value = tensor.transpose(2, 3, 1, 0) if tensor.ndim == 4 else tensor
            old, new = ("W", "kernel") if kind == "weight" else ("b", "bias")
            file[form.format(layer=layer, old=old, new=new)] = value
        file["block1_pool/nothing"] = 0.0
    return path


def _assert_imported(path: Path, tensors: dict[str, Any], **metadata: str) -> None:
    found, written = read_weights(path)
    assert found.keys() == tensors.keys()
    for key, tensor in tensors.items():
        np.testing.assert_array_equal(found[key], tensor)
    assert written.items() >= metadata.items()


@pytest.mark.parametrize(
    "form",
    [
        "{layer}/{layer}_{old}_1:0",
        "{layer}/{layer}/{new}:0",
        "model_weights/{layer}/{layer}/{new}:0",
    ],
)
def test_keras(tmp_path: Path, user_folder: Path, vgg: Any, form: str) -> None:
    tensors = vgg(2, 1)
    file = _save_keras(tmp_path / "own.h5", tensors, form)
    path = import_weights(file, "vgg19")
    assert path == user_folder / "vgg19.safetensors"
    _assert_imported(
        path, tensors, preprocessing="caffe", arch="vgg19", config='{"depths": [2, 1]}'
    )


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("preprocessing", ["caffe", "torchvision"])
def test_pytorch(
    tmp_path: Path, vgg: Any, as_torchvision: Any, legacy: bool, preprocessing: str
) -> None:
    tensors = vgg(2, 2)
    state = as_torchvision(tensors) | {"classifier.0.weight": np.ones((2, 2), np.float32)}
    file = _save_pth(tmp_path / "x.pth", state, _use_new_zipfile_serialization=not legacy)
    path = import_weights(file, "vgg16", preprocessing=preprocessing)
    _assert_imported(path, tensors, preprocessing=preprocessing, name="vgg16")


def test_the_network_is_recognised(tmp_path: Path, vgg: Any, as_torchvision: Any) -> None:
    state = as_torchvision(vgg(2, 2, 4), prefix="")
    torch.save(
        {"state_dict": {k: torch.from_numpy(v) for k, v in state.items()}}, tmp_path / "x.pt"
    )
    path = import_weights(tmp_path / "x.pt", preprocessing="caffe")
    assert path.name == "vgg19.safetensors"
    assert json.loads(read_weights(path)[1]["config"]) == {"depths": [2, 2, 4]}


def test_too_few_layers_to_recognise(tmp_path: Path, vgg: Any) -> None:
    file = _save_pth(tmp_path / "x.pth", vgg(2, 2))
    with pytest.raises(WeightsError, match=r"vgg19 and vgg16.*name="):
        import_weights(file, preprocessing="caffe")


def test_safetensors_of_others(tmp_path: Path, vgg: Any, as_torchvision: Any) -> None:
    tensors = vgg(2, 1)
    save_file(as_torchvision(tensors), tmp_path / "x.safetensors")
    path = import_weights(tmp_path / "x.safetensors", "vgg19", preprocessing="torchvision")
    _assert_imported(path, tensors, preprocessing="torchvision")


def test_our_own_safetensors(tmp_path: Path, user_folder: Path) -> None:
    metadata = dict.fromkeys(("arch", "license", "source", "training"), "x")
    metadata |= {"name": "compact", "preprocessing": "unit"}
    tensors = {"embed1_1.bias": np.ones(3, np.float16)}
    file = write_weights(tmp_path / "x.safetensors", tensors, metadata)
    path = import_weights(file)
    assert path == user_folder / "compact.safetensors"
    assert path.read_bytes() == file.read_bytes()
    with pytest.raises(WeightsError, match="of 'compact', not of 'vgg19'"):
        import_weights(file, "vgg19")


def test_unknown_preprocessing_is_asked_for(
    tmp_path: Path, vgg: Any, as_torchvision: Any, user_folder: Path
) -> None:
    file = _save_pth(tmp_path / "x.pth", as_torchvision(vgg(2, 1)))
    with pytest.raises(WeightsError, match='preprocessing="caffe" or "torchvision"'):
        import_weights(file, "vgg19")
    with pytest.raises(WeightsError, match="choose one of caffe, torchvision"):
        import_weights(file, "vgg19", preprocessing="bgr")
    assert not user_folder.exists()


def test_a_published_name_with_another_hash(tmp_path: Path, vgg: Any) -> None:
    for name in ("vgg19-dcbb9e9d.pth", "vgg16-00b39a1b.pth"):
        file = _save_pth(tmp_path / name, vgg(1))
        with pytest.raises(WeightsError, match="damaged or another file"):
            import_weights(file, "vgg19")
    keras = "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5"
    file = _save_keras(tmp_path / keras, vgg(1), "{layer}/{layer}/{new}:0")
    with pytest.raises(WeightsError, match="damaged or another file"):
        import_weights(file, "vgg19")


@pytest.mark.parametrize("digits", [8, 64])
def test_a_known_hash_tells_the_preprocessing(tmp_path: Path, digits: int) -> None:
    file = tmp_path / "renamed.pth"
    file.write_bytes(b"x")
    sha256 = hashlib.sha256(b"x").hexdigest()
    other = Mirror("https://h/a.pth", "caffe", "caffe", "L1", sha256="0" * digits)
    right = Mirror("https://h/b.pth", "torchvision", "t", "L2", sha256=sha256[:digits])
    assert identify(file, "torch", None, [other, right]).license == "L2"
    md5 = hashlib.md5(b"x").hexdigest()
    by_md5 = Mirror("https://h/c.h5", "caffe", "caffe", "L3", md5=md5, size=1)
    assert identify(file, "torch", None, [other, by_md5]).license == "L3"
    longer = Mirror("https://h/c.h5", "caffe", "caffe", "L3", md5=md5, size=2)
    with pytest.raises(WeightsError, match="unknown"):
        identify(file, "torch", None, [longer])


class _Malicious:
    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.trace),)


@pytest.mark.parametrize("form", ["pickle", "legacy", "zip"])
def test_code_is_never_run(tmp_path: Path, form: str) -> None:
    trace, file = tmp_path / "trace", tmp_path / "x.pth"
    state = {"features.0.weight": _Malicious(trace)}
    if form == "pickle":
        file.write_bytes(pickle.dumps(state, protocol=2))
    else:
        torch.save(state, file, _use_new_zipfile_serialization=form == "zip")
    with pytest.raises(WeightsError, match="never run"):
        import_weights(file, "vgg19", preprocessing="caffe")
    assert not trace.exists()


@pytest.mark.parametrize("kind", ["pth", "h5", "safetensors"])
@pytest.mark.parametrize("share", [0.001, 0.5, 0.99])
def test_truncated(tmp_path: Path, vgg: Any, kind: str, share: float) -> None:
    file = tmp_path / f"x.{kind}"
    if kind == "pth":
        _save_pth(file, vgg(2, 1))
    elif kind == "h5":
        _save_keras(file, vgg(2, 1), "{layer}/{layer}/{new}:0")
    else:
        save_file(vgg(2, 1), file)
    data = file.read_bytes()
    file.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(WeightsError) as error:
        import_weights(file, "vgg19", preprocessing="caffe")
    assert "\n" not in str(error.value)


def test_other_files(tmp_path: Path) -> None:
    (tmp_path / "x.pth").write_bytes(b"<html>not found</html>")
    with pytest.raises(WeightsError, match="neither safetensors"):
        import_weights(tmp_path / "x.pth")
    for missing in (tmp_path / "none.pth", tmp_path):
        with pytest.raises(WeightsError, match="cannot be read"):
            import_weights(missing)
    torch.save([1, 2], tmp_path / "list.pth")
    with pytest.raises(WeightsError, match="holds a list"):
        import_weights(tmp_path / "list.pth", preprocessing="caffe")
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["dense/kernel"] = np.ones((3, 3))
    with pytest.raises(WeightsError, match="not Keras's VGG"):
        import_weights(tmp_path / "x.h5")


def test_wrong_shapes(tmp_path: Path, vgg: Any) -> None:
    def attempt(tensors: dict[str, Any]) -> None:
        import_weights(_save_pth(tmp_path / "x.pth", tensors), "vgg19", preprocessing="caffe")

    with pytest.raises(WeightsError, match=r"conv1_1.bias: found nothing, expected \(64,\)"):
        attempt({k: v for k, v in vgg(2, 1).items() if k != "conv1_1.bias"})
    with pytest.raises(WeightsError, match=r"conv1_1.weight: found \(8, 3, 3, 3\)"):
        attempt(vgg(1) | {"conv1_1.weight": np.ones((8, 3, 3, 3), np.float32)})
    with pytest.raises(WeightsError, match="not finite"):
        attempt(vgg(1) | {"conv1_1.bias": np.full(64, np.nan, np.float32)})
    with pytest.raises(WeightsError, match="are not vgg19"):
        attempt(vgg(2, 2, 3, 1))
    with pytest.raises(WeightsError, match="missing conv1_2"):
        attempt(
            {k: v for k, v in vgg(2, 2).items() if not k.startswith("conv1_2")}
            | {"conv1_3.weight": np.ones(1, np.float32)}
        )
    with pytest.raises(WeightsError, match="batch normalisation"):
        attempt({"features.1.running_mean": np.ones(3, np.float32)})
    with pytest.raises(WeightsError, match="not a VGG"):
        attempt({"features.3.weight": np.ones(3, np.float32)})
    with pytest.raises(WeightsError, match="no VGG layers"):
        attempt({"layer1.weight": np.ones(3, np.float32)})


def test_theano_kernels_are_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["block1_conv1/block1_conv1_W:0"] = np.ones((64, 3, 3, 3), np.float32)
    with pytest.raises(WeightsError, match="tf_dim_ordering"):
        import_weights(tmp_path / "x.h5", "vgg19")


def test_only_vgg_comes_from_other_programs(tmp_path: Path, vgg: Any) -> None:
    file = _save_pth(tmp_path / "x.pth", vgg(2, 2))
    with pytest.raises(WeightsError, match="only be imported from Impasto's own files"):
        import_weights(file, "compact", preprocessing="caffe")
    with pytest.raises(WeightsError, match="did you mean"):
        import_weights(file, "vgg18")


def test_missing_packages(tmp_path: Path, vgg: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    file = _save_pth(tmp_path / "x.pth", vgg(1))
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"impasto\[optimize\]"):
        import_weights(file, "vgg19", preprocessing="caffe")


@settings(deadline=None)
@given(st.lists(st.integers(1, 6), min_size=1, max_size=6), st.randoms())
def test_depths_follow_the_keys(depths: list[int], random: Any) -> None:
    keys = [f"conv{b}_{i}.weight" for b, n in enumerate(depths, 1) for i in range(1, n + 1)]
    shuffled = [*keys, "embed1_1.weight", "preprocess.bias"]
    random.shuffle(shuffled)
    assert depths_from_keys(shuffled) == tuple(depths)


@settings(deadline=None)
@given(st.lists(st.integers(1, 4), min_size=1, max_size=5))
def test_numbered_names_become_ours(depths: list[int]) -> None:
    names = [f"conv{b}_{i}.weight" for b, n in enumerate(depths, 1) for i in range(1, n + 1)]
    number, numbers = -2, []
    for b, n in enumerate(depths, 1):
        for i in range(n):
            number += 3 if i == 0 and b > 1 else 2
            numbers.append(number)
    state = {f"features.{n}.weight": np.full(1, i) for i, n in enumerate(numbers)}
    assert {key: int(v[0]) for key, v in canonical(state).items()} == {
        name: i for i, name in enumerate(names)
    }
