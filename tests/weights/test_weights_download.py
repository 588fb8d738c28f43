"""Downloading weights, against a real server on loopback."""

from __future__ import annotations

import hashlib
import io
import socket
import sys
from dataclasses import replace
from http.client import HTTPMessage
from pathlib import Path
from typing import Any
from urllib.request import Request

import numpy as np
import pytest
from safetensors.numpy import save

from impasto.errors import MissingExtraError, WeightsError
from impasto.weights import Mirror, fetch_weights, find_weights, read_weights
from impasto.weights.download import _SameSecurity


@pytest.fixture
def tensors(vgg: Any) -> Any:
    """Return two blocks of a VGG, enough for several packets."""
    return vgg(2, 2)


@pytest.fixture
def served(site: Any, tensors: Any) -> bytes:
    """Serve those tensors and return the file's bytes."""
    site.files["/vgg.safetensors"] = save(tensors)
    return site.files["/vgg.safetensors"]  # type: ignore[no-any-return]


def _mirror(site: Any, data: bytes, path: str = "/vgg.safetensors", digits: int = 64) -> Mirror:
    sha256 = hashlib.sha256(data).hexdigest()[:digits]
    return Mirror(f"{site.url}{path}", "caffe", "caffe", "test", sha256=sha256)


def _part(folder: Path, mirror: Mirror) -> Path:
    tag = hashlib.sha256(mirror.url.encode()).hexdigest()[:8]
    return folder / "downloads" / f"{tag}-{mirror.file_name}.part"


def _leftovers(folder: Path) -> list[Path]:
    return list((folder / "downloads").iterdir())


@pytest.mark.parametrize("digits", [8, 64])
def test_fetch(site: Any, served: bytes, tensors: Any, user_folder: Path, digits: int) -> None:
    seen: list[tuple[int, int | None]] = []
    mirror = _mirror(site, served, digits=digits)
    path = fetch_weights("vgg19", source=[mirror], progress=lambda *state: seen.append(state))
    assert path == find_weights("vgg19") == user_folder / "vgg19.safetensors"
    found, metadata = read_weights(path)
    np.testing.assert_array_equal(found["conv2_2.weight"], tensors["conv2_2.weight"])
    assert metadata["source"] == mirror.url
    assert metadata["license"] == "test"
    assert metadata["source_sha256"] == hashlib.sha256(served).hexdigest()
    assert seen == sorted(seen)
    assert seen[-1] == (len(served), len(served))
    assert not _leftovers(user_folder)


def test_md5_where_nothing_better_is_known(site: Any, served: bytes) -> None:
    md5 = hashlib.md5(served).hexdigest()
    url = f"{site.url}/vgg.safetensors"
    mirror = Mirror(url, "caffe", "caffe", "test", md5=md5, size=len(served))
    assert fetch_weights("vgg19", source=[mirror]).is_file()
    wrong = Mirror(url, "caffe", "caffe", "test", md5="0" * 32)
    with pytest.raises(WeightsError, match="wrong file"):
        fetch_weights("vgg19", source=[wrong])


def test_a_mirror_without_any_hash_is_not_trusted(site: Any, served: bytes) -> None:
    mirror = Mirror(f"{site.url}/vgg.safetensors", "caffe", "caffe", "test")
    with pytest.raises(WeightsError, match="wrong file"):
        fetch_weights("vgg19", source=[mirror])


@pytest.mark.parametrize("drops", [1, 6])
def test_a_broken_connection_is_resumed(site: Any, served: bytes, drops: int) -> None:
    site.drops["/vgg.safetensors"] = drops
    assert fetch_weights("vgg19", source=[_mirror(site, served)]).is_file()
    ranges = [wanted for _, wanted in site.requests]
    assert ranges[0] is None
    assert len(ranges) == drops + 1
    assert all(wanted and wanted.startswith("bytes=") for wanted in ranges[1:])


def test_a_server_without_ranges_starts_again(site: Any, served: bytes) -> None:
    site.drops["/vgg.safetensors"] = 1
    site.ignores_range = True
    assert fetch_weights("vgg19", source=[_mirror(site, served)]).is_file()


def test_an_earlier_run_is_continued(site: Any, served: bytes, user_folder: Path) -> None:
    mirror = _mirror(site, served)
    part = _part(user_folder, mirror)
    part.parent.mkdir(parents=True)
    part.write_bytes(served[:1000])
    fetch_weights("vgg19", source=[mirror])
    assert site.requests == [("/vgg.safetensors", "bytes=1000-")]


@pytest.mark.parametrize("extra", [b"", b"more"])
def test_a_part_that_is_whole_or_longer(
    site: Any, served: bytes, user_folder: Path, extra: bytes
) -> None:
    mirror = _mirror(site, served)
    part = _part(user_folder, mirror)
    part.parent.mkdir(parents=True)
    part.write_bytes(served + extra)
    assert fetch_weights("vgg19", source=[mirror]).is_file()
    assert len(site.requests) == (2 if extra else 1)


def test_a_part_of_another_file_is_thrown_away(site: Any, served: bytes, user_folder: Path) -> None:
    mirror = _mirror(site, served)
    part = _part(user_folder, mirror)
    part.parent.mkdir(parents=True)
    part.write_bytes(b"z" * 1000)
    assert fetch_weights("vgg19", source=[mirror]).is_file()
    assert [wanted for _, wanted in site.requests] == ["bytes=1000-", None]


def test_wrong_bytes_are_deleted(site: Any, served: bytes, user_folder: Path) -> None:
    mirror = _mirror(site, served)
    site.files["/vgg.safetensors"] = served[:-1] + bytes([served[-1] ^ 1])
    with pytest.raises(WeightsError, match="wrong file") as error:
        fetch_weights("vgg19", source=[mirror])
    assert "\n" not in str(error.value)
    assert not _leftovers(user_folder)
    assert not (user_folder / "vgg19.safetensors").exists()


def test_the_next_mirror_stands_in(site: Any, served: bytes) -> None:
    site.files["/wrong.safetensors"] = b"<html>moved</html>"
    mirrors = [_mirror(site, served, f"/{name}.safetensors") for name in ("gone", "wrong", "vgg")]
    path = fetch_weights("vgg19", source=mirrors)
    assert read_weights(path)[1]["source"] == mirrors[2].url
    assert [path for path, _ in site.requests] == [
        f"/{n}.safetensors" for n in ("gone", "wrong", "vgg")
    ]


def test_all_mirrors_fail(site: Any, served: bytes) -> None:
    mirrors = [_mirror(site, served, "/a"), _mirror(site, served, "/b")]
    with pytest.raises(WeightsError, match=r"HTTP 404.*HTTP 404.*impasto weights import FILE"):
        fetch_weights("vgg19", source=mirrors)


def test_no_network() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    mirror = Mirror(f"http://127.0.0.1:{port}/x.safetensors", "caffe", "caffe", "t", sha256="0")
    with pytest.raises(WeightsError, match="not reached") as error:
        fetch_weights("vgg19", source=[mirror])
    assert "impasto weights import FILE" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_server_that_always_hangs_up(site: Any, served: bytes, user_folder: Path) -> None:
    site.drops["/vgg.safetensors"] = 10**6
    with pytest.raises(WeightsError, match="127.0.0.1"):
        fetch_weights("vgg19", source=[_mirror(site, served)])
    assert not (user_folder / "vgg19.safetensors").exists()


def test_more_bytes_than_the_registry_says(site: Any, served: bytes) -> None:
    mirror = replace(_mirror(site, served), size=1000)
    with pytest.raises(WeightsError, match=f"offers {len(served)} bytes, expected 1000"):
        fetch_weights("vgg19", source=[mirror])


def test_redirections(site: Any, served: bytes) -> None:
    site.redirects["/old.safetensors"] = "/vgg.safetensors"
    assert fetch_weights("vgg19", source=[_mirror(site, served, "/old.safetensors")]).is_file()


def test_offline_switch(
    site: Any, served: bytes, user_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMPASTO_OFFLINE", "1")
    with pytest.raises(WeightsError, match="IMPASTO_OFFLINE is set"):
        fetch_weights("vgg19", source=[_mirror(site, served)])
    assert not site.requests
    assert not user_folder.exists()


def test_what_cannot_be_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMPASTO_OFFLINE", "1")
    with pytest.raises(WeightsError, match="part of the package"):
        fetch_weights("compact")
    with pytest.raises(WeightsError, match="cannot be downloaded"):
        fetch_weights("distilled16x")
    with pytest.raises(WeightsError, match="caffe, torchvision"):
        fetch_weights("vgg19", source="keras")
    with pytest.raises(WeightsError, match="did you mean"):
        fetch_weights("vgg91")
    with pytest.raises(WeightsError, match="IMPASTO_OFFLINE"):
        fetch_weights("vgg16", source="torchvision")


def test_nothing_is_fetched_that_cannot_be_read(
    site: Any, served: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError):
        fetch_weights("vgg19", source=[_mirror(site, served, "/vgg.pth")])
    assert not site.requests
    mirrors = [_mirror(site, served, "/vgg.pth"), _mirror(site, served)]
    assert fetch_weights("vgg19", source=mirrors).is_file()


def test_a_verified_file_that_is_no_vgg(site: Any, user_folder: Path) -> None:
    data = save({"dense": np.ones(3, np.float32)})
    site.files["/x.safetensors"] = data
    with pytest.raises(WeightsError, match="no VGG layers"):
        fetch_weights("vgg19", source=[_mirror(site, data, "/x.safetensors")])
    assert not _leftovers(user_folder)


def test_encryption_is_never_given_up() -> None:
    follower = _SameSecurity()
    request = Request("https://example.org/x.pth")
    arguments = (request, io.BytesIO(), 302, "Found", HTTPMessage())
    assert follower.redirect_request(*arguments, "https://example.com/x.pth") is not None
    with pytest.raises(Exception, match="unencrypted"):
        follower.redirect_request(*arguments, "http://example.org/x.pth")


def test_only_the_web_is_fetched(tmp_path: Path) -> None:
    (tmp_path / "x.safetensors").write_bytes(b"x")
    sha256 = hashlib.sha256(b"x").hexdigest()
    mirror = Mirror((tmp_path / "x.safetensors").as_uri(), "caffe", "caffe", "t", sha256=sha256)
    with pytest.raises(WeightsError, match="only http and https"):
        fetch_weights("vgg19", source=[mirror])
