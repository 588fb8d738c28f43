"""Errors are one line on stderr and exit 1, usage 2; nothing is left behind."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

WORK = ("stylize", "photo.png", "-s", "paint.png", "--steps", "2")


@pytest.fixture(autouse=True)
def bad_files(folder: Path) -> set[str]:
    """Make files that are no pictures, and return all names there are."""
    whole = (folder / "photo.png").read_bytes()
    (folder / "truncated.png").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.png").write_bytes(b"")
    (folder / "text.png").write_text("a diary\n" * 40)
    (folder / "directory.png").mkdir()
    for name, shape in (("dot.png", (1, 1)), ("sliver.png", (3, 10000))):
        Image.fromarray(np.zeros((*shape, 3), np.uint8)).save(folder / name)
    return {path.name for path in folder.iterdir()}


def check_refused(done: Any, message: str, folder: Path, there: set[str]) -> None:
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("impasto: ")
    assert done.err.count("\n") == 1
    assert message in done.err
    assert "Traceback" not in done.err
    assert {path.name for path in folder.iterdir()} == there


PICTURES = [
    ("nowhere.png", "does not exist"),
    ("directory.png", "is a folder"),
    ("empty.png", "zero bytes"),
    ("truncated.png", "cut short"),
    ("text.png", "not a picture"),
    ("dot.png", "1x1 px"),
    ("sliver.png", "10000x3 px"),
    ("", ""),
]


@pytest.mark.parametrize(("name", "message"), PICTURES)
@pytest.mark.parametrize("role", ["content", "style", "init"])
def test_pictures_that_cannot_be_read(
    run: Any, folder: Path, bad_files: set[str], role: str, name: str, message: str
) -> None:
    content, style, init = (
        name if role == r else "photo.png" for r in ("content", "style", "init")
    )
    extras = ("--log", "log.csv", "--snapshots", "snapshots", "--loss-plot", "plot.png")
    done = run("stylize", content, "-s", style, "--init", init, *extras, "--steps", "2")
    check_refused(done, message, folder, bad_files)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("-o", "no/such/out.png"), "is not a folder"),
        (("-o", "out.xyz"), "end it with one of .png"),
        (("-o", "out"), "end it with one of .png"),
        (("-o", "out.jpg", "--depth", "16"), "8 bits, not 16"),
        (("--log", "no/such/log.csv"), "cannot be written"),
        (("--log", "directory.png"), "cannot be written"),
        (("--snapshots", "text.png"), "cannot be made a folder"),
        (("--loss-plot", "no/such/plot.png"), "folder does not exist"),
        (("--loss-plot", "plot.xyz"), "name it .png"),
        (("--loss-plot", "plot"), "name it .png"),
        (("--strength", "2"), "strength is 2.0: expected 0 to 1"),
        (("--size", "3"), "size is 3: expected at least 16"),
        (("--size", "1000000"), "over the limit"),
        (("--style-layers", "relu9_9"), "unknown layer 'relu9_9'"),
        (("--learning-rate", "1"), "lbfgs finds its own step"),
        (("--tv-weight", "nan"), "expected a finite number"),
        (("--blend", "1,2"), "blend has 2 weights for 1 style"),
        (("--blend", "much"), "expected numbers with commas"),
        (("--blend", ""), "expected numbers with commas"),
        (("--backbone", "vgg16"), "impasto weights fetch"),
    ],
)
def test_wishes_that_cannot_be_met(
    run: Any, folder: Path, bad_files: set[str], flags: tuple[str, ...], message: str
) -> None:
    check_refused(run(*WORK, *flags), message, folder, bad_files)


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the administrator may write anywhere"
)
def test_a_folder_that_may_not_be_written_to(
    run: Any, folder: Path, bad_files: set[str]
) -> None:  # pragma: no cover
    sealed = folder / "directory.png"
    sealed.chmod(0o500)
    done = run(*WORK, "-o", sealed / "out.png")
    sealed.chmod(0o700)
    check_refused(done, "cannot be written to", folder, bad_files)


@pytest.mark.parametrize(
    "arguments",
    [
        ("stylize",),
        ("stylize", "photo.png"),
        ("stylize", "-s", "paint.png"),
        (*WORK, "--no-such-flag"),
        (*WORK, "--size", "big"),
        (*WORK, "--steps", "1.5"),
        (*WORK, "--optimizer", "newton"),
        (*WORK, "--every", "0"),
        (*WORK, "--depth", "12"),
        (*WORK, "--preset", "sharpr"),
        ("no-such-command",),
        ("inspect",),
        (),
    ],
)
def test_wrong_usage_exits_with_2(
    run: Any, folder: Path, bad_files: set[str], arguments: tuple[str, ...]
) -> None:
    done = run(*arguments)
    assert done.code == 2
    assert "Usage: impasto" in done.err
    assert "Traceback" not in done.err
    assert {path.name for path in folder.iterdir()} == bad_files


def test_a_plot_that_fails_does_not_cost_the_picture(run: Any, folder: Path) -> None:
    (folder / "plot.png").mkdir()
    done = run(*WORK, "--loss-plot", "plot.png", "-q")
    assert done.code == 1
    assert "the loss plot cannot be written" in done.err
    assert (folder / "photo-paint.png").is_file()


def test_no_weights(run: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    (damaged / "compact.safetensors").write_bytes(b"\0" * 100)
    monkeypatch.setenv("IMPASTO_WEIGHTS", str(damaged))
    done = run(*WORK)
    assert done.code == 1
    assert "not a whole safetensors file" in done.err
    assert done.err.count("\n") == 1
