"""From file to file on the disk: the same picture as in memory."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import impasto
from impasto.errors import ImageError, OptionError
from impasto.images import load_picture, read_recipe, save_picture
from impasto.methods import Step
from tests.stream.painting import (
    LEVEL,
    OPTIONS,
    TILE,
    TILE_SIDE,
    TILES,
    check,
    hidden,
    paint,
    waves,
)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"style": "paint.png", "strength": 0.4},
        {"style": ["ink", "batik"], "blend": [3, 1], "strength": 0.1},
        {"strength": 0},
        {"style": ["ink", "batik"], "masks": ["left.png", "right.png"]},
        {"style": ["ink", "batik"], "masks": ["small.png", "right.png"], "strength": 0.1},
        {"masks": ["small.png"]},
        {"strength_map": "left.png", "strength": 0.8},
        {"preserve_color": "luminance"},
        {"preserve_color": "statistics", "strength_map": "small.png"},
        {"local": 0.2},
        {"size": 300},
        {"size": 611, "grain": 2.0},
    ],
)
def test_the_disk_gives_what_the_memory_gives(options: dict[str, Any]) -> None:
    check(**options)


def test_rows_and_columns(monkeypatch: Any) -> None:
    monkeypatch.setattr("impasto.stream.OnePass.tile_side", lambda *_: 64)
    save_picture("square.png", waves(150, 187))
    steps: list[Step] = []
    paint("out.png", "square.png", progress=steps.append)
    assert len(steps) == 9
    expected = impasto.stylize("square.png", "ink", **OPTIONS)
    assert np.abs(load_picture("out.png").pixels - expected.image).max() <= 1.5 * LEVEL


@pytest.mark.parametrize("size", [None, 300, 611])
def test_transparency(size: int | None) -> None:
    alpha = np.tile(np.linspace(0, 1, 517, dtype=np.float32), (34, 1))
    alpha[:9] = 0
    save_picture("clear.png", waves(34, 517), alpha=alpha)
    found = check("clear.png", out="out.tif", size=size)
    assert found.alpha is not None
    paint("out.jpg", "clear.png", size=size)
    flat = load_picture("out.jpg").pixels
    expected = found.pixels * found.alpha[..., None] + 1 - found.alpha[..., None]
    assert np.abs(flat - expected).mean() < 2 * LEVEL


def test_16_bits_stay_16_bits() -> None:
    save_picture("deep.tif", waves(34, 517), depth=16)
    for out in ("out.tif", "out.png"):
        check("deep.tif", out=out, strength=0.02, preserve_color="luminance")
        with Image.open("out.tif") as image:
            assert image.tag_v2[258] == (16, 16, 16)
        levels = load_picture(out).pixels * 255
        assert np.abs(levels - np.rint(levels)).max() > 0.4
        assert read_recipe(out)["output"]["depth"] == 16
    check("deep.tif", out="out.jpg.png", depth=8)
    paint("out.jpg", "deep.tif")
    assert read_recipe("out.jpg")["output"]["depth"] == 8


@pytest.mark.parametrize("orientation", [3, 6])
def test_a_picture_that_lies_on_its_side(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    pixels = np.rint(255 * waves(513, 91) if orientation == 6 else 255 * waves(91, 513))
    Image.fromarray(pixels.astype(np.uint8)).save("photo.jpg", quality=95, exif=exif)
    found = check("photo.jpg", strength=0.6)
    assert found.pixels.shape == (91, 513, 3)


def test_grey_pictures_and_other_profiles() -> None:
    grey = np.rint(255 * waves(34, 517)[..., 0]).astype(np.uint8)
    Image.fromarray(grey).save("grey.png")
    check("grey.png")
    Image.fromarray(grey).save("grey.webp", lossless=True)
    check("grey.webp")


@pytest.mark.parametrize("names", [["residual"], ["unet"], ["residual", "unet"], ["unet", None]])
@pytest.mark.parametrize("guided", [False, True])
def test_networks_of_ones_own(names: list[str | None], guided: bool, monkeypatch: Any) -> None:
    from tests.methods.realtime.networks import random_network, written

    styles = ["ink"] * (None in names)
    # what computes here needs none, and they take long to make
    monkeypatch.setattr("tests.methods.realtime.networks.graphs", lambda _: {"content.onnx": b""})
    for name in filter(None, names):
        written(Path(f"{name}.impasto"), random_network(name))
        styles += [f"{name}.impasto#s0"]
    options: dict[str, Any] = {"strength": 0.7}
    if guided and len(styles) > 1:
        options["masks"] = ["left.png", "right.png"]
    elif guided:
        options["strength_map"] = "left.png"
    check(style=styles, **options)


def test_nothing_is_computed_that_is_not_needed() -> None:
    steps: list[Step] = []
    paint(strength=0, progress=steps.append)
    assert len(steps) == TILES
    assert np.array_equal(load_picture("out.png").pixels, load_picture("photo.png").pixels)
    assert read_recipe("out.png")["steps"] == 0
    # one that is painted whole has a single step, in memory
    steps.clear()
    save_picture("small.png", waves(90, 120))
    recipe = paint(content="small.png", progress=steps.append)
    assert [step.total for step in steps] == [1]
    assert "tile" not in recipe.made_with
    assert read_recipe("out.png") == recipe.as_dict()
    # there is no folder of so long a name, and it needs none
    paint(f"{'x' * 250}.png", "small.png")


def test_steps_show_what_is_painted() -> None:
    shown = []
    paint(progress=lambda step: shown.append(step.image()))
    final = load_picture("out.png").pixels
    assert {image.shape for image in shown} == {(round(34 * 1024 / 517), 1024, 3)}
    assert (shown[0][:, 600:] == 0).all()
    assert shown[0][:, :200].mean() == pytest.approx(final[:, :101].mean(), abs=0.01)
    assert shown[-1].mean() == pytest.approx(final.mean(), abs=0.01)


@pytest.mark.parametrize(
    ("out", "rest", "found"),
    [
        ("out.webp", {}, "a 517x34 picture is written row after row, which WEBP does not allow"),
        ("out.exe", {}, "no ending that can be written"),
        ("nowhere/out.png", {}, "is not a folder"),
        ("out.jpg", {"depth": 16}, "JPEG holds 8 bits"),
        ("out.jpg", {"file_quality": 101}, "quality is 101"),
    ],
)
def test_what_cannot_be_written_is_told_before_the_work(
    monkeypatch: Any, out: str, rest: dict[str, Any], found: str
) -> None:
    # there is memory for tiles, but not for the whole picture
    def side(stylizer: Any, height: int, width: int, held: float) -> int:
        if held:
            raise OptionError("too large")
        return TILE

    monkeypatch.setattr("impasto.stream.OnePass.tile_side", side)
    steps: list[Step] = []
    with pytest.raises(ImageError, match=found):
        paint(out, progress=steps.append, **rest)
    assert steps == []
    assert hidden() == []


def test_formats_that_are_written_whole_are_painted_in_memory_if_they_fit() -> None:
    steps: list[Step] = []
    recipe = paint("out.webp", progress=steps.append)
    assert [step.total for step in steps] == [1]
    assert "tile" not in recipe.made_with
    assert load_picture("out.webp").pixels.shape == (34, 517, 3)


def test_what_has_no_pyramid_is_told_so() -> None:
    with pytest.raises(OptionError, match="deepzoom is not for the optimiser: use quality fast"):
        impasto.stylize_file("photo.png", "paint.png", "out.png", deepzoom=True, steps=1)
    with pytest.raises(ImageError, match=r"out\.webp: deepzoom goes with \.tif, \.png or \.jpg"):
        paint("out.webp", deepzoom=True)
    assert hidden() == []


def test_a_content_much_larger_than_the_result(monkeypatch: Any) -> None:
    monkeypatch.setattr("impasto.stream.OnePass.tile_side", lambda *_: 4096)
    options = {"size": 300, "strength": 0}
    expected = impasto.stylize("photo.png", "ink", **OPTIONS | options).image
    assert "tile" not in paint(**options).made_with  # at once, if it can be
    for name in ("impasto.stream.MAX_PIXELS", "impasto.images.picture.MAX_PIXELS"):
        monkeypatch.setattr(name, 34 * 517 - 1)
    assert "tile" in paint(**options).made_with
    assert np.abs(load_picture("out.png").pixels - expected).max() <= 0.6 * LEVEL


def test_a_content_that_does_not_fit_in_the_memory(monkeypatch: Any) -> None:
    monkeypatch.setattr("impasto.stream.OnePass.tile_side", TILE_SIDE)
    monkeypatch.setattr("impasto.methods.realtime.memory.used_memory", lambda: 0)
    save_picture("large.png", waves(600, 4000))
    options: dict[str, Any] = {"content": "large.png", "size": 300, "strength": 0}
    assert "tile" not in paint(memory="90MB", **options).made_with
    assert "tile" in paint(memory="60MB", **options).made_with


def test_a_pyramid_is_written_of_small_pictures_too() -> None:
    save_picture("small.png", waves(90, 120))
    paint("out.png", "small.png", deepzoom=True)
    assert sorted(os.listdir("out_files"), key=int) == [str(level) for level in range(8)]
    final = load_picture("out.png").pixels
    tile = load_picture("out_files/7/0_0.jpg").pixels
    assert np.abs(tile - final).mean() < 4 * LEVEL
    assert hidden() == []


def test_the_content_may_be_replaced() -> None:
    paint("whole.png")
    paint("photo.png")
    assert Path("photo.png").read_bytes() == Path("whole.png").read_bytes()
