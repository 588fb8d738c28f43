"""Masks as they are given become one plane for each style, and regions styles of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import impasto
from impasto.errors import ImageError, OptionError
from impasto.images import read_recipe, save_picture
from impasto.masks import Guides
from impasto.methods.contract import Image
from impasto.styles import open_styles

RED, BLUE = (1.0, 0.0, 0.0), (0.0, 0.0, 1.0)


def halves(height: int, width: int, *, across: bool, swapped: bool = False) -> Image:
    """Return red and blue halves, side by side or one above the other."""
    labels = np.zeros((height, width, 3), np.float32)
    labels[:] = BLUE if swapped else RED
    second = (slice(None), slice(width // 2, None)) if across else slice(height // 2, None)
    labels[second] = RED if swapped else BLUE
    return labels


@pytest.fixture
def scene(draw: Any) -> tuple[Image, Image]:
    """Return a content, and a style of smooth dark waves above and bright noise below."""
    style = draw(96, 96) * 0.3
    noise = np.random.default_rng(0).random((48, 96, 3), dtype=np.float32)
    style[48:] = 0.6 + 0.4 * noise
    return draw(64, 96, 1), style


def pair() -> tuple[Image, Image]:
    return halves(64, 96, across=True), halves(96, 96, across=False)


def test_label_pictures_make_a_style_of_each_region(scene: tuple[Image, Image]) -> None:
    styles = open_styles(scene[1])
    guided = Guides.load([pair()], None).apply(styles, [1.0])
    assert len(guided.styles) == len(guided.masks) == len(guided.blend) == 2
    for style, mask in zip(guided.styles, guided.masks, strict=True):
        shown, i = style.alpha, int(mask[0, 95])  # type: ignore[union-attr]
        assert shown is not None
        assert shown[48 * i : 48 * (i + 1)].min() == 1
        assert shown[48 * (1 - i) : 48 * (2 - i)].max() == 0
        assert mask[:, 48 * i : 48 * (i + 1)].min() == 1
    # another style besides, with a grey mask
    both = Guides.load([pair(), np.ones((64, 96), np.float32)], None)
    guided = both.apply([*styles, *styles], [0.25, 0.75])
    assert list(guided.blend) == [0.25, 0.25, 0.75]


def test_feather_softens_borders_and_nothing_else() -> None:
    plane = np.zeros((100, 200), np.float32)
    plane[:, 100:] = 1
    styles = open_styles(["ink", "batik"])
    guided = Guides.load([plane, 1 - plane], None, feather=0.02).apply(styles, [0.5, 0.5])
    soft, other = guided.masks
    assert np.abs(soft + other - 1).max() < 0.01
    assert np.array_equal(soft[:, :80], plane[:, :80])
    assert np.array_equal(soft[:, 120:], plane[:, 120:])
    assert 0.1 < soft[50, 97] < 0.5 < soft[50, 102] < 0.9
    assert (np.diff(soft[50]) >= 0).all()


@pytest.mark.parametrize("feather", [-0.1, 0.3, float("nan")])
def test_feather_has_limits(feather: float) -> None:
    with pytest.raises(OptionError, match="feather is .*; expected 0 to 0.25"):
        Guides.load([np.ones((20, 20), np.float32)], None, feather)


def test_what_does_not_go_together_is_told(scene: tuple[Image, Image]) -> None:
    with pytest.raises(OptionError, match="feather softens masks, and there is none"):
        Guides.load([], None, 0.01)
    with pytest.raises(OptionError, match="style ink has no picture in which regions could be"):
        impasto.stylize(scene[0], "ink", masks=[pair()])
    with pytest.raises(OptionError, match="1 masks for 2 styles"):
        impasto.stylize(scene[0], [scene[1], "ink"], masks=[pair()])
    with pytest.raises(ImageError, match="has nothing in #0000ff"):
        impasto.stylize(scene[0], scene[1], masks=[(pair()[0], halves(96, 96, across=False) * 0)])


def test_one_mask_and_a_strength_map_are_multiplied(scene: tuple[Image, Image]) -> None:
    mask = halves(64, 96, across=True)[..., 0]
    grey = np.full((32, 48), 0.5, np.float32)
    guided = Guides.load([mask], grey).apply(open_styles("ink"), [1.0])
    assert guided.masks == ()
    assert guided.strength == pytest.approx(0.5 * mask)


@pytest.mark.parametrize("options", [{}, {"steps": 30, "content_weight": 0.0}])
def test_each_region_takes_its_own_part_of_the_style(
    scene: tuple[Image, Image], options: dict[str, Any]
) -> None:
    """Dark waves go left and bright noise right; the other way round with swapped labels."""
    content, style = scene
    means = []
    for swapped in (False, True):
        labels = halves(64, 96, across=True, swapped=swapped), pair()[1]
        found = impasto.stylize(content, style, masks=[labels], size=128, **options).image
        means.append((found[:, :48].mean(), found[:, 80:].mean()))
    assert means[0][0] < means[1][0] - 0.1
    assert means[1][1] < means[0][1] - 0.1


def test_the_recipe_names_both_and_makes_it_again(
    scene: tuple[Image, Image], tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, picture in zip(("photo", "paint", "c", "s"), (*scene, *pair()), strict=True):
        save_picture(f"{name}.png", picture)
    recipe = impasto.stylize_file(
        "photo.png", "paint.png", "out.png", masks=[("c.png", "s.png")], feather=0.02, sign=False
    )
    assert recipe.feather == 0.02
    stored = read_recipe("out.png")
    assert [part["name"] for part in stored["masks"][0]] == ["c.png", "s.png"]
    assert len(stored["styles"]) == 1
    impasto.save("again.png", impasto.again("out.png"), sign=False)
    assert Path("again.png").read_bytes() == Path("out.png").read_bytes()


def test_regions_are_found(scene: tuple[Image, Image]) -> None:
    pytest.importorskip("skimage")
    content = np.concatenate([scene[1][:48], scene[1][48:]], 1)  # the same textures, side by side
    show = lambda: open_styles(content)[0]  # noqa: E731
    guided = Guides.load(["auto:2"], show=show).apply(open_styles(scene[1]), [1.0])  # type: ignore[arg-type]
    assert len(guided.masks) == 2
    for style, mask in zip(guided.styles, guided.masks, strict=True):
        above = style.alpha[:40].mean() > 0.5  # type: ignore[union-attr,index]
        assert mask[:, :80].mean() > 0.95 if above else mask[:, 112:].mean() > 0.95


def test_a_recipe_keeps_that_regions_and_faces_are_found(tmp_path: Path, monkeypatch: Any) -> None:
    data = pytest.importorskip("skimage.data")
    pytest.importorskip("dlib")
    monkeypatch.chdir(tmp_path)
    save_picture("face.png", data.astronaut()[:256, 96:352].astype(np.float32) / 255)
    save_picture("cup.png", data.coffee().astype(np.float32) / 255)
    plain = impasto.stylize("face.png", "cup.png", masks=["auto:3"]).image
    rest = {"masks": ["auto:3"], "faces": 0.2, "sign": False}
    recipe = impasto.stylize_file("face.png", "cup.png", "out.png", **rest)  # type: ignore[arg-type]
    assert recipe.faces == 0.2
    [mask] = read_recipe("out.png")["masks"]
    assert mask["name"] == "auto:3"
    face = impasto.load("face.png")
    calm, there = impasto.load("out.png"), np.s_[80:140, 100:150]
    assert np.abs(calm - face)[there].mean() < 0.6 * np.abs(plain - face)[there].mean()
    assert np.abs(calm - plain)[:, :20].mean() < 0.01
    impasto.save("again.png", impasto.again("out.png"), sign=False)
    assert Path("again.png").read_bytes() == Path("out.png").read_bytes()


def test_what_must_be_seen_must_be_known(scene: tuple[Image, Image]) -> None:
    for guides in ({"masks": ["auto"]}, {"faces": 0.5}):
        with pytest.raises(OptionError, match="found in the content, which is not known yet"):
            impasto.prepare(scene[1], **guides)
    with pytest.raises(OptionError, match="faces is 2; expected 0 to 1"):
        impasto.stylize(*scene, faces=2)
    with pytest.raises(OptionError, match="style ink has no picture"):
        impasto.stylize(scene[0], "ink", masks=["auto"])
