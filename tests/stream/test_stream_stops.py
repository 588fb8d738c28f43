"""Runs that were stopped or failed go on where they were, and nothing is lost or left over."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import namedtuple
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from impasto.errors import ImageError, OptionError
from impasto.images import Scratch, pack, save_picture
from impasto.methods import Step
from impasto.workspace import Workspace
from tests.children import child
from tests.stream.painting import OPTIONS, TILE, TILES, check, hidden, paint, stop_at, waves


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
    assert hidden() == []
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


def test_that_it_begins_anew_is_told() -> None:
    with pytest.raises(KeyboardInterrupt):
        paint(progress=stop_at(2))
    steps: list[Step] = []
    paint(style="batik", progress=steps.append)
    assert steps[0].message == "begun anew: 2 tiles of another run were there"
    assert all(step.message is None for step in steps[1:])


@pytest.mark.parametrize("change", [{"memory": "900MB"}, {"threads": 2}, {"file_quality": 50}])
def test_what_does_not_decide_the_pixels_loses_nothing(change: dict[str, Any]) -> None:
    with pytest.raises(KeyboardInterrupt):
        paint("out.jpg", progress=stop_at(2))
    paint("whole.jpg", **change)
    steps: list[Step] = []
    paint("out.jpg", progress=steps.append, **change)
    assert [step.number for step in steps] == [3, 4]
    assert Path("out.jpg").read_bytes() == Path("whole.jpg").read_bytes()


def test_with_more_memory_the_second_time_it_goes_on_too(monkeypatch: Any) -> None:
    with pytest.raises(KeyboardInterrupt):
        paint(progress=stop_at(2))
    monkeypatch.setattr("impasto.stream.OnePass.tile_side", lambda *_: 4096)
    steps: list[Step] = []
    paint(progress=steps.append)
    assert [step.number for step in steps] == [3, 4]
    assert hidden() == []


def test_what_is_not_there_any_more_is_made_again() -> None:
    paint("whole.png")
    for name in ("result", "unpacked"):
        for size in (None, 0, 1000):
            with pytest.raises(KeyboardInterrupt):
                paint(progress=stop_at(3))
            file = Path(".out.png.impasto") / name
            file.unlink() if size is None else os.truncate(file, size)
            steps: list[Step] = []
            paint(progress=steps.append)
            assert [step.number for step in steps] == ([1, 2, 3, 4] if name == "result" else [4])
            assert Path("out.png").read_bytes() == Path("whole.png").read_bytes()
            Path("out.png").unlink()


def test_a_tile_counts_when_it_is_safe_from_a_power_cut(monkeypatch: Any) -> None:
    done: list[str] = []

    def told(name: str, method: Any) -> Any:
        return lambda *given: (done.append(name), method(*given))[1]

    for owner, name in ((Scratch, "write"), (Scratch, "sync"), (Workspace, "mark")):
        monkeypatch.setattr(owner, name, told(name, getattr(owner, name)))
    paint()
    assert done[: -3 * TILES] == ["sync", "mark"]  # the content, and that nothing is painted
    assert done[-3 * TILES :] == ["write", "sync", "mark"] * TILES


def test_parts_of_a_file_that_a_killed_run_left_are_removed() -> None:
    with pytest.raises(KeyboardInterrupt):
        paint(progress=stop_at(2))
    work = Path(".out.png.impasto")
    before = sorted(path.name for path in work.iterdir())
    (work / ".impasto-1.part").write_bytes(b"x")
    (work / ".impasto-2.part").mkdir()
    (work / ".impasto-2.part" / "a.dzi").write_bytes(b"x")
    with pytest.raises(KeyboardInterrupt):
        paint(progress=stop_at(3))
    assert sorted(path.name for path in work.iterdir()) == before


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise there")
@pytest.mark.parametrize("name", ["out.png", "out.tif"])
def test_ctrl_c_while_the_file_is_encoded_leaves_it_unwritten(monkeypatch: Any, name: str) -> None:
    def interrupted(path: Path) -> None:
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        time.sleep(0.5)

    paint(f"whole{name[-4:]}")
    with monkeypatch.context() as patch:
        patch.setattr(sys.modules[pack.__module__], "sync_file", interrupted)
        with pytest.raises(KeyboardInterrupt, match="stopped after tile 4; the same command goes"):
            paint(name)
    assert not Path(name).exists()
    assert hidden() == [f".{name}.impasto"]
    steps: list[Step] = []
    paint(name, progress=steps.append)
    assert steps == []
    assert Path(name).read_bytes() == Path(f"whole{name[-4:]}").read_bytes()


def test_when_the_file_is_written_and_the_pyramid_is_not() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("impasto.stream.pack_deepzoom", stop_at_write)
        with pytest.raises(
            KeyboardInterrupt, match="the same command with -o out.png --force goes on there"
        ):
            paint(deepzoom=True)
    steps: list[Step] = []
    paint(deepzoom=True, progress=steps.append)
    assert steps == []
    assert Path("out.dzi").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="no locks there")
def test_another_process_at_the_same_picture_is_told() -> None:
    code = (
        "import fcntl, sys; file = open(sys.argv[1], 'w'); fcntl.flock(file, fcntl.LOCK_EX);"
        "print('held', flush=True); sys.stdin.read()"
    )
    with pytest.raises(KeyboardInterrupt):
        paint(progress=stop_at(2))
    with child(
        [sys.executable, "-c", code, ".out.png.impasto/lock"],
        stdin=subprocess.PIPE,
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


@pytest.mark.parametrize(
    ("error", "found"),
    [
        (RuntimeError("no more"), "no more"),
        (SystemExit(1), "1"),
        (
            ImageError("too bad"),
            "too bad; stopped after tile 2; the same command goes on there. Un",
        ),
        (OptionError("too bad"), "too bad; stopped after tile 2; the same command goes on there."),
        (OSError(28, "No space left"), "impasto: No space left; stopped after tile 2; the same co"),
    ],
)
def test_an_error_keeps_what_is_painted(error: BaseException, found: str) -> None:
    paint("whole.png")

    def fail(step: Step) -> None:
        if step.number == 2:
            raise error

    wanted = ImageError if isinstance(error, OSError) else type(error)
    with pytest.raises(wanted, match=found):
        paint(progress=fail)
    steps: list[Step] = []
    paint(progress=steps.append)
    assert [step.number for step in steps] == [3, 4]
    assert Path("out.png").read_bytes() == Path("whole.png").read_bytes()
    assert hidden() == []


def test_a_file_that_cannot_be_written_costs_nothing_but_its_time(monkeypatch: Any) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(sys.modules[pack.__module__], "sync_file", full)
        with pytest.raises(ImageError, match=r"out\.png cannot be written: No space.*same command"):
            paint()
    steps: list[Step] = []
    paint(progress=steps.append)
    assert steps == []


def test_too_little_memory_to_begin_is_enough_to_go_on(monkeypatch: Any) -> None:
    def none(*_: Any) -> int:
        raise OptionError("too little memory")

    with pytest.raises(KeyboardInterrupt):
        paint(progress=stop_at(2), deepzoom=True)
    monkeypatch.setattr("impasto.stream.OnePass.tile_side", none)
    steps: list[Step] = []
    paint(progress=steps.append, deepzoom=True)
    assert [step.number for step in steps] == [3, 4]


def test_an_error_before_the_first_tile_leaves_nothing() -> None:
    save_picture("out.png", waves(20, 20))
    before = Path("out.png").read_bytes()
    save_picture("wide.png", waves(34, 200))
    with pytest.raises(ImageError, match="map is 200x34, the content 517x34"):
        paint(masks=["wide.png"])
    data = Path("photo.png").read_bytes()
    Path("cut.png").write_bytes(data[: len(data) // 2])
    with pytest.raises(ImageError, match=r"cut\.png is a PNG file that is cut short"):
        paint(content="cut.png")
    assert hidden() == []
    assert Path("out.png").read_bytes() == before


@pytest.mark.skipif(sys.platform == "win32", reason="files have no gaps there")
def test_a_disk_that_is_full_is_told_before_the_work(monkeypatch: Any) -> None:
    usage = namedtuple("usage", "free")
    needed = 34 * 517 * 9  # the content, the result, its file
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage(needed - 500))
    steps: list[Step] = []
    with pytest.raises(ImageError, match=r"work has 0\.0 GB free, and a 517x34 picture takes 0\.0"):
        paint(progress=steps.append)
    assert steps == []
    assert hidden() == []
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage(needed))
    with pytest.raises(KeyboardInterrupt):
        paint(progress=stop_at(2))
    # what is there already is not needed again; but what is not written yet is
    there = sum(path.stat().st_blocks * 512 for path in Path(".out.png.impasto").iterdir())
    assert there > 34 * 517 * 3
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage(needed - there - 500))
    with pytest.raises(ImageError, match="GB free.*stopped after tile 2; the same command goes on"):
        paint()
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage(needed - there))
    steps.clear()
    paint(progress=steps.append)
    assert [step.number for step in steps] == [3, 4]


def test_transparency_takes_its_place_on_the_disk(monkeypatch: Any) -> None:
    usage = namedtuple("usage", "free")
    alpha = np.tile(np.linspace(0, 1, 517, dtype=np.float32), (34, 1))
    save_picture("clear.tif", waves(34, 517), alpha=alpha, depth=16)
    needed = 34 * 517 * 8 + 20 * 300 * 4 * (2 + 2 + 2)  # 16 bits, and another size
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage(needed - 1))
    with pytest.raises(ImageError, match="GB free"):
        paint("out.tif", "clear.tif", size=300)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage(needed))
    paint("out.tif", "clear.tif", size=300)


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


KILLED = """
import json, os, signal, sys
import impasto, impasto.stream
impasto.stream.OnePass.tile_side = lambda *_: 128
def progress(step):
    if step.number == 2:
        os.kill(os.getpid(), signal.SIGKILL)
impasto.stylize_file("photo.png", "ink", "out.tif", progress=progress, sign=False,
    **json.loads(sys.argv[1]))
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
