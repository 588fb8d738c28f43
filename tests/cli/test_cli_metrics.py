"""`impasto metrics`: a table, or JSON, and what it refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from impasto.cli.main import cli
from impasto.cli.metrics import metrics
from impasto.images import load, save_picture
from impasto.metrics import MetricsOptions, measure
from impasto.options import declarations

OF = ("--content", "photo.png", "--style", "paint.png")
QUICK = (*OF, "--backbone", "compact")


def test_a_table(run: Any, folder: Path) -> None:
    save_picture(folder / "upside-down.png", load(folder / "photo.png")[::-1])
    done = run("metrics", "photo.png", "upside-down.png", *QUICK)
    assert (done.code, done.err) == (0, "")
    head, first, second, content, style = done.out.splitlines()
    assert head.split() == ["compact,", "64x48", "content", "style", "moments", "ssim"]
    assert first.startswith("photo.png ")
    assert second.startswith("upside-down.png ")
    assert content.startswith("copy of the content ")
    assert style.startswith("copy of the style ")
    assert first.split()[1:] == content.split()[4:]
    assert (first.split()[1], first.split()[-1]) == ("0.0000", "1.0000")
    assert len({len(line) for line in done.out.splitlines()}) == 1


def test_json(run: Any, folder: Path) -> None:
    done = run("metrics", "photo.png", *QUICK, "--json", "--size", "32")
    assert (done.code, done.err) == (0, "")
    found = measure("photo.png", "photo.png", "paint.png", backbone="compact", size=32)
    assert json.loads(done.out) == found.as_dict()
    assert (found.width, found.height) == (32, 24)


@pytest.mark.filterwarnings("default:judged by compact")
def test_a_note_says_who_judges(run: Any) -> None:
    done = run("metrics", "photo.png", *OF)
    assert done.code == 0
    assert done.out.startswith("compact, 64x48")
    assert done.err.startswith("impasto: note: judged by compact: weights vgg19 are not on this")
    assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere.png", *QUICK), "nowhere.png does not exist"),
        (("photo.png", "-c", "nowhere.png", "-s", "paint.png"), "nowhere.png does not exist"),
        (("photo.png", "-c", "photo.png", "-s", "nowhere.png"), "nowhere.png does not exist"),
        (("other.png", *QUICK), "other.png is 32x32 px and the content 64x48 px: crop or resize"),
        (("photo.png", *OF, "--backbone", "vgg19"), "impasto weights fetch vgg19"),
        (("photo.png", *QUICK, "--size", "8"), "size is 8: expected at least 16"),
        (("photo.png", *QUICK, "--size", "20"), "the content at size 20 is 20x15 px"),
    ],
)
def test_what_is_refused(run: Any, arguments: tuple[str, ...], message: str) -> None:
    done = run("metrics", *arguments)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("impasto: ")
    assert message in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        OF,
        ("photo.png", "--content", "photo.png"),
        ("photo.png", "--style", "paint.png"),
        ("photo.png", *OF, "--backbone", "vgg16"),
        ("photo.png", *OF, "--size", "big"),
    ],
)
def test_wrong_usage(run: Any, arguments: tuple[str, ...]) -> None:
    done = run("metrics", *arguments)
    assert done.code == 2
    assert "Usage: impasto metrics" in done.err


def test_every_option_has_a_flag() -> None:
    flags: dict[str, Any] = {parameter.name or "": parameter for parameter in metrics.params}
    for name, (_, declared) in declarations(MetricsOptions).items():
        assert flags[name].opts == [f"--{name}"]
        assert flags[name].help.startswith(declared.help)


def test_help_groups_the_options() -> None:
    text = CliRunner().invoke(cli, ["metrics", "--help"]).output
    headings = [line for line in text.splitlines() if line.endswith(":") and line[0] != " "]
    assert headings == ["Files:", "Basics:"]


def test_ssim_and_help_need_no_torch(folder: Path) -> None:
    code = (
        "import sys; from impasto.cli.metrics import metrics; from impasto.metrics import ssim;"
        "from impasto.images import load; image = load('photo.png'); assert ssim(image, image) == 1"
        "; assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
