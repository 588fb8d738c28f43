"""`impasto regions`: label pictures of exact colours, a sheet, and what to do with them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from impasto.images import load
from impasto.regions.pictures import PALETTE

pytest.importorskip("skimage", reason="needs [regions]")


def colors(path: Path) -> set[tuple[int, ...]]:
    levels = np.rint(load(path) * 255).astype(int).reshape(-1, 3)
    return {tuple(map(int, color)) for color in np.unique(levels, axis=0)}


def test_a_pair(run: Any, folder: Path) -> None:
    done = run("regions", "photo.png", "paint.png", "-n", 3, "-o", "made")
    assert (done.code, done.err) == (0, "")
    *written, last = done.out.splitlines()
    assert [line.split()[0] for line in written] == [
        "made/content-labels.png",
        "made/style-labels.png",
        "made/preview.png",
    ]
    masks = "made/content-labels.png:made/style-labels.png"
    assert last == f"use them: impasto stylize photo.png --style paint.png --mask {masks}"
    assert load("made/content-labels.png").shape == load("photo.png").shape
    assert load("made/style-labels.png").shape == load("paint.png").shape
    found = colors(folder / "made/content-labels.png")
    assert found == colors(folder / "made/style-labels.png")
    assert found == {tuple(map(int, color)) for color in PALETTE[: len(found)]}


def test_one_picture(run: Any, folder: Path) -> None:
    done = run("regions", "photo.png")
    assert (done.code, done.err) == (0, "")
    assert (folder / "content-labels.png").exists()
    assert (folder / "preview.png").exists()
    assert not (folder / "style-labels.png").exists()
    again = run("regions", "photo.png")
    assert again.code == 1
    assert "content-labels.png exists: choose another name, or add --force" in again.err
    assert run("regions", "photo.png", "--force").code == 0


@pytest.mark.parametrize("arguments", [(), ("photo.png", "-n", "0"), ("photo.png", "-n", "9")])
def test_wrong_usage(run: Any, arguments: tuple[str, ...]) -> None:
    done = run("regions", *arguments)
    assert done.code == 2
    assert "Usage: impasto regions" in done.err


def test_help_needs_no_torch() -> None:
    code = (
        "import sys, impasto.regions, impasto.cli.regions;"
        "assert not {'torch', 'skimage', 'scipy', 'dlib'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
