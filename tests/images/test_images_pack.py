"""Large pictures are written as small ones are, and whole or not at all."""

from __future__ import annotations

import json
import os
import struct
import sys
from concurrent.futures import CancelledError
from contextlib import closing
from io import BufferedReader, FileIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from image_samples import smooth
from numpy.typing import NDArray
from PIL import Image

from impasto.errors import ImageError, RecipeError
from impasto.images import (
    Scratch,
    check_large_target,
    load_picture,
    pack,
    pack_deepzoom,
    read_recipe,
)
from impasto.images.profiles import srgb_profile
from impasto.images.vips import libvips

RECIPE = json.dumps({"method": "realtime", "name": "Strauß & <söhne> \u2028"})
ALPHA = np.tile(np.linspace(0, 1, 530, dtype=np.float32), (300, 1))


@pytest.fixture
def made(tmp_path: Path) -> Any:
    """Return a function that makes a picture on the disk, in a folder of its own."""
    folder = tmp_path / "work"
    folder.mkdir()

    def make(pixels: NDArray[Any], depth: int = 8) -> Scratch:
        scratch = Scratch.create(folder / "picture", pixels.shape, depth)
        with closing(scratch):
            height, width = pixels.shape[:2]
            scratch.write((slice(0, height), slice(0, width)), pixels)
        return scratch

    return make


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Return a folder where nothing but results may be."""
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize(
    ("suffix", "depth"), [(".png", 8), (".png", 16), (".tif", 8), (".tiff", 16), (".jpg", 8)]
)
def test_what_is_packed_is_what_is_read(
    made: Any, out: Path, suffix: str, depth: int, alpha: bool
) -> None:
    pixels = smooth(300, 530)
    both = np.dstack([pixels, ALPHA]) if alpha else pixels
    path = out / f"picture{suffix}"
    assert pack(made(both, depth), path, RECIPE) == path
    found = load_picture(path)
    if suffix == ".jpg":
        expected = pixels * ALPHA[..., None] + 1 - ALPHA[..., None] if alpha else pixels
        assert np.abs(found.pixels - expected).max() < 6 / 255
        assert np.abs(found.pixels - expected).mean() < 1 / 255
    else:
        half = 0.501 / (2**depth - 1)
        seen = slice(2, None) if alpha else slice(None)  # what is clear has another colour
        np.testing.assert_allclose(found.pixels[:, seen], pixels[:, seen], atol=half)
        assert (found.alpha is not None) == alpha
        if alpha:
            np.testing.assert_allclose(found.alpha, ALPHA, atol=half)
    assert read_recipe(path) == json.loads(RECIPE)
    with Image.open(path) as image:
        assert image.info["icc_profile"] == srgb_profile()
    assert names(out) == [path.name]
    assert names(out.parent / "work") == ["picture"]


def test_the_same_bytes_each_time(made: Any, out: Path) -> None:
    scratch = made(smooth(300, 530))
    for suffix in (".png", ".tif", ".jpg"):
        first, second = (pack(scratch, out / f"{i}{suffix}", RECIPE) for i in (1, 2))
        assert first.read_bytes() == second.read_bytes()


def test_tiffs_come_in_tiles_and_as_bigtiff_where_they_must(
    made: Any, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = made(smooth(300, 530))
    path = pack(scratch, out / "a.tif")
    with Image.open(path) as image:
        assert (image.tag_v2[322], image.tag_v2[323]) == (512, 304)
    assert path.read_bytes()[2:4] == struct.pack("<H", 42)
    monkeypatch.setattr(sys.modules[pack.__module__], "_BIG", 300 * 530 * 3)
    assert pack(scratch, path).read_bytes()[2:4] == struct.pack("<H", 42)
    monkeypatch.setattr(sys.modules[pack.__module__], "_BIG", 300 * 530 * 3 - 1)
    assert pack(scratch, path, RECIPE).read_bytes()[2:4] == struct.pack("<H", 43)
    assert read_recipe(path) == json.loads(RECIPE)
    np.testing.assert_allclose(load_picture(path).pixels, smooth(300, 530), atol=0.51 / 255)


@pytest.mark.parametrize("depth", [8, 16])
def test_png_chunks_are_sound(made: Any, out: Path, depth: int) -> None:
    path = pack(made(smooth(300, 530), depth), out / "a.png", RECIPE)
    with Image.open(path) as image:
        image.verify()  # reads all check sums
    data, kinds, start = path.read_bytes(), list[bytes](), 8
    while start < len(data):
        (length,) = struct.unpack_from(">I", data, start)
        kinds.append(data[start + 4 : start + 8])
        start += 12 + length
    assert start == len(data)
    assert (kinds[0], kinds[-1]) == (b"IHDR", b"IEND")
    assert len(set(kinds) - {b"IDAT"}) == len([k for k in kinds if k != b"IDAT"])
    assert kinds.index(b"iCCP") < kinds.index(b"IDAT")


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg"])
def test_after_an_error_there_is_what_was_there(
    made: Any, out: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    scratch, path = made(smooth(300, 530)), out / f"a{suffix}"
    path.write_bytes(b"before")

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.replace", full)
        with pytest.raises(ImageError, match=r"a\.\w+ cannot be written: No space left"):
            pack(scratch, path, RECIPE)
    scratch.path.unlink()
    with pytest.raises(ImageError, match=r"a\.\w+ cannot be written"):
        pack(scratch, path, RECIPE)
    with pytest.raises(ImageError, match="no ending that can be written"):
        pack(scratch, out / "a.exe")
    with pytest.raises(RecipeError):
        pack(scratch, path, "no recipe")
    assert path.read_bytes() == b"before"
    assert names(out) == [path.name]
    assert names(out.parent / "work") == []


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg"])
def test_who_gives_up_at_the_end_has_what_was_there(made: Any, out: Path, suffix: str) -> None:
    path = out / f"a{suffix}"
    path.write_bytes(b"before")
    asked = list[int]()

    def wait(rows: int) -> None:
        if rows == 300 and rows in asked:
            raise CancelledError
        asked.append(rows)

    with pytest.raises(CancelledError):
        pack(made(smooth(300, 530)), path, RECIPE, wait=wait)
    assert path.read_bytes() == b"before"
    assert names(out.parent / "work") == ["picture"]


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg"])
def test_a_file_is_on_the_disk_before_it_takes_the_place_of_another(
    made: Any, out: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    done, sync, move = list[str](), os.fsync, os.replace

    def synced(handle: Any) -> None:
        done.append("sync")
        sync(handle)

    def moved(*names: Any) -> None:
        done.append("move")
        move(*names)

    monkeypatch.setattr("os.fsync", synced)
    monkeypatch.setattr("os.replace", moved)
    pack(made(smooth(300, 530)), out / f"a{suffix}")
    assert done == ["sync", "move"]


def test_a_recipe_that_does_not_fit_is_told(made: Any, out: Path) -> None:
    recipe = json.dumps({"long": "x" * 70_000})
    for suffix in (".png", ".tif"):
        assert read_recipe(pack(made(smooth()), out / f"a{suffix}", recipe)) == json.loads(recipe)
    with pytest.raises(ImageError, match=r"a\.jpg cannot be written: .*(64 KB|65)"):
        pack(made(smooth()), out / "a.jpg", recipe)
    assert names(out) == ["a.png", "a.tif"]


def test_what_a_link_points_to_is_replaced(made: Any, out: Path) -> None:
    (out / "link.png").symlink_to("real.png")
    pack(made(smooth()), out / "link.png")
    assert names(out) == ["link.png", "real.png"]
    assert (out / "link.png").is_symlink()


@pytest.mark.parametrize(
    "name",
    ["plain", "my.photo.v2", "odd [a=1] näme", "x_files", "photo[1]", "a.zip", "b.szi", "c.dz"],
)
def test_deepzoom(made: Any, out: Path, name: str) -> None:
    (out / f"{name}_files" / "99").mkdir(parents=True)
    (out / f"{name}_files" / "99" / "old.jpg").write_bytes(b"old")
    path = out / f"{name}.dzi"
    assert pack_deepzoom(made(smooth(300, 530)), path) == path
    assert names(out) == sorted([f"{name}.dzi", f"{name}_files"])
    about = ElementTree.parse(path).getroot()
    space = "{http://schemas.microsoft.com/deepzoom/2008}"
    size = about.find(f"{space}Size")
    assert about.tag == f"{space}Image"
    assert size is not None
    assert (size.get("Width"), size.get("Height")) == ("530", "300")
    assert about.get("Format") == "jpg"
    levels = sorted(int(level) for level in names(out / f"{name}_files"))
    assert levels == list(range(11))  # to 2^10 pixels
    side, overlap = int(about.get("TileSize", 0)), int(about.get("Overlap", 0))
    assert len(names(out / f"{name}_files" / "10")) == -(-530 // side) * -(-300 // side)
    tile = load_picture(out / f"{name}_files" / "10" / "1_0.jpg").pixels
    expected = smooth(300, 530)[: side + overlap, side - overlap : 2 * side + overlap]
    assert np.abs(tile - expected).max() < 8 / 255


@pytest.mark.parametrize("depth", [8, 16])
def test_deepzoom_lays_what_is_transparent_on_white(made: Any, out: Path, depth: int) -> None:
    pixels = smooth(64, 80)
    alpha = np.zeros((64, 80), np.float32)
    alpha[:32] = 1
    pack_deepzoom(made(np.dstack([pixels, alpha]), depth), out / "a.dzi")
    tile = load_picture(out / "a_files" / "7" / "0_0.jpg").pixels
    assert np.abs(tile[:30] - pixels[:30]).max() < 8 / 255
    assert tile[40:].min() > 0.98


def test_deepzoom_leaves_nothing_after_an_error(made: Any, out: Path) -> None:
    scratch = made(smooth(64, 80))
    pack_deepzoom(scratch, out / "a.dzi")
    before = (out / "a.dzi").read_bytes()
    scratch.path.unlink()
    with pytest.raises(ImageError, match="a.dzi cannot be written"):
        pack_deepzoom(scratch, out / "a.dzi")
    assert names(out) == ["a.dzi", "a_files"]
    assert (out / "a.dzi").read_bytes() == before
    assert (out / "a_files" / "0").is_dir()


def test_what_cannot_be_written_large_is_told() -> None:
    for name in ("a.webp", "a.avif"):
        with pytest.raises(ImageError, match=f"{name}: a 300x200 picture is written row after row"):
            check_large_target(name, 200, 300)
    with pytest.raises(ImageError, match="JPEG holds sides up to 65500"):
        check_large_target("a.jpg", 200, 65501)
    for name in ("a.png", "a.tif", "a.JPEG"):
        check_large_target(name, 200, 300)


def test_jpegs_keep_full_colour_resolution(made: Any, out: Path) -> None:
    pixels = np.zeros((32, 64, 3), np.float32)
    pixels[:, ::2, 0] = pixels[:, 1::2, 2] = 1
    path = pack(made(pixels), out / "a.jpg", quality=100)
    assert np.abs(load_picture(path).pixels - pixels).max() < 16 / 255
    assert libvips().Image.jpegload(str(path)).get("jpeg-chroma-subsample") == "4:4:4"


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg"])
def test_of_a_large_file_its_recipe_alone_is_read(
    made: Any, out: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    noise = np.random.default_rng(0).random((700, 900, 3), np.float32)
    path = pack(made(noise), out / f"a{suffix}", RECIPE)
    sizes = []

    class Counting(FileIO):
        def readinto(self, buffer: Any, /) -> int:
            sizes.append(super().readinto(buffer))
            return sizes[-1]

        def readall(self) -> bytes:
            pytest.fail("the whole file is read")

    monkeypatch.setattr("builtins.open", lambda name, mode: BufferedReader(Counting(name)))
    assert read_recipe(path) == json.loads(RECIPE)
    assert sum(sizes) < 2**17 < path.stat().st_size
