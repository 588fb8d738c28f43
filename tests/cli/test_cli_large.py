"""Pictures that are painted on the disk: progress by tile, Ctrl-C, and what the recipe gives."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from impasto.images import load_picture, read_recipe, save_picture
from tests.children import child

# as the shell starts it, but with tiles as small as the pictures here
START = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
    "import impasto.stream; impasto.stream.OnePass.tile_side = lambda *_: 64;"
    "from impasto.cli.main import main; main()"
)
FAST = ("--engine", "openvino", "--precision", "float32", "--threads", "1")
WORK = ("stylize", "wide.png", "-s", "ink", "--no-sign", "-o", "out.tif", *FAST)


@pytest.fixture(autouse=True)
def wide(folder: Path, draw: Any) -> None:
    save_picture("wide.png", draw(40, 2600))


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-c", START, *arguments]


def impasto(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments), capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.skipif(os.name == "nt", reason="signals are sent otherwise there")
def test_ctrl_c_and_the_same_command_again() -> None:
    whole = impasto(*WORK[: -len(FAST) - 1], "whole.tif", *FAST)
    assert (whole.returncode, whole.stdout[:20]) == (0, "whole.tif  2600x40  ")
    lines = whole.stderr.splitlines()
    assert lines[0].startswith("tile 1/41  2600x40  ")
    assert lines[-1].startswith("tile 41/41  2600x40  0 s left")
    assert 12 < len(lines) <= 21  # every twentieth

    with child(command(*WORK), text=True) as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("tile 1/41")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert "Traceback" not in err
    told = err.splitlines()[-1]
    assert told.startswith("impasto: stopped after tile ")
    assert "; the same command goes on there. Until then the work lies in " in told
    assert Path(".out.tif.impasto").is_dir()
    assert not Path("out.tif").exists()

    again = impasto(*WORK)
    assert again.returncode == 0
    first = int(told.split()[4].rstrip(";")) + 1
    assert again.stderr.startswith(f"impasto: note: going on at tile {first} of 41\n")
    assert Path("out.tif").read_bytes() == Path("whole.tif").read_bytes()
    assert not Path(".out.tif.impasto").exists()


@pytest.mark.skipif(os.name == "nt", reason="signals are sent otherwise there")
@pytest.mark.parametrize("flag", ["--skip-existing", "--force"])
def test_ctrl_c_among_many(flag: str) -> None:
    work = ("stylize", "photo.png", "wide.png", "-s", "ink", "-o", "out/", *FAST, flag)
    with child(command(*work), text=True) as process:
        result = Path("out/.wide-ink.png.impasto/result")
        # until the first tile is there
        while process.poll() is None and not (result.exists() and any(result.read_bytes())):
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    does = "does the rest" if flag == "--skip-existing" else "paints all anew"
    assert f"the same command {does}, and goes on where large pictures were stopped; until" in err
    assert f" {result.parent.resolve()}, which may be deleted" in err
    again = impasto(*work)
    assert again.returncode == 0
    assert f"{1 + (flag == '--force')} painted" in again.stderr
    assert not result.parent.exists()


@pytest.mark.parametrize("name", ["out.tif", "out.png", "out.jpg"])
def test_again_gives_the_same_bytes(run: Any, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("impasto.stream.OnePass.tile_side", lambda *_: 512)
        work = ("stylize", "wide.png", "-s", "ink", "-o", name, *FAST, "-q", "--no-sign")
        assert run(*work).code == 0
    assert read_recipe(name)["made_with"]["tile"] == 512
    assert "  tile: 512" in run("inspect", name).out.splitlines()
    # on a machine that would paint it at once
    assert run("again", name, "-q", "--no-sign").out.splitlines()[-1] == "the same bytes"
    # and on one that has too little memory
    monkeypatch.setattr("impasto.stream.OnePass.tile_side", lambda *_: 256)
    less = run("again", name, "-q", "--no-sign").out.splitlines()[-1]
    assert less == "the same bytes" or less.endswith("made with tile 512 then")


def test_memory_says_how_large_tiles_are(run: Any, draw: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("impasto.methods.realtime.memory.used_memory", lambda: 0)
    save_picture("large.png", draw(300, 2200))
    work = ("stylize", "large.png", "-s", "ink", *FAST)
    small = run(*work, "-o", "small.png", "--memory", "80MB")
    assert small.code == 0
    assert re.search(r"tile ([2-9])/\1  2200x300", small.err)
    assert run(*work, "-o", "whole.png", "--memory", "500MB").err == ""
    pixels = [load_picture(name).pixels for name in ("small.png", "whole.png")]
    assert np.abs(pixels[0] - pixels[1]).max() <= 1.01 / 255
    done = run(*work, "-o", "none.png", "--memory", "20MB")
    assert (done.code, done.out) == (1, "")
    assert re.search(r"picture needs about \d\d MB more, and 20 MB are there: close", done.err)


def test_pyramids(run: Any, folder: Path) -> None:
    work = ("stylize", "photo.png", "-s", "ink", "--deepzoom", *FAST)
    assert run(*work, "-o", "out.jpg").code == 0
    assert {"out.jpg", "out.dzi", "out_files"} <= set(os.listdir(folder))
    # nothing that is there is replaced unasked
    (folder / "page_files").mkdir()
    for taken in ("out_files exists", "page_files exists"):
        done = run(*work, "-o", f"{taken.split('_')[0]}.png")
        assert done.code == 1
        assert taken.split("_")[0] in done.err
        assert "--force" in done.err
    assert os.listdir(folder / "page_files") == []
    assert run(*work, "-o", "page.png", "--force").code == 0
    assert (folder / "page_files" / "0" / "0_0.jpg").is_file()
    assert run("again", "page.png").out.endswith("the same bytes but for the signature\n")
