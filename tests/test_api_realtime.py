"""The Python interface with the real-time network, which needs no torch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import impasto
from impasto.errors import ImageError, ImpastoError, OptionError, RecipeError
from impasto.images import read_recipe, save_picture
from impasto.methods import Step
from impasto.methods.realtime.catalog import target_of
from impasto.methods.realtime.codes import renamed, save_code, shipped_codes
from impasto.methods.realtime.stylizer import RealtimeStylizer

QUICK: dict[str, Any] = {"precision": "float32", "threads": 1}
PURE = """
import sys
for name in ("torch", "h5py", "matplotlib", "click", "onnx", "onnxruntime"):
    sys.modules[name] = None
import numpy as np
import impasto
content = np.random.default_rng(0).random((40, 56, 3), dtype=np.float32)
for style in ("ink", content[:32], ["ink", content]):
    result = impasto.stylize(content, style, threads=1)
    assert result.recipe.method == "realtime", result.recipe
    assert result.image.shape == content.shape
    assert np.isfinite(result.image).all()
impasto.save("out.png", result)
try:
    impasto.stylize(content, content, quality="best")
except impasto.ImpastoError as error:
    print(error)
"""


def keep(style: str, name: str) -> Path:
    """Save a preset as a style of one's own."""
    return save_code(target_of(name), renamed(shipped_codes()[style], Path(name).stem))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, draw: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a folder with a photo, two paintings and two masks; no styles of one's own."""
    monkeypatch.setenv("IMPASTO_STYLES", str(tmp_path / "styles"))
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    save_picture("photo.png", draw(48, 64))
    save_picture("paint.png", draw(40, 56, 3))
    save_picture("other.jpg", draw(64, 64, 7))
    left = np.zeros((48, 64), np.float32)
    left[:, :32] = 1
    save_picture("left.png", np.repeat(left[..., None], 3, 2))
    save_picture("right.png", np.repeat(1 - left[..., None], 3, 2))
    return folder


def test_it_needs_no_torch(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PURE],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "impasto[optimize]" in done.stdout
    assert (folder / "out.png").exists()


def test_without_options_it_takes_one_step() -> None:
    steps: list[Step] = []
    result = impasto.stylize("photo.png", "paint.png", progress=steps.append)
    assert [(step.number, step.total) for step in steps] == [(1, 1)]
    recipe = result.recipe
    assert (recipe.method, recipe.steps, recipe.stopped) == ("realtime", 1, False)
    assert recipe.options["engine"] == recipe.made_with["engine"] == "openvino"
    assert recipe.options["precision"] in ("float32", "int8")
    assert isinstance(impasto.prepare("paint.png"), RealtimeStylizer)


def test_a_stylizer_takes_one_content_after_another(draw: Any) -> None:
    stylizer = impasto.prepare("paint.png", **QUICK)
    first = stylizer(draw())
    kept = first.copy()
    assert stylizer(draw(40, 30)).shape == (40, 30, 3)
    assert np.array_equal(stylizer(draw()), kept)
    result = impasto.stylize(draw(), "paint.png", **QUICK)
    assert np.array_equal(result.image, kept)
    bytes_ = np.rint(255 * draw()).astype(np.uint8)
    assert np.abs(stylizer(bytes_) - kept).mean() < 0.02


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"style": "ink"},
        {"style": ["ink", "paint.png", "mine"], "blend": [2, 1, 4]},
        {"style": ["paint.png", "ink"], "masks": ["left.png", "right.png"]},
        {"style": ["paint.png", "ink"], "masks": ["left.png", "right.png"],
         "strength_map": "left.png", "strength": 0.7},
        {"strength_map": "left.png"},
        {"strength": 0},
        {"strength": 0.3, "size": 50, "preserve_color": "statistics"},
        {"preserve_color": "luminance", "local": 0.4, "style_scale": 0.5},
        {"engine": "torch", "device": "cpu"},
        {"precision": "bfloat16"},
    ],
)  # fmt: skip
def test_again_gives_the_same_bytes(options: dict[str, Any]) -> None:
    keep("batik", "mine")
    given = {"style": "paint.png", **QUICK, **options}
    result = impasto.stylize("photo.png", **given)
    first = impasto.save("first.webp", result, quality=80, sign=False)
    again = impasto.again(first)
    assert again.recipe == result.recipe
    assert (
        impasto.save("second.webp", again, quality=80, sign=False).read_bytes()
        == first.read_bytes()
    )


def test_what_the_recipe_says() -> None:
    result = impasto.stylize(
        "photo.png", ["ink", "other.jpg"], blend=[3, 1], masks=["left.png", "right.png"],
        strength_map="right.png", **QUICK,
    )  # fmt: skip
    recipe = read_recipe(impasto.save("out.png", result))
    assert recipe["method"] == "realtime"
    assert [(s["name"], s.get("kind"), s["blend"]) for s in recipe["styles"]] == [
        ("ink", "style", 0.75),
        ("other.jpg", None, 0.25),
    ]
    assert [mask["name"] for mask in recipe["masks"]] == ["left.png", "right.png"]
    assert recipe["strength_map"]["name"] == "right.png"
    assert recipe["init"] is None
    assert {"impasto", "openvino", "engine", "precision", "weights_sha256"} <= set(
        recipe["made_with"]
    )


@pytest.mark.parametrize("name", ["photo.png", "other.jpg", "left.png", "right.png"])
def test_again_refuses_other_inputs(draw: Any, name: str) -> None:
    styles, masks = ["paint.png", "ink", "other.jpg"], ["left.png", "right.png", "left.png"]
    result = impasto.stylize("photo.png", styles, masks=masks, strength_map="right.png", **QUICK)
    first = impasto.save("first.png", result, sign=False)
    save_picture(name, draw(48, 64, 9))
    with pytest.raises(RecipeError, match=f"{name} has changed since"):
        impasto.again(first)
    Path(name).unlink()
    with pytest.raises(RecipeError, match=f"{name} is not there"):
        impasto.again(first)


def test_again_refuses_another_style_of_the_name() -> None:
    path = keep("batik", "mine")
    first = impasto.save("first.png", impasto.stylize("photo.png", "mine", **QUICK), sign=False)
    keep("ink", "mine")
    with pytest.raises(RecipeError, match="the style mine is not here, or has changed"):
        impasto.again(first)
    path.unlink()
    with pytest.raises(RecipeError, match="the style mine is not here, or has changed"):
        impasto.again(first)


def test_again_finds_a_style_whose_file_got_another_name() -> None:
    path = keep("batik", "mine")
    path.rename(path.with_name("yours.style"))
    first = impasto.save("first.png", impasto.stylize("photo.png", "yours", **QUICK), sign=False)
    assert impasto.again(first).recipe == impasto.stylize("photo.png", "yours", **QUICK).recipe


def test_again_finds_the_file_of_a_style_beside_the_picture() -> None:
    keep("batik", "here.style")
    first = impasto.save(
        "first.png", impasto.stylize("photo.png", "here.style", **QUICK), sign=False
    )
    assert impasto.again(first).recipe == impasto.stylize("photo.png", "here.style", **QUICK).recipe


def test_a_preset_that_is_not_there() -> None:
    with pytest.raises(OptionError, match=r"style 'starry_night' is no file.*mean starry-night?"):
        impasto.stylize("photo.png", "starry_night")
    with pytest.raises(OptionError, match="did you mean ink?"):
        impasto.prepare("inkk")


@pytest.mark.parametrize("quality", ["balanced", "best"])
@pytest.mark.usefixtures("compact")
def test_the_optimiser_takes_no_code(quality: str) -> None:
    with pytest.raises(OptionError, match="style ink is a code, and the optimiser needs the pict"):
        impasto.stylize("photo.png", "ink", quality=quality)


@pytest.mark.usefixtures("compact")
def test_the_optimiser_begins_from_the_networks_result() -> None:
    fast = impasto.stylize("photo.png", "paint.png", threads=1)
    options: dict[str, Any] = {"threads": 1, "steps": 1, "coarsest": 100_000}
    balanced = impasto.stylize("photo.png", "paint.png", quality="balanced", **options)
    assert balanced.recipe.method == "optimize"
    assert balanced.recipe.options["init"] == "fast"
    from_content = impasto.stylize("photo.png", "paint.png", **options)
    distances = [np.abs(r.image - fast.image).mean() for r in (balanced, from_content)]
    assert distances[0] < distances[1]
    first = impasto.save("first.png", balanced, sign=False)
    assert (
        impasto.save("second.png", impasto.again(first), sign=False).read_bytes()
        == first.read_bytes()
    )


@pytest.mark.usefixtures("compact")
def test_a_network_of_ones_own_leaves_the_presets_steps() -> None:
    from impasto.backbones import load_backbone

    stylizer: Any = impasto.prepare("paint.png", network=load_backbone("compact"), preset="sharper")
    assert stylizer.options.steps == 450


def test_masks_are_counted() -> None:
    for masks in (["left.png"], ["left.png"] * 3):
        with pytest.raises(OptionError, match=f"{len(masks)} masks for 2 styles"):
            impasto.stylize("photo.png", ["paint.png", "ink"], masks=masks)
    with pytest.raises(ImageError, match="mask 2 is 64x64, the content 64x48"):
        impasto.stylize("photo.png", ["paint.png", "ink"], masks=["left.png", "other.jpg"])
    with pytest.raises(ImageError, match="nowhere.png does not exist"):
        impasto.stylize("photo.png", "paint.png", strength_map="nowhere.png")


def test_one_mask_says_where_the_style_goes(draw: Any) -> None:
    one = impasto.stylize("photo.png", "paint.png", masks=["left.png"], **QUICK)
    same = impasto.stylize("photo.png", "paint.png", strength_map="left.png", **QUICK)
    assert np.array_equal(one.image, same.image)
    photo = impasto.load("photo.png")
    assert np.array_equal(one.image[:, 32:], photo[:, 32:])
    assert np.abs(one.image - photo)[:, :32].mean() > 0.01
    first = impasto.save("first.png", one, sign=False)
    assert (
        impasto.save("second.png", impasto.again(first), sign=False).read_bytes()
        == first.read_bytes()
    )
    guides = {"masks": ["left.png"], "strength_map": "right.png"}  # white nowhere together
    both = impasto.stylize("photo.png", "paint.png", **guides, **QUICK)
    assert np.array_equal(both.image, photo)


def test_a_style_that_goes_by_a_name_has_its_scale() -> None:
    with pytest.raises(OptionError, match="style_scale needs the style's picture"):
        impasto.stylize("photo.png", ["paint.png", "ink"], style_scale=2)


def test_alpha_is_kept(draw: Any) -> None:
    alpha = np.tile(np.linspace(0, 1, 64, dtype=np.float32), (48, 1))
    result = impasto.stylize(np.dstack([draw(), alpha]), "ink", size=32, **QUICK)
    assert result.alpha is not None
    assert result.alpha.shape == result.image.shape[:2] == (24, 32)


@pytest.mark.parametrize(
    "options", [{"of_tomorrow": 1}, {"strength": "much"}, {"engine": "abacus"}]
)
def test_a_recipe_of_odd_options_is_told(options: dict[str, Any]) -> None:
    result = impasto.stylize("photo.png", "ink", **QUICK)
    plain = result.recipe.as_dict()
    plain["options"] |= options
    path = save_picture("odd.png", result.image, recipe=json.dumps(plain))
    with pytest.raises(ImpastoError, match=next(iter(options))):
        impasto.again(path)


@pytest.mark.usefixtures("compact")
def test_quality_of_a_file_and_of_the_work_are_two() -> None:
    paint = {"quality": "best", "steps": 1, "coarsest": 32, "file_quality": 71}
    recipe = impasto.stylize_file("photo.png", "paint.png", "out.jpg", **paint)
    assert (recipe.method, recipe.options["init"]) == ("optimize", "fast")
    assert read_recipe("out.jpg")["output"]["quality"] == 71
    with pytest.raises(OptionError, match="quality 92: "):
        impasto.stylize_file("photo.png", "paint.png", "out.jpg", quality=92)


def test_no_folder_is_removed_unasked() -> None:
    page = Path("page_files")
    page.mkdir()
    (page / "mine.txt").touch()
    options = {"deepzoom": True, **QUICK}
    with pytest.raises(ImageError, match="page_files exists"):
        impasto.stylize_file("photo.png", "ink", "page.png", **options)
    assert [path.name for path in page.iterdir()] == ["mine.txt"]
    assert not Path("page.png").exists()
    impasto.stylize_file("photo.png", "ink", "page.png", force=True, **options)
    assert (page / "0" / "0_0.jpg").is_file()
