"""From file to file on the disk: the same picture as in memory, and runs that go on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import namedtuple
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import impasto
from impasto.errors import ImageError, OptionError
from impasto.images import load_picture, read_recipe, save_picture
from impasto.methods import Step
from impasto.methods.realtime.engines import Engines

OPTIONS: dict[str, Any] = {"engine": "torch", "device": "cpu", "precision": "float32", "threads": 1}
LEVEL = 1 / 255
TILE = 128
TILES = 4  # of the content


def waves(height: int, width: int, seed: int = 1) -> NDArray[np.float32]:
    """Return waves of other colours and contrast from left to right, with noise."""
    y, x = np.mgrid[0:height, 0:width]
    planes = [np.sin(x / (4 + c) + y * (seed + c) / 20) for c in range(3)]
    swell = np.linspace(0.1, 0.45, width)[None, :, None]
    noise = np.random.default_rng(seed).normal(0, 0.03, (height, width, 3))
    return (0.5 + swell * np.stack(planes, 2) + noise).clip(0, 1).astype(np.float32)


@pytest.fixture(scope="module")
def engines() -> Engines:
    """Return engines that all tests share, as they take a second to make."""
    return Engines()


@pytest.fixture(autouse=True)
def folder(engines: Engines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a folder with a photo and masks, where all is painted in small tiles."""
    monkeypatch.setenv("IMPASTO_STYLES", str(tmp_path / "styles"))
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setattr("impasto.stream.OnePass.tile_side", lambda *_: TILE)
    monkeypatch.setattr("impasto.methods.realtime.stylizer.Engines", lambda: engines)
    save_picture("photo.png", waves(34, 517))
    save_picture("paint.png", waves(40, 56, 3))
    left = np.tile(np.linspace(1, 0, 517, dtype=np.float32) ** 2, (34, 1))
    for name, grey in (("left", left), ("right", 1 - left), ("small", left[::2, ::2])):
        save_picture(f"{name}.png", np.dstack([grey] * 3))
    return folder


def hidden() -> list[str]:
    return sorted(path.name for path in Path().iterdir() if path.name.startswith("."))


def paint(out: str = "out.png", content: str = "photo.png", style: Any = "ink", **rest: Any) -> Any:
    return impasto.stylize_file(content, style, out, **OPTIONS | rest)


def check(content: str = "photo.png", style: Any = "ink", out: str = "out.png", **rest: Any) -> Any:
    """Compare what is painted on the disk with what is painted in memory; return it."""
    steps: list[Step] = []
    recipe = paint(out, content, style, progress=steps.append, **rest)
    found = load_picture(out)
    rest.pop("depth", None)
    expected = impasto.stylize(content, style, **OPTIONS | rest)
    assert found.pixels.shape == expected.image.shape
    difference = np.abs(found.pixels - expected.image).max(2)
    assert (found.alpha is None) == (expected.alpha is None)
    if found.alpha is not None:
        assert np.abs(found.alpha - expected.alpha).max() <= 0.51 * LEVEL
        difference[found.alpha == 0] = 0  # what is not seen gets another colour when it is read
    assert difference.max() <= 1.5 * LEVEL
    total = len(steps)
    assert [(step.number, step.total) for step in steps] == [(i + 1, total) for i in range(total)]
    assert total > 1
    assert steps[-1].done == 1
    plain, known = recipe.as_dict(), expected.recipe.as_dict()
    assert plain["made_with"].pop("tile") == TILE
    for part in ("output", "steps"):
        del plain[part], known[part]
    assert plain == known
    assert read_recipe(out) == recipe.as_dict()
    assert hidden() == []
    return found


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


def test_steps_show_what_is_painted() -> None:
    shown = []
    paint(progress=lambda step: shown.append(step.image()))
    final = load_picture("out.png").pixels
    assert {image.shape for image in shown} == {(round(34 * 1024 / 517), 1024, 3)}
    assert (shown[0][:, 600:] == 0).all()
    assert shown[0][:, :200].mean() == pytest.approx(final[:, :101].mean(), abs=0.01)
    assert shown[-1].mean() == pytest.approx(final.mean(), abs=0.01)


def stop_at(number: int) -> Any:
    def progress(step: Step) -> None:
        if step.number == number:
            raise KeyboardInterrupt

    return progress


@pytest.mark.parametrize("options", [{}, {"size": 600, "content": "clear.tif", "strength": 0}])
def test_a_run_that_was_stopped_goes_on(options: dict[str, Any], monkeypatch: Any) -> None:
    alpha = np.tile(np.linspace(0, 1, 517, dtype=np.float32), (34, 1))
    save_picture("clear.tif", waves(34, 517), alpha=alpha, depth=16)
    paint("whole.png", **options)
    for number in (1, 3):
        with pytest.raises(KeyboardInterrupt):
            paint(progress=stop_at(number), **options)
        assert not Path("out.png").exists()
        assert hidden() == [".out.png.impasto"]
        # another memory would have other tiles
        monkeypatch.setattr("impasto.stream.OnePass.tile_side", lambda *_, n=number: TILE + 16 * n)
        steps: list[Step] = []
        paint(progress=steps.append, **options)
        assert [step.number for step in steps] == list(range(number + 1, steps[0].total + 1))
        assert steps[0].message == f"going on at tile {number + 1} of {steps[0].total}"
        assert all(step.message is None for step in steps[1:])
        assert Path("out.png").read_bytes() == Path("whole.png").read_bytes()
        assert hidden() == []
        Path("out.png").unlink()
        monkeypatch.setattr("impasto.stream.OnePass.tile_side", lambda *_: TILE)


def test_a_run_that_was_stopped_before_it_wrote_only_writes() -> None:
    paint("whole.png")

    def stop(step: Step) -> None:
        if step.number == step.total:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        paint(progress=stop)
    assert not Path("out.png").exists()
    steps: list[Step] = []
    paint(progress=steps.append)
    assert steps == []
    assert Path("out.png").read_bytes() == Path("whole.png").read_bytes()


def test_a_run_that_was_stopped_while_it_unpacked_begins_anew(monkeypatch: Any) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("impasto.images.scratch.Scratch.write_samples", stop_at_write)
        with pytest.raises(KeyboardInterrupt):
            paint()
    assert hidden() == [".out.png.impasto"]
    check()


def stop_at_write(*_: Any) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("change", [{"style": "batik"}, {"strength": 0.5}, {"content": "a.png"},
                                    {"depth": 16}, {"size": 500}])  # fmt: skip
def test_another_run_begins_anew(change: dict[str, Any]) -> None:
    save_picture("a.png", waves(34, 517, 5))
    with pytest.raises(KeyboardInterrupt):
        paint(progress=stop_at(2))
    check(**change)


@pytest.mark.skipif(sys.platform == "win32", reason="no locks there")
def test_another_process_at_the_same_picture_is_told() -> None:
    code = (
        "import fcntl, sys; file = open(sys.argv[1], 'w'); fcntl.flock(file, fcntl.LOCK_EX);"
        "print('held', flush=True); sys.stdin.read()"
    )
    with pytest.raises(KeyboardInterrupt):
        paint(progress=stop_at(2))
    with subprocess.Popen(
        [sys.executable, "-c", code, ".out.png.impasto/lock"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(ImageError, match="another run is painting this picture; wait for it"):
            paint()
        paint("other.png")
        other.communicate()
    steps: list[Step] = []
    paint(progress=steps.append)
    assert steps[0].number == 3


def test_any_error_takes_the_folder_away() -> None:
    def fail(step: Step) -> None:
        raise RuntimeError("no more")

    save_picture("out.png", waves(20, 20))
    before = Path("out.png").read_bytes()
    with pytest.raises(RuntimeError, match="no more"):
        paint(progress=fail)
    save_picture("wide.png", waves(34, 200))
    with pytest.raises(ImageError, match="map is 200x34, the content 517x34"):
        paint(masks=["wide.png"])
    data = Path("photo.png").read_bytes()
    Path("cut.png").write_bytes(data[: len(data) // 2])
    with pytest.raises(ImageError, match=r"cut\.png is a PNG file that is cut short"):
        paint(content="cut.png")
    assert hidden() == []
    assert Path("out.png").read_bytes() == before


def test_a_disk_that_is_full_is_told_before_the_work(monkeypatch: Any) -> None:
    usage = namedtuple("usage", "free")
    needed = 34 * 517 * 6
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage(needed - 500))
    steps: list[Step] = []
    with pytest.raises(ImageError, match=r"work has 0\.0 GB free, and a 517x34 picture takes 0\.0"):
        paint(progress=steps.append)
    assert steps == []
    assert hidden() == []
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage(needed))
    with pytest.raises(KeyboardInterrupt):
        paint(progress=stop_at(2))
    # what is there already is not needed again
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage(1000))
    paint()


def test_a_disk_that_gets_full_is_told(monkeypatch: Any) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("impasto.images.scratch.Scratch.write", full)
    with pytest.raises(ImageError, match=r"\.out\.png\.impasto: No space left on device"):
        paint()
    assert hidden() == []


def test_a_folder_that_cannot_be_made_is_told() -> None:
    Path(".out.png.impasto").write_text("in the way")
    with pytest.raises(ImageError, match=r"\.out\.png\.impasto: cannot be made"):
        paint()


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


def test_the_optimiser_does_not_paint_on_the_disk() -> None:
    with pytest.raises(OptionError, match="only the real-time network paints on the disk"):
        impasto.stylize_file("photo.png", "paint.png", "out.png", deepzoom=True, steps=1)


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


KILLED = """
import json, os, signal, sys
import impasto, impasto.stream
impasto.stream.OnePass.tile_side = lambda *_: 128
def progress(step):
    if step.number == 2:
        os.kill(os.getpid(), signal.SIGKILL)
impasto.stylize_file("photo.png", "ink", "out.tif", progress=progress, **json.loads(sys.argv[1]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal there")
def test_a_run_that_was_killed_goes_on() -> None:
    paint("whole.tif")
    arguments = [sys.executable, "-c", KILLED, json.dumps(OPTIONS)]
    assert subprocess.run(arguments, check=False).returncode == -signal.SIGKILL
    assert not Path("out.tif").exists()
    steps: list[Step] = []
    paint("out.tif", progress=steps.append)
    assert [step.number for step in steps] == [3, 4]
    assert Path("out.tif").read_bytes() == Path("whole.tif").read_bytes()
    assert hidden() == []
