"""Photographs that stay photographs, from file to file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import impasto
from impasto.cli.main import main
from impasto.errors import OptionError
from impasto.images import load_picture, read_recipe, save_picture
from impasto.recipe import file_sha256
from tests.drawings import draw

LEVEL = 1 / 255


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    y, x = np.mgrid[0:150, 0:210] / 210
    photo = np.stack([0.2 + 0.6 * y, 0.4 + 0.3 * np.sin(20 * x), 0.8 - 0.5 * y], 2)
    save_picture("photo.png", photo.astype(np.float32), depth=16)
    save_picture("seen.png", photo.astype(np.float32), alpha=(x < 0.5).astype(np.float32))
    save_picture("art.png", draw("watercolor", size=120))
    save_picture("ink.png", draw("ink", size=120))
    save_picture("mask.png", np.repeat((x > 0.5).astype(np.float32)[..., None], 3, 2))


Run = Callable[..., str]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*words: str, code: int = 0) -> str:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(list(words))
        found = "".join(capsys.readouterr())
        assert (ended.value.code or 0) == code, found
        return found

    return call


@pytest.mark.parametrize(
    "flags",
    [
        ["--quality", "photoreal"],
        ["--retouch", "0.5", "--strength", "0.7", "--size", "100"],
        ["--quality", "photoreal", "-s", "ink.png", "--mask", "mask.png", "--mask", "mask.png"],
        ["--quality", "photoreal", "--strength-map", "mask.png", "--depth", "8"],
    ],
)
def test_again_makes_the_same_bytes(run: Run, flags: list[str]) -> None:
    run("stylize", "photo.png", "-s", "art.png", *flags, "-o", "out.png", "--no-sign")
    recipe = read_recipe("out.png")
    assert recipe["method"] == "photoreal"
    assert recipe["output"]["depth"] == (8 if "--depth" in flags else 16)
    assert "the same bytes" in run("again", "out.png", "-o", "again.png", "--no-sign")
    assert file_sha256(Path("again.png")) == file_sha256(Path("out.png"))


def test_on_the_disk_as_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    options: dict[str, Any] = {"quality": "photoreal", "retouch": 0.5, "strength_map": "mask.png"}
    expected = impasto.stylize("photo.png", "art.png", **options).image
    monkeypatch.setattr("impasto.stream.OnePass.tile_side", lambda *_: 64)
    steps: list[Any] = []
    recipe = impasto.stylize_file(
        "photo.png", "art.png", "out.png", progress=steps.append, **options
    )
    assert recipe.made_with["tile"] == 64
    assert len(steps) > 1
    assert np.abs(load_picture("out.png").pixels - expected).max() < 0.1 * LEVEL


def test_transparency_stays() -> None:
    result = impasto.stylize("seen.png", "art.png", quality="photoreal")
    assert result.alpha is not None
    assert (result.alpha == load_picture("seen.png").alpha).all()


def test_many_at_once() -> None:
    outcomes = impasto.stylize_many(
        ["photo.png", "seen.png"], ["art.png", "ink.png"], "out", quality="photoreal"
    )
    assert [outcome.error for outcome in outcomes] == [None] * 4


def test_a_code_is_refused() -> None:
    with pytest.raises(OptionError, match="starry-night is a code, and photoreal needs the pict"):
        impasto.prepare("starry-night", quality="photoreal")


def test_what_is_for_others_is_refused(run: Run) -> None:
    flags = ["stylize", "photo.png", "-s", "art.png", "--quality", "photoreal"]
    assert "'steps' is the optimiser's" in run(*flags, "--steps", "3", code=1)
    assert "one pass has no steps" in run(*flags, "--log", "log.csv", code=1)
