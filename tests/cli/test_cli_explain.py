"""`impasto explain`: a page, and what it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from impasto.cli.explain import explain
from impasto.explanation import ExplainOptions
from impasto.options import declarations

OF = ("photo.png", "paint.png", "photo.png")
QUICK = (*OF, "--backbone", "compact")


def test_a_page(run: Any, folder: Path) -> None:
    done = run("explain", *QUICK)
    assert (done.code, done.err) == (0, "")
    *summary, last = done.out.splitlines()
    assert "Nothing of the content has changed." in summary
    assert last.startswith("photo-explained.html  0.")
    page = (folder / "photo-explained.html").read_text("utf-8")
    assert all(line in page for line in summary if "'" not in line)
    # a new name by default, but none that is given is written over
    assert "photo-explained-2.html" in run("explain", *QUICK).out
    refused = run("explain", *QUICK, "-o", "photo-explained.html")
    assert (refused.code, refused.out) == (1, "")
    assert "photo-explained.html exists" in refused.err
    assert run("explain", *QUICK, "-o", "photo-explained.html", "--force").code == 0


def test_with_a_log(run: Any, folder: Path) -> None:
    painted = ("photo.png", "-s", "paint.png", "--steps", "3", "--coarsest", "32")
    assert run("stylize", *painted, "--log", "run.csv", "-o", "out.png", "-q").code == 0
    done = run("explain", "photo.png", "paint.png", "out.png", "--log", "run.csv", *QUICK[3:])
    assert done.code == 0
    page = (folder / "out-explained.html").read_text("utf-8")
    assert "Losses over time" in page
    assert "style relu5_1" in page
    assert "Painted by the optimiser in 3 steps" in page


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere.png", *QUICK[1:]), "nowhere.png does not exist"),
        (("photo.png", "starry-night", *QUICK[2:]), "goes by its name and has no picture"),
        (("photo.png", "paint.png", "other.png"), "crop or resize one of them"),
        ((*QUICK, "--log", "photo.png"), "expected a file of impasto stylize --log"),
        ((*QUICK, "-o", "no/page.html"), "its folder does not exist"),
        ((*QUICK, "--size", "16"), "size is 16: expected 64 to 1024"),
        ((*OF, "--backbone", "vgg19"), "impasto weights fetch vgg19"),
    ],
)
def test_what_is_refused(run: Any, folder: Path, arguments: tuple[str, ...], message: str) -> None:
    before = sorted(folder.iterdir())
    done = run("explain", *arguments)
    assert (done.code, done.out) == (1, "")
    assert message in done.err
    assert done.err.count("\n") == 1
    assert sorted(folder.iterdir()) == before


def test_every_option_has_a_flag() -> None:
    flags: dict[str, Any] = {parameter.name or "": parameter for parameter in explain.params}
    for name, (_, declared) in declarations(ExplainOptions).items():
        assert flags[name].opts == [f"--{name.replace('_', '-')}"]
        assert flags[name].help.startswith(declared.help)
