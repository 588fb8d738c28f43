"""What results are called: each by a name of its own, whatever the order."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impasto.errors import ImageError, OptionError
from impasto.names import Row, named, target, unused, unused_pyramid


def rows(*contents: str, styles: Sequence[str] = ("ink",)) -> list[Row]:
    return [(Path(content), (style,), None) for content in contents for style in styles]


def names(found: Sequence[Row], suffix: str | None = None, pyramids: bool = False) -> list[str]:
    return [path.name for path in named(found, Path("out"), suffix, pyramids=pyramids)]


def test_a_name_has_content_and_styles() -> None:
    assert names(rows("a/x.jpg", "y.heic", styles=("b/ink.png", "cubism"))) == [
        "x-ink.jpg", "x-cubism.jpg", "y-ink.png", "y-cubism.png"]  # fmt: skip
    assert names(rows("x.JPG"), ".tif") == ["x-ink.tif"]


def test_names_that_are_alike_get_the_folder() -> None:
    found = names(rows("2024/x.jpg", "2025/x.jpg", "2025/y.jpg", "2025/x.png"))
    assert found == ["2024-x-ink.jpg", "2025-x-ink.jpg", "y-ink.jpg", "x-ink.png"]


def test_names_that_differ_in_case_only_are_alike() -> None:
    assert names(rows("2024/X.jpg", "2025/x.jpg")) == ["2024-X-ink.jpg", "2025-x-ink.jpg"]


def test_pyramids_have_no_ending() -> None:
    found = rows("2024/x.jpg", "2025/x.png")
    assert names(found) == ["x-ink.jpg", "x-ink.png"]
    assert names(found, pyramids=True) == ["2024-x-ink.jpg", "2025-x-ink.png"]


@pytest.mark.parametrize(
    "found",
    [
        rows("a/2024/x.jpg", "b/2024/x.jpg"),
        rows("x.avif", "x.heic", "x.gif"),
        rows("x.jpg", styles=("ink", "a/ink.png", "b/ink.png")),
        rows("2024-x.jpg", "2024/x.jpg", "2025/x.jpg"),
        rows(f"{'x' * 230}1.jpg", f"{'x' * 230}2.jpg"),
    ],
)
def test_each_has_its_own_whatever_the_folders(found: list[Row]) -> None:
    own = names(found)
    assert len({name.casefold() for name in own}) == len(found)
    assert max(len(os.fsencode(name)) for name in own) < 240
    assert names(found[::-1]) == own[::-1]


@given(st.permutations(range(6)), st.integers(3, 6))
def test_who_comes_later_takes_no_others_name(order: list[int], count: int) -> None:
    every = rows("a/x.jpg", "b/x.jpg", "c/a/x.jpg", "y.jpg", "b/z.jpg", "b/Z.jpg")
    before = [every[i] for i in order[:count]]
    first = dict(zip(names(before), before, strict=True))
    for name, row in zip(names(every), every, strict=True):
        # a result that is there is this row's own
        assert first.get(name, row) == row


def test_what_a_table_says_stays() -> None:
    said = (Path("a.jpg"), ("ink",), Path("X-ink.jpg"))
    assert names([*rows("b/x.jpg"), said]) == ["b-x-ink.jpg", "X-ink.jpg"]
    other = (Path("b.jpg"), ("ink",), Path("x-INK.jpg"))
    with pytest.raises(OptionError, match=r"X-ink\.jpg is the result of two pairs"):
        names([said, other])


def test_names_that_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("x.png").touch()
    with pytest.raises(ImageError, match=r"x\.png exists"):
        unused(Path("x.png"), force=False)
    assert unused(Path("x.png"), force=True) == Path("x.png")
    assert target(None, "x.png", force=False) == Path("x-2.png")
    for taken in ("y.dzi", "z_files"):
        Path(taken).mkdir() if taken.endswith("files") else Path(taken).touch()
        path = Path(f"{taken[0]}.dzi")
        with pytest.raises(ImageError, match=f"{taken} exists"):
            unused_pyramid(path, force=False)
        unused_pyramid(path, force=True)
