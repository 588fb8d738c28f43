"""Reading and writing weights files."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from safetensors.numpy import load_file, save_file

from impasto.errors import WeightsError
from impasto.weights import read_weights, weights_sha256, write_weights
from impasto.weights.store import tensors_sha256

METADATA = {
    "name": "compact",
    "arch": "compact",
    "preprocessing": "unit",
    "license": "Apache-2.0",
    "source": "test",
    "training": "none",
}
TENSORS: dict[str, Any] = {
    "b.weight": np.arange(6, dtype=np.float16).reshape(2, 3),
    "a": np.ones(3, np.float32),
}


def test_round_trip(tmp_path: Path) -> None:
    path = write_weights(tmp_path / "deep" / "x.safetensors", TENSORS, METADATA)
    tensors, metadata = read_weights(path)
    assert metadata.items() >= METADATA.items()
    assert metadata["format"] == "impasto-weights-1"
    assert {k: v.tolist() for k, v in tensors.items()} == {
        k: v.tolist() for k, v in TENSORS.items()
    }
    assert [item.name for item in path.parent.iterdir()] == ["x.safetensors"]


def test_the_safetensors_library_reads_it(tmp_path: Path) -> None:
    path = write_weights(tmp_path / "x.safetensors", TENSORS, METADATA)
    found = load_file(path)
    assert found["b.weight"].dtype == np.float16
    np.testing.assert_array_equal(found["b.weight"], TENSORS["b.weight"])


def test_equal_input_gives_equal_bytes(tmp_path: Path) -> None:
    one = write_weights(tmp_path / "1.safetensors", TENSORS, METADATA)
    turned = dict(reversed(TENSORS.items()))
    two = write_weights(tmp_path / "2.safetensors", turned, dict(reversed(METADATA.items())))
    assert weights_sha256(one) == weights_sha256(two)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    tensors=st.dictionaries(
        st.from_regex(r"[a-z_.0-9]{1,12}", fullmatch=True),
        hnp.arrays(
            st.sampled_from([np.float16, np.float32, np.float64]),
            hnp.array_shapes(min_dims=0, min_side=0, max_dims=4, max_side=4),
        ),
        max_size=4,
    ),
    source=st.text(min_size=1).filter(lambda s: s.isprintable()),
)
def test_any_tensors_survive(tmp_path: Path, tensors: dict[str, Any], source: str) -> None:
    path = write_weights(tmp_path / "x.safetensors", tensors, METADATA | {"source": source})
    found, metadata = read_weights(path)
    assert metadata["source"] == source
    assert found.keys() == tensors.keys()
    assert tensors_sha256(found) == tensors_sha256(tensors)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_file_is_never_read(tmp_path: Path, data: st.DataObject) -> None:
    path = write_weights(tmp_path / "x.safetensors", TENSORS, METADATA)
    whole = bytearray(path.read_bytes())
    start = 8 + struct.unpack("<Q", whole[:8])[0]
    if data.draw(st.booleans(), label="cut"):
        del whole[data.draw(st.integers(0, len(whole) - 1)) :]
    else:
        whole[data.draw(st.integers(start, len(whole) - 1))] ^= 1
    path.write_bytes(whole)
    with pytest.raises(WeightsError):
        read_weights(path)


@pytest.mark.parametrize("content", [b"", b"hello", b"\x80\x02}q\x00.", b"\xff" * 64])
def test_not_safetensors(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match="not a whole safetensors file"):
        read_weights(path)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no such file"):
        read_weights(tmp_path / "none.safetensors")
    with pytest.raises(WeightsError, match="cannot be read"):
        weights_sha256(tmp_path / "none.safetensors")


def test_without_our_metadata(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    save_file(TENSORS, path)
    with pytest.raises(WeightsError, match="impasto weights import x.safetensors"):
        read_weights(path)


def test_a_foreign_name_with_other_content_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "vgg19-imagenet-caffe.safetensors"
    save_file(TENSORS, path)
    with pytest.raises(WeightsError, match="SHA-256"):
        read_weights(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"license": ""}, "license"),
        ({"preprocessing": "bgr"}, "'bgr' is none of caffe"),
        ({"config": "[1]"}, "not a JSON object"),
        ({"config": "{"}, "not a JSON object"),
    ],
)
def test_incomplete_metadata(tmp_path: Path, change: dict[str, str], message: str) -> None:
    with pytest.raises(WeightsError, match=message):
        write_weights(tmp_path / "x.safetensors", TENSORS, METADATA | change)
    assert not list(tmp_path.iterdir())


def test_numbers_that_weights_do_not_have(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="int64"):
        write_weights(tmp_path / "x.safetensors", {"a": np.arange(3)}, METADATA)
    assert not list(tmp_path.iterdir())


def test_bfloat16_is_an_error_not_a_crash(tmp_path: Path) -> None:
    head = json.dumps({"a": {"dtype": "BF16", "shape": [1], "data_offsets": [0, 2]}}).encode()
    path = tmp_path / "x.safetensors"
    path.write_bytes(struct.pack("<Q", len(head)) + head + b"\0\0")
    with pytest.raises(WeightsError):
        read_weights(path)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WeightsError, match="cannot be written"):
        write_weights(tmp_path / "file" / "x.safetensors", TENSORS, METADATA)
