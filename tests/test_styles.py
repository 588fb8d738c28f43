"""Styles: pictures, presets by name, and styles of the user's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from impasto.errors import ImageError, OptionError, RecipeError, WeightsError
from impasto.images import Picture, load_picture, save_picture
from impasto.methods.realtime.catalog import target_of
from impasto.methods.realtime.codes import StyleCode, save_code, shipped_codes
from impasto.recipe import Ingredient
from impasto.styles import ingredient_of, named, open_styles, sample_of


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in an empty folder, without styles of one's own."""
    monkeypatch.setenv("IMPASTO_STYLES", str(tmp_path / "styles"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


@pytest.fixture
def ink() -> StyleCode:
    return shipped_codes()["ink"]


def test_styles_of_all_kinds(draw: Any, ink: StyleCode) -> None:
    save_picture("paint.png", draw())
    save_code(target_of("mine"), ink)
    save_code(Path("here.style"), ink)
    picture = load_picture(draw())
    sources = ["paint.png", Path("paint.png"), draw(), picture, "ink", "mine", ink, "here.style"]
    found = open_styles(sources)
    assert [isinstance(style, StyleCode) for style in found] == [False] * 4 + [True] * 4
    assert found[3] is picture
    assert found[6] is ink
    assert {style.digest for style in found[4:]} == {ink.digest}  # type: ignore[union-attr]
    assert len(open_styles(draw())) == len(open_styles("ink")) == len(open_styles(ink)) == 1
    assert len(open_styles(tuple(sources))) == len(sources)


def test_no_style() -> None:
    for nothing in ([], ()):
        with pytest.raises(OptionError, match="no style given"):
            open_styles(nothing)


def test_a_file_wins_over_a_preset_of_its_name(draw: Any) -> None:
    save_picture("paint.png", draw())
    Path("paint.png").rename("ink")
    assert isinstance(open_styles("ink")[0], Picture)


def test_names_that_are_nobodys_are_told_with_the_nearest() -> None:
    for wrong, near in (("inkk", "ink"), ("Starry-Night", "starry-night"), ("mosiac", "mosaic")):
        with pytest.raises(OptionError, match=f"style '{wrong}' is no file .*did you mean {near}?"):
            open_styles(wrong)
    with pytest.raises(OptionError, match="choose one of art-deco, "):
        open_styles("xyzzy")
    for wrong in ("ink.png", "folder/ink", "./ink"):
        with pytest.raises(ImageError, match="does not exist"):
            open_styles(wrong)
    with pytest.raises(WeightsError, match="no such file"):
        open_styles("ink.style")
    with pytest.raises(ImageError, match="cannot be loaded from a int"):
        open_styles(3)  # type: ignore[arg-type]


def test_a_style_of_8_pixels_is_too_small(draw: Any) -> None:
    with pytest.raises(ImageError, match="8x8 px; every side needs"):
        open_styles(draw(8, 8))


def test_what_is_transparent_is_no_style(draw: Any) -> None:
    alpha = np.zeros((48, 64), np.float32)
    with pytest.raises(ImageError, match="transparent everywhere"):
        open_styles(np.dstack([draw(), alpha]))
    with pytest.raises(ImageError, match="wholly transparent"):
        sample_of(Picture(draw(), alpha, "ghost", ""))
    alpha[:, :32] = 1
    seen = sample_of(open_styles(np.dstack([draw(), alpha]))[0])  # type: ignore[arg-type]
    assert np.array_equal(seen.pixels[:, :32], draw()[:, :32])
    assert np.array_equal(seen.pixels[:, 32:], draw()[:, 31::-1])
    assert np.array_equal(seen.counts, alpha)  # type: ignore[arg-type]
    assert seen.pixels.dtype == np.float32
    whole = sample_of(load_picture(draw()))
    assert whole.pixels is not None
    assert whole.counts is None


def test_what_is_half_transparent_everywhere_is_seen(draw: Any) -> None:
    alpha = np.full((48, 64), 0.4, np.float32)
    seen = sample_of(Picture(draw(), alpha, "glass", ""))
    assert np.array_equal(seen.pixels, draw())
    assert seen.counts is None


def test_ingredients(draw: Any, ink: StyleCode) -> None:
    picture = load_picture(draw())
    assert ingredient_of(picture, 0.5) == Ingredient("array", picture.sha256, 0.5)
    kept = ingredient_of(ink, 0.25)
    assert kept == Ingredient("ink", ink.digest, 0.25, kind="style")
    assert Ingredient.from_dict(kept.as_dict()) == kept
    assert named(kept, []) is ink


def test_a_named_style_must_be_the_same(ink: StyleCode) -> None:
    for name, sha256 in (("ink", "0" * 64), ("nobody", ink.digest)):
        with pytest.raises(RecipeError, match=f"the style {name} is not here, or has changed"):
            named(Ingredient(name, sha256, kind="style"), [Path.cwd()])
    save_code(target_of("ink"), shipped_codes()["batik"])
    with pytest.raises(RecipeError, match="has changed since"):
        named(ingredient_of(ink, 1.0), [])
    # but one that lies in a folder that is looked in may be the right one
    save_code(Path("ink.style"), ink)
    assert named(ingredient_of(ink, 1.0), [Path.cwd()]).digest == ink.digest
