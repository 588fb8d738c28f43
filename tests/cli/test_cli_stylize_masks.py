"""Masks on the command line: grey pictures, and pairs of label pictures."""

from __future__ import annotations

from pathlib import Path

import pytest

from impasto.cli.masks import MaskType


def read(text: str) -> object:
    return MaskType().convert(text, None, None)


def test_one_file_or_two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.png", "b.png", "c:d.png"):
        Path(name).touch()
    assert read("a.png") == Path("a.png")
    assert read("nothing.png") == Path("nothing.png")
    assert read("a.png:b.png") == (Path("a.png"), Path("b.png"))
    # a colon in a name
    assert read("c:d.png") == Path("c:d.png")
    assert read("c:d.png:a.png") == (Path("c:d.png"), Path("a.png"))
    assert read("a.png:c:d.png") == (Path("a.png"), Path("c:d.png"))
    assert read("x.png:y.png") == (Path("x.png"), Path("y.png"))
    assert read("auto:6") == Path("auto:6")
    assert read("auto") == Path("auto")
