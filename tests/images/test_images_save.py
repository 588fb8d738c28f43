"""Saving: what comes back, the same bytes twice, and no half file on any failure."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from image_samples import WRITABLE, smooth
from PIL import Image, ImageCms

from impasto.errors import ImageError, RecipeError
from impasto.images import load, load_picture, read_recipe, save_picture
from impasto.images.profiles import srgb_profile

RECIPE = json.dumps(
    {"name": "Ölfarbe <&> \"q\" 'a' ]]> \u2028 🖌", "control": "\x00\x1f\x7f\x85\ufffe\r\n\t"},
    ensure_ascii=False,
)
PIXELS = arrays(
    np.float32,
    st.tuples(st.integers(16, 20), st.integers(16, 20), st.just(3)),
    elements=st.floats(0, 1, width=32),
)


@settings(deadline=None, max_examples=25)
@given(pixels=PIXELS, form=st.sampled_from([(".png", 8), (".png", 16), (".tif", 8), (".tif", 16)]))
def test_lossless_round_trip(
    tmp_path_factory: pytest.TempPathFactory, pixels: Any, form: tuple[str, int]
) -> None:
    ending, depth = form
    path = save_picture(tmp_path_factory.mktemp("a") / f"a{ending}", pixels, depth=depth)
    half = 0.5 / (2**depth - 1)
    assert np.abs(load(path).astype(np.float64) - pixels).max() <= half * (1 + 1e-4) + 6e-8


def test_rounding_not_truncation(tmp_path: Path) -> None:
    save_picture(tmp_path / "a.png", np.full((16, 16, 3), 254.6 / 255))
    with Image.open(tmp_path / "a.png") as image:
        assert image.getpixel((0, 0)) == (255, 255, 255)


def test_png16_is_big_endian_for_others(tmp_path: Path) -> None:
    save_picture(tmp_path / "a.png", smooth(), depth=16)
    with Image.open(tmp_path / "a.png") as image:
        np.testing.assert_allclose(np.asarray(image.convert("RGB")) / 255, smooth(), atol=1 / 255)


@pytest.mark.parametrize("ending", [".jpg", ".webp", ".avif"])
def test_lossy_round_trip(tmp_path: Path, ending: str) -> None:
    pixels = load(save_picture(tmp_path / f"a{ending}", smooth(64, 96)))
    assert np.abs(pixels - smooth(64, 96)).mean() < 2 / 255
    assert np.abs(pixels - smooth(64, 96)).max() < 24 / 255


@pytest.mark.parametrize("ending", WRITABLE)
def test_every_file_carries_srgb_and_its_recipe(tmp_path: Path, ending: str) -> None:
    path = save_picture(tmp_path / f"a{ending}", smooth(), recipe=RECIPE)
    assert path == tmp_path / f"a{ending}"
    assert read_recipe(path) == json.loads(RECIPE)
    with Image.open(path) as image:
        assert image.info["icc_profile"] == srgb_profile()
        assert image.size == (32, 24)
    with pytest.raises(RecipeError):
        read_recipe(save_picture(path, smooth()))


@pytest.mark.parametrize("ending", [".png", ".tif"])
def test_deep_files_carry_their_recipe(tmp_path: Path, ending: str) -> None:
    alpha = smooth()[..., 0]
    path = save_picture(tmp_path / f"a{ending}", smooth(), alpha=alpha, recipe=RECIPE, depth=16)
    assert read_recipe(path) == json.loads(RECIPE)
    picture = load_picture(path)
    assert picture.alpha is not None
    np.testing.assert_allclose(picture.alpha, alpha, atol=1e-5)


@settings(deadline=None, max_examples=60)
@given(
    value=st.dictionaries(st.text(max_size=8), st.text(max_size=20), max_size=4), raw=st.booleans()
)
def test_any_recipe_survives(
    tmp_path_factory: pytest.TempPathFactory, value: dict[str, str], raw: bool
) -> None:
    path = tmp_path_factory.mktemp("a") / "a.png"
    save_picture(path, smooth(16, 16), recipe=json.dumps(value, ensure_ascii=not raw, indent=1))
    assert read_recipe(path) == value


@pytest.mark.parametrize("ending", WRITABLE)
def test_same_bytes_twice(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a{ending}"
    first = save_picture(path, smooth(), recipe='{"a": 1}').read_bytes()
    assert save_picture(path, smooth(), recipe='{"a": 1}').read_bytes() == first


def test_profile_has_no_date_and_is_valid() -> None:
    assert srgb_profile()[24:36] == bytes(12)
    opened = ImageCms.ImageCmsProfile(io.BytesIO(srgb_profile()))
    assert "sRGB" in ImageCms.getProfileDescription(opened)


@pytest.mark.parametrize("ending", [".png", ".webp", ".avif", ".tif"])
def test_alpha_comes_back(tmp_path: Path, ending: str) -> None:
    alpha = np.ones((24, 32))
    alpha[:12] = 0.2
    picture = load_picture(save_picture(tmp_path / f"a{ending}", smooth(), alpha=alpha))
    assert picture.alpha is not None
    np.testing.assert_allclose(picture.alpha, alpha, atol=0.02)


def test_jpeg_lays_alpha_on_white(tmp_path: Path) -> None:
    clear = np.zeros((24, 32), np.float32)
    pixels = load(save_picture(tmp_path / "a.jpg", smooth(), alpha=clear))
    np.testing.assert_allclose(pixels, 1, atol=0.01)


@pytest.mark.parametrize(
    ("name", "options", "found"),
    [
        ("a.gif", {}, r"\.png, \.jpg"),
        ("a", {}, r"\.webp"),
        ("a.jpg", {"depth": 16}, "8 bits"),
        ("a.png", {"depth": 12}, "8 or 16"),
        ("a.jpg", {"quality": 0}, "1 to 100"),
        ("a.png", {"alpha": np.ones((3, 3))}, "alpha"),
        ("none/a.png", {}, "folder does not exist"),
        ("folder.png", {}, "is a folder"),
        ("x" * 300 + ".png", {}, "long"),
        ("a\0.png", {}, "null"),
        ("a.jpg", {"recipe": json.dumps({"a": "x" * 70000})}, "JPEG"),
    ],
)
def test_refused(tmp_path: Path, name: str, options: dict[str, Any], found: str) -> None:
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(ImageError, match=found) as caught:
        save_picture(tmp_path / name, smooth(), **options)
    assert "\n" not in str(caught.value)
    assert os.listdir(tmp_path) == ["folder.png"]


def test_bad_pixels_and_recipes_leave_the_old_file(tmp_path: Path) -> None:
    path = save_picture(tmp_path / "a.png", smooth())
    before = path.read_bytes()
    broken = smooth()
    broken[3, 3, 1] = np.nan
    with pytest.raises(ImageError, match="NaN"):
        save_picture(path, broken)
    for recipe in ("no json", "[1]", ""):
        with pytest.raises(RecipeError, match="recipe"):
            save_picture(path, smooth(), recipe=recipe)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["a.png"]


def test_wide_picture_for_webp(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="16383"):
        save_picture(tmp_path / "a.webp", np.zeros((1, 16384, 3), np.uint8))


def test_a_link_stays_and_the_mode_is_the_users(tmp_path: Path) -> None:
    (tmp_path / "link.png").symlink_to(tmp_path / "real.png")
    save_picture(tmp_path / "link.png", smooth())
    assert (tmp_path / "link.png").is_symlink()
    mask = os.umask(0)
    os.umask(mask)
    assert (tmp_path / "real.png").stat().st_mode & 0o777 == 0o666 & ~mask


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_folder_without_permission(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(ImageError, match="not writable"):
        save_picture(tmp_path / "a.png", smooth())
    tmp_path.chmod(0o700)


FULL_DISK = """
import resource, sys
import numpy as np
from impasto.errors import ImageError
from impasto.images import save_picture
noise = np.random.default_rng(0).random((200, 200, 3))
resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))
try:
    save_picture(sys.argv[1], noise)
except ImageError as error:
    print(error)
    sys.exit(7)
"""


def test_full_disk_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    pytest.importorskip("resource")
    path = save_picture(tmp_path / "a.png", smooth())
    before = path.read_bytes()
    command = [sys.executable, "-B", "-c", FULL_DISK, str(path)]
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path))
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 7, done.stderr
    assert "cannot be written" in done.stdout
    assert done.stdout.count("\n") == 1
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["a.png"]


@pytest.mark.parametrize("quality", [50, 92, 100])
def test_jpeg_tables_change_no_pixel(tmp_path: Path, quality: int) -> None:
    samples = np.rint(smooth() * 255).astype(np.uint8)
    best = tmp_path / "best.jpg"
    Image.fromarray(samples).save(best, quality=quality, subsampling=0, optimize=True)
    saved = save_picture(tmp_path / "saved.jpg", samples, quality=quality)
    assert np.array_equal(load(saved), load(best))
