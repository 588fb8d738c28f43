"""`impasto styles` and `impasto export`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from impasto.images import load, read_recipe
from impasto.methods.realtime.codes import load_code, shipped_codes
from tests.methods.realtime.networks import random_network, written


@pytest.fixture(autouse=True)
def styles_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("IMPASTO_STYLES", str(tmp_path / "styles"))
    return tmp_path / "styles"


def test_list_names_own_styles_and_presets(run: Any) -> None:
    assert run("styles", "save", "paint.png", "-o", "mine").code == 0
    out = run("styles", "list").out
    assert "mine" in out.splitlines()[0]
    assert all(name in out for name in shipped_codes())
    assert len(shipped_codes()) >= 24


def test_a_damaged_file_does_not_hide_the_others(run: Any, styles_dir: Path) -> None:
    written(styles_dir / "MyStyle.impasto", random_network("unet", 1))
    (styles_dir / "broken.impasto").write_bytes(b"no network")
    listed = run("styles", "list")
    assert listed.code == 0
    assert "MyStyle" in listed.out
    assert "starry-night" in listed.out
    assert "broken.impasto: no whole network file" in listed.err
    assert run("stylize", "photo.png", "-s", "MyStyle", "-o", "a.png").code == 0
    assert run("stylize", "photo.png", "-s", "broken", "-o", "b.png").code == 1
    shown = run("styles", "show", "--size", "64", "-o", "sheet.png")
    assert shown.code == 0, shown.err
    assert "MyStyle" in shown.out


def test_names_may_have_dots(run: Any, styles_dir: Path) -> None:
    written(styles_dir / "my.v2.impasto", random_network("unet", 1))
    assert "my.v2" in run("styles", "list").out
    Path("my.v2").mkdir()  # the folder of its training
    assert run("stylize", "photo.png", "-s", "my.v2", "-o", "a.png").code == 0
    done = run("stylize", "photo.png", "-s", "my.v3", "-o", "b.png")
    assert done.code == 1
    assert "my.v3 does not exist" in done.err


@pytest.mark.parametrize("parts", [["ink", "my"], ["my", "ink"], ["my"]])
def test_a_networks_style_is_kept_in_its_network(
    run: Any, styles_dir: Path, parts: list[str]
) -> None:
    written(styles_dir / "my.impasto", random_network("unet", 1))
    done = run("styles", "save", *parts, "-o", "both")
    assert done.code == 1
    assert "style my is kept in its network's file" in done.err


def test_a_saved_style_paints_as_its_picture_does(run: Any) -> None:
    assert run("styles", "save", "paint.png", "-o", "mine").code == 0
    for style, out in (("mine", "a.png"), ("paint.png", "b.png")):
        done = run("stylize", "photo.png", "-s", style, "-o", out, "--precision", "float32")
        assert done.code == 0, done.err
    assert abs(load("a.png") - load("b.png")).max() <= 1 / 255
    assert read_recipe("a.png")["styles"][0]["kind"] == "style"


def test_blends_are_kept_and_brought_to_one(run: Any, styles_dir: Path) -> None:
    save = ("styles", "save", "paint.png", "starry-night", "-o")
    told = run(*save, "both", "--blend", "1,3")
    assert (told.code, told.err) == (
        0,
        "impasto: note: blend weights brought to a sum of 1: 0.25, 0.75\n",
    )
    assert run(*save, "same", "--blend", "0.25,0.75").err == ""
    both, same = (load_code(styles_dir / f"{name}.style") for name in ("both", "same"))
    assert abs(both.vector - same.vector).max() < 1e-5
    done = run(*save, "odd", "--blend", "a,b")
    assert done.code == 1
    assert "expected numbers with commas" in done.err


def test_a_style_is_not_overwritten_unasked(run: Any) -> None:
    assert run("styles", "save", "paint.png", "-o", "mine").code == 0
    done = run("styles", "save", "other.png", "-o", "mine")
    assert done.code == 1
    assert "exists" in done.err
    assert run("styles", "save", "other.png", "-o", "mine", "--force").code == 0


@pytest.mark.parametrize("name", ["My Style", "a.b", "ä"])
def test_names_that_no_style_can_have(run: Any, name: str) -> None:
    done = run("styles", "save", "paint.png", "-o", name)
    assert done.code == 1
    assert "small letters" in done.err


def test_show_paints_a_sheet(run: Any) -> None:
    done = run("styles", "show", "ink", "paint.png", "--content", "photo.png", "--size", "64",
               "-o", "sheet.png")  # fmt: skip
    assert done.code == 0, done.err
    assert "ink" in done.out
    assert load("sheet.png").shape[1] == 3 * 64


def test_tune_says_what_it_gained(run: Any, styles_dir: Path) -> None:
    done = run("styles", "tune", "paint.png", "-o", "tuned", "--steps", "2", "--size", "64",
               "--content", "photo.png", "--threads", "1")  # fmt: skip
    assert done.code == 0, done.err
    assert "before" in done.out
    code = load_code(styles_dir / "tuned.style")
    assert code.tuned
    assert code.affines is not None
    assert run("stylize", "photo.png", "-s", "tuned", "-o", "out.png").code == 0


def test_unknown_style(run: Any) -> None:
    done = run("stylize", "photo.png", "-s", "stary-night")
    assert done.code == 1
    assert "did you mean starry-night?" in done.err


def test_one_pass_has_nothing_to_watch(run: Any) -> None:
    done = run("stylize", "photo.png", "-s", "ink", "--log", "losses.csv")
    assert done.code == 1
    assert "one pass has no steps" in done.err


def test_export_writes_graphs_that_agree(run: Any) -> None:
    pytest.importorskip("onnxruntime")
    done = run("export", "--onnx", "graphs")
    assert done.code == 0, done.err
    assert "agree within" in done.out
    assert {path.name for path in Path("graphs").iterdir()} == {
        "realtime-style.onnx", "realtime-content.onnx", "realtime.json",
    }  # fmt: skip
    table = json.loads(Path("graphs/realtime.json").read_text())
    assert len(table["bias"]) == len(table["weight"])
    assert run("export", "--onnx", "graphs").code == 1
