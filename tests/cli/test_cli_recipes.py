"""`impasto inspect` and `impasto again`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from impasto.images import load_picture, read_recipe, save_picture

QUICK = ("photo.png", "-s", "paint.png", "-s", "other.png", "--steps", "3", "-q", "--no-sign")


@pytest.fixture
def picture(run: Any) -> str:
    assert run("stylize", *QUICK, "-o", "out.jpg", "--file-quality", "80").code == 0
    return "out.jpg"


def test_inspect(run: Any, picture: str) -> None:
    done = run("inspect", picture)
    assert (done.code, done.err) == (0, "")
    for line in ("method: optimize", "  backbone: compact", "styles 2:", "  name: other.png"):
        assert line in done.out.splitlines()
    assert "None" not in done.out


def test_inspect_as_json(run: Any, picture: str) -> None:
    done = run("inspect", picture, "--json")
    assert json.loads(done.out) == read_recipe(picture)


@pytest.mark.parametrize("command", ["inspect", "again"])
def test_a_picture_without_recipe(run: Any, folder: Path, command: str) -> None:
    for name, message in (("photo.png", "carries no recipe"), ("nowhere.png", "does not exist")):
        done = run(command, name)
        assert (done.code, done.out) == (1, "")
        assert done.err.startswith("impasto: ")
        assert message in done.err


def test_again(run: Any, picture: str, folder: Path) -> None:
    done = run("again", picture, "--no-sign")
    assert done.code == 0
    assert done.out.splitlines()[0].startswith("out-again.jpg  64x48")
    assert done.out.splitlines()[1] == "the same bytes"
    assert (folder / "out-again.jpg").read_bytes() == (folder / "out.jpg").read_bytes()
    assert run("again", picture, "-q").err == ""
    assert (folder / "out-again-2.jpg").exists()


def test_again_over_itself(run: Any, picture: str, folder: Path) -> None:
    before = (folder / picture).read_bytes()
    assert run("again", picture, "-o", picture).code == 1
    over = ("again", picture, "-o", picture, "--no-sign", "--force")
    assert run(*over).out.endswith("the same bytes\n")
    assert (folder / picture).read_bytes() == before


def test_again_over_another(run: Any, picture: str) -> None:
    recipe = json.dumps(read_recipe(picture))
    save_picture("old.jpg", 1 - load_picture(picture).pixels, recipe=recipe)
    done = run("again", "old.jpg", "-o", "old.jpg", "--force")
    assert done.out.splitlines()[1] == "the bytes differ from old.jpg's"


def test_again_from_another_folder(run: Any, picture: str, folder: Path) -> None:
    inputs = folder / "inputs"
    inputs.mkdir()
    for name in ("photo.png", "paint.png", "other.png"):
        (folder / name).rename(inputs / name)
    done = run("again", picture)
    assert done.code == 1
    assert "photo.png is not there" in done.err
    assert "--from" in done.err
    same = "the same bytes but for the signature\n"
    assert run("again", picture, "--from", "inputs").out.endswith(same)
    save_picture(inputs / "paint.png", load_picture(inputs / "photo.png").pixels)
    done = run("again", picture, "--from", "inputs")
    assert done.code == 1
    assert "paint.png has changed since" in done.err


def test_again_says_what_was_different(run: Any, picture: str) -> None:
    recipe = read_recipe(picture)
    recipe["made_with"]["torch"] = "0.1"
    save_picture("old.png", load_picture(picture).pixels, recipe=json.dumps(recipe))
    done = run("again", "old.png", "-o", "new.png", "-q")
    assert done.code == 0
    assert "the bytes differ from old.png's; made with torch 0.1 then" in done.out


@pytest.mark.parametrize("output", [None, [], {"depth": "deep"}, {"suffix": ".exe"}])
def test_a_recipe_with_odd_output(run: Any, picture: str, output: object) -> None:
    recipe = read_recipe(picture) | {"output": output}
    save_picture("odd.png", load_picture(picture).pixels, recipe=json.dumps(recipe))
    done = run("again", "odd.png", "-q")
    assert done.code in (0, 1)
    assert "fault of Impasto" not in done.err
