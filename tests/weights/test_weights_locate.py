"""Finding weights by name."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest

from impasto.errors import WeightsError
from impasto.weights import find_weights, list_weights, user_weights_dir
from impasto.weights.registry import ENTRIES, FOREIGN


def _put(folder: Path, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(b"x")
    return path


def test_folders_of_the_environment_come_first(
    tmp_path: Path, user_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = _put(user_folder, "vgg19.safetensors")
    assert find_weights("vgg19") == own
    second = _put(tmp_path / "second", "vgg19.safetensors")
    monkeypatch.setenv(
        "IMPASTO_WEIGHTS", os.pathsep.join([str(tmp_path / "no"), str(second.parent)])
    )
    assert find_weights("vgg19") == second
    first = _put(tmp_path / "first", "vgg19-imagenet-caffe.safetensors")
    monkeypatch.setenv("IMPASTO_WEIGHTS", os.pathsep.join([str(first.parent), str(second.parent)]))
    assert find_weights("vgg19") == first


def test_unknown_name() -> None:
    with pytest.raises(WeightsError, match="did you mean vgg19"):
        find_weights("vgg-19")
    with pytest.raises(WeightsError, match="choose one of compact, distilled16x, vgg16, vgg19"):
        find_weights("zzz")


def test_absent_weights_say_what_to_do() -> None:
    with pytest.raises(WeightsError) as error:
        find_weights("vgg19")
    message = str(error.value)
    assert "impasto weights fetch vgg19" in message
    assert "impasto weights import FILE" in message
    assert "\n" not in message
    with pytest.raises(WeightsError, match="IMPASTO_WEIGHTS"):
        find_weights("distilled16x")


def test_list(user_folder: Path) -> None:
    path = _put(user_folder, "vgg16.safetensors")
    statuses = {status.name: status for status in list_weights()}
    assert list(statuses) == ["compact", "vgg19", "vgg16", "distilled16x"]
    assert (statuses["vgg16"].path, statuses["vgg16"].size) == (path, 1)
    assert (statuses["vgg19"].path, statuses["vgg19"].size) == (None, None)
    assert all(status.license and status.description for status in statuses.values())


def test_user_folder_by_platform(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert user_weights_dir() == tmp_path / "impasto" / "weights"
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "Local"))
    for platform, folder in {
        "linux": Path.home() / ".local" / "share",
        "darwin": Path.home() / "Library" / "Application Support",
        "win32": tmp_path / "Local",
    }.items():
        monkeypatch.setattr(sys, "platform", platform)
        assert user_weights_dir() == folder / "impasto" / "weights"


def test_registry_is_consistent() -> None:
    hexadecimal = set("0123456789abcdef")
    for entry in ENTRIES.values():
        origins = [mirror.origin for mirror in entry.mirrors]
        assert origins == sorted(origins), "the Caffe weights come first"
        for mirror in entry.mirrors:
            assert mirror.url.startswith("https://")
            assert mirror.sha256 or mirror.md5, "nothing is loaded unverified"
            assert len(mirror.sha256) in (0, 8, 64)
            assert len(mirror.md5) in (0, 32)
            assert set(mirror.sha256 + mirror.md5) <= hexadecimal
            if "-" in mirror.file_name:
                assert mirror.sha256.startswith(mirror.file_name[6:14])
    for foreign in FOREIGN.values():
        assert foreign.name in ENTRIES
        assert len(foreign.sha256) == 64


def test_vgg_shapes_agree_with_the_networks() -> None:
    pytest.importorskip("torch", reason="the networks need torch")
    from impasto.backbones.vgg import CONFIGS

    for entry in ENTRIES.values():
        assert CONFIGS[entry.name].preprocessing == entry.preprocessing
        if entry.widths:
            assert CONFIGS[entry.name].widths == entry.widths
            assert CONFIGS[entry.name].depths == entry.depths
    assert np.prod(ENTRIES["vgg19"].depths) == 256
