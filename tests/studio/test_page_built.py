"""The built page: what its policy asks of it, and that it is compared with its sources."""

from __future__ import annotations

import re
from pathlib import Path

import impasto
from impasto.options import declarations
from impasto.studio.guard import PAGE_POLICY
from impasto.train.settings import KINDS
from tools.page import PAGE, differences

INDEX = PAGE / "index.html"
TEXTS = {p: p.read_text(encoding="utf-8") for p in sorted(PAGE.rglob("*.js"))}


def test_it_is_in_the_package() -> None:
    assert Path(impasto.__file__).parent in INDEX.parents
    named = re.findall(r'(?:src|href)="/([^"]+)"', INDEX.read_text(encoding="utf-8"))
    assert named
    for name in named:
        assert (PAGE / name).is_file(), name


def test_nothing_in_it_is_inline() -> None:
    page = INDEX.read_text(encoding="utf-8")
    assert "'unsafe" not in PAGE_POLICY
    assert not re.search(r"<style|\sstyle=|\son\w+=", page)
    assert not re.search(r"<script(?![^>]*\ssrc=)", page)


def test_it_asks_nobody_else() -> None:
    for path in PAGE.rglob("*"):
        if path.suffix in (".js", ".css", ".html"):
            found = re.findall(r"(?:fetch|import)\(\s*[\"'`]https?:|url\(\s*[\"']?https?:|@import",
                               path.read_text(encoding="utf-8"))  # fmt: skip
            assert not found, path.name


def test_names_say_what_files_hold() -> None:
    for path in (PAGE / "assets").iterdir():
        assert re.fullmatch(r"[a-z]+-[\w-]{8}\.(js|css)", path.name), path.name


def test_options_are_not_listed_in_it() -> None:
    """Which options there are the server says: those without a translation are in no file."""
    unet = KINDS["unet"]
    helps = [declarations(unet.settings)[name][1].help for name in unet.options]
    assert len(helps) > 10
    for text in TEXTS.values():
        assert not [line for line in helps if line in text]


def test_differences_are_found(tmp_path: Path) -> None:
    for folder in ("page", "built"):
        (tmp_path / folder / "assets").mkdir(parents=True)
        (tmp_path / folder / "index.html").write_text("same")
    assert differences(tmp_path / "page", tmp_path / "built") == []
    (tmp_path / "built" / "index.html").write_text("changed")
    (tmp_path / "page" / "assets" / "old.js").write_text("")
    (tmp_path / "built" / "assets" / "new.js").write_text("")
    assert differences(tmp_path / "page", tmp_path / "built") == [
        "missing: assets/new.js",
        "not from these sources: assets/old.js",
        "differs: index.html",
    ]
