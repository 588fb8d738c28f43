"""Compiled graphs on disk: whole or not at all, few, and never in the way."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from impasto.engine import cache
from impasto.engine.cache import GraphCache, user_cache_dir


def test_where_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("IMPASTO_CACHE", str(tmp_path / "own"))
    assert user_cache_dir() == tmp_path / "own"
    monkeypatch.setenv("IMPASTO_CACHE", "off")
    assert user_cache_dir() is None
    monkeypatch.delenv("IMPASTO_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert user_cache_dir() == tmp_path / "impasto" / "graphs"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    for platform in ("linux", "darwin", "win32"):
        monkeypatch.setattr(sys, "platform", platform)
        found = user_cache_dir()
        assert found is not None
        assert found.is_absolute()
        assert found.parts[-2:] == ("impasto", "graphs")


def test_a_user_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IMPASTO_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)

    def home() -> Path:
        raise RuntimeError("no home")

    monkeypatch.setattr(Path, "home", home)
    assert user_cache_dir() is None


def test_what_is_stored_is_found(tmp_path: Path) -> None:
    kept = GraphCache(tmp_path / "a" / "b")
    assert kept.load("key") is None
    kept.store("key", b"graph")
    kept.store("other", b"")
    assert kept.load("key") == b"graph"
    assert kept.load("other") == b""
    assert sorted(path.name for path in (tmp_path / "a/b").iterdir()) == ["key", "other"]
    off = GraphCache(None)
    off.store("key", b"graph")
    assert off.load("key") is None


@pytest.mark.parametrize("damage", [b"", b"short", bytes(32) + b"graph"])
def test_a_damaged_file_is_none(tmp_path: Path, damage: bytes) -> None:
    kept = GraphCache(tmp_path)
    kept.store("key", b"graph")
    (tmp_path / "key").write_bytes(damage)
    assert kept.load("key") is None
    kept.store("key", b"graph")
    assert kept.load("key") == b"graph"


def test_the_graphs_used_last_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "_MOST_FILES", 3)
    kept = GraphCache(tmp_path)
    # left by a process that was killed, long ago
    (tmp_path / "0.part").write_bytes(b"half")
    os.utime(tmp_path / "0.part", ns=(0, 0))
    for number, key in enumerate("abc", 1):
        kept.store(key, b"graph")
        os.utime(tmp_path / key, ns=(number, number))
    kept.load("a")
    kept.store("d", b"graph")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "c", "d"]
    monkeypatch.setattr(cache, "_MOST_BYTES", 100)
    kept.store("large", bytes(60))
    assert [path.name for path in tmp_path.iterdir()] == ["large"]


def test_a_folder_that_cannot_be_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    kept = GraphCache(tmp_path / "file" / "graphs")
    kept.store("key", b"graph")
    assert kept.load("key") is None


def test_many_writers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "_MOST_FILES", 4)
    graphs = {f"{i}": bytes([i]) * 100_000 for i in range(8)}

    def use(number: int) -> bool:
        key = f"{number % 8}"
        GraphCache(tmp_path).store(key, graphs[key])
        return GraphCache(tmp_path).load(key) in (graphs[key], None)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(use, range(200)))
    assert not list(tmp_path.glob("*.part"))
