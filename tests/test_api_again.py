"""Stopping a run, and making a picture again from its recipe."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import impasto
from impasto.errors import ImageError, ImpastoError, RecipeError
from impasto.images import read_recipe, save_picture
from impasto.methods import Step

pytestmark = pytest.mark.usefixtures("compact")
OPTIONS: dict[str, Any] = {"steps": 6, "coarsest": 32}


@pytest.fixture
def photo(draw: Any, tmp_path: Path) -> Path:
    return save_picture(tmp_path / "photo.png", draw(48, 64))


@pytest.fixture
def styles(draw: Any, tmp_path: Path) -> list[Path]:
    return [save_picture(tmp_path / f"style{i}.jpg", draw(40, 56, i)) for i in (3, 5, 7)]


def stop_at(number: int) -> Callable[[Step], None]:
    def progress(step: Step) -> None:
        if step.number == number:
            raise KeyboardInterrupt

    return progress


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
@pytest.mark.parametrize("number", [1, 3, 5])
def test_a_stopped_run_gives_the_picture_so_far(
    photo: Path, styles: list[Path], number: int, optimizer: str
) -> None:
    options = OPTIONS | {"optimizer": optimizer}
    result = impasto.stylize(photo, styles[0], progress=stop_at(number), **options)
    assert result.image.shape == (48, 64, 3)
    assert (result.recipe.stopped, result.recipe.steps) == (True, number)
    assert np.abs(result.image - impasto.load(photo)).max() > 0


def test_a_run_stopped_at_its_last_step_is_whole(photo: Path, styles: list[Path]) -> None:
    whole = impasto.stylize(photo, styles[0], **OPTIONS)
    last = impasto.stylize(photo, styles[0], progress=stop_at(6), **OPTIONS)
    assert np.array_equal(last.image, whole.image)
    assert last.recipe == whole.recipe


def test_other_errors_of_progress_come_through(photo: Path, styles: list[Path]) -> None:
    def fail(step: Step) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        impasto.stylize(photo, styles[0], progress=fail, **OPTIONS)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"optimizer": "adam", "learning_rate": 0.01},
        {"init": "noise", "seed": 3},
        {"init": "file"},
        {"preserve_color": "luminance", "size": 50},
        {"strength": 0},
        {"preset": "softer"},
        {"threads": 2},
    ],
)
def test_again_gives_the_same_bytes(
    photo: Path, styles: list[Path], options: dict[str, Any]
) -> None:
    if options.get("init") == "file":
        options = {"init": str(styles[2])}
    result = impasto.stylize(photo, styles, blend=[2, 1, 4], **OPTIONS | options)
    first = impasto.save(photo.with_name("first.png"), result, sign=False)
    second = impasto.save(photo.with_name("second.png"), impasto.again(first), sign=False)
    assert second.read_bytes() == first.read_bytes()


@pytest.mark.parametrize("number", [1, 4, 5])
def test_again_of_a_stopped_run(photo: Path, styles: list[Path], number: int) -> None:
    result = impasto.stylize(photo, styles[0], progress=stop_at(number), **OPTIONS)
    first = impasto.save(photo.with_name("first.webp"), result, quality=80, sign=False)
    steps: list[Step] = []
    again = impasto.again(first, progress=steps.append)
    second = impasto.save(photo.with_name("second.webp"), again, quality=80, sign=False)
    assert second.read_bytes() == first.read_bytes()
    assert len(steps) == number


def test_again_looks_in_other_folders(
    photo: Path, styles: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    first = impasto.save(
        elsewhere / "first.png",
        impasto.stylize(photo, styles[0], init=str(styles[1]), **OPTIONS),
        sign=False,
    )
    monkeypatch.chdir(elsewhere)
    with pytest.raises(RecipeError, match=r"photo.png is not there"):
        impasto.again(first)
    again = impasto.again(first, folders=[str(tmp_path)])
    assert impasto.save(elsewhere / "two.png", again, sign=False).read_bytes() == first.read_bytes()
    monkeypatch.chdir(tmp_path)
    assert impasto.again("elsewhere/first.png").recipe == again.recipe


@pytest.mark.parametrize("which", ["photo.png", "style3.jpg", "style5.jpg"])
def test_again_refuses_other_inputs(
    photo: Path, styles: list[Path], draw: Any, which: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(photo.parent)
    result = impasto.stylize(photo, styles[0], init=str(styles[1]), steps=1)
    first = impasto.save("first.png", result)
    save_picture(which, draw(number=9))
    with pytest.raises(RecipeError, match=f"{which} has changed since"):
        impasto.again(first)
    Path(which).unlink()
    with pytest.raises(RecipeError, match=f"{which} is not there"):
        impasto.again(first)


def test_again_needs_a_recipe(photo: Path) -> None:
    with pytest.raises(RecipeError, match="carries no recipe"):
        impasto.again(photo)
    with pytest.raises(ImageError, match="does not exist"):
        impasto.again("nowhere.png")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"method": "later"}, "method 'later'"),
        ({"impasto_recipe": 9}, "format 9"),
        ({"options": {"of_tomorrow": 1}}, "of_tomorrow"),
        ({"options": {"steps": "many"}}, "steps"),
        ({"styles": []}, "no style"),
    ],
)
def test_again_refuses_a_recipe_it_does_not_understand(
    photo: Path, styles: list[Path], changes: dict[str, Any], message: str
) -> None:
    result = impasto.stylize(photo, styles[0], steps=1)
    plain = result.recipe.as_dict() | changes
    path = save_picture(photo.with_name("odd.png"), result.image, recipe=json.dumps(plain))
    with pytest.raises(ImpastoError, match=message):
        impasto.again(path)


def test_a_recipe_names_no_folder(photo: Path, styles: list[Path], tmp_path: Path) -> None:
    result = impasto.stylize(photo, styles[:2], init=str(styles[2]), steps=1)
    path = impasto.save(tmp_path / "out.tiff", result, depth=16)
    text = str(read_recipe(path))
    assert str(tmp_path) not in text
    assert "style7.jpg" in text
    assert result.recipe.made_with["threads"] == result.recipe.options["threads"]
