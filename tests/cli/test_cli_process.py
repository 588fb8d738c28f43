"""The command line as a process of its own: exit codes, signals, what is imported."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from impasto import __version__
from impasto.cli.main import COMMANDS, cli
from impasto.images import load_picture, read_recipe, save_picture
from tests.children import child

WORK = ("stylize", "photo.png", "-s", "paint.png", "--threads", "1", "--coarsest", "32")
# the way a shell starts it: a parent that ignores Ctrl-C would hand that down
START = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
    "from impasto.cli.main import main; main()"
)


def python(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        errors="surrogateescape",
        timeout=120,
        env=os.environ | environment,
        check=False,
    )


def impasto(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return python("-m", "impasto", *arguments, **environment)


HEAVY = ("torch", "numpy", "PIL", "openvino", "matplotlib")
LOADED = f"print(*sorted({{name.split('.')[0] for name in sys.modules}} & set({HEAVY!r})))"


@pytest.mark.parametrize(
    "code",
    ["import impasto", "import impasto; dir(impasto)"]
    + [
        f"import impasto.cli.main as m\ntry: m.main({arguments!r})\nexcept SystemExit: pass"
        for arguments in (["--help"], ["--version"], ["no-such-command"])
    ],
)
def test_the_start_is_light(code: str) -> None:
    done = python("-c", f"import sys\n{code}\n{LOADED}")
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == ""


@pytest.mark.parametrize("arguments", [["stylize", "--help"], ["inspect", "photo.png"]])
def test_help_and_inspection_need_no_torch(folder: Path, arguments: list[str]) -> None:
    code = f"import impasto.cli.main as m\ntry: m.main({arguments!r})\nexcept SystemExit: pass"
    done = python("-c", f"import sys\n{code}\n{LOADED}")
    assert done.returncode == 0
    assert "torch" not in done.stdout.splitlines()[-1].split()


UNUSED = {
    "torch",
    "matplotlib",
    "pyvips",
    "onnxruntime",
    "http",
    "ssl",
    "openvino_telemetry",
}


def test_a_preset_on_a_jpeg_loads_what_it_needs(folder: Path, draw: Any) -> None:
    save_picture("photo.jpg", draw(48, 64))
    arguments = ["stylize", "photo.jpg", "-s", "starry-night", "-o", "out.jpg"]
    code = f"import impasto.cli.main as m\ntry: m.main({arguments!r})\nexcept SystemExit: pass"
    loaded = "print(*sorted({name.split('.')[0] for name in sys.modules}))"
    done = python("-c", f"import sys\n{code}\n{loaded}", HOME=str(folder))
    assert done.returncode == 0, done.stderr
    names = set(done.stdout.splitlines()[-1].split())
    assert {"openvino", "PIL"} <= names
    assert not names & UNUSED
    assert not (folder / "intel").exists()  # OpenVINO's record of who uses it


def test_a_process_that_ends_at_once_has_said_all(folder: Path) -> None:
    painted = impasto("stylize", "photo.png", "-s", "starry-night", "-o", "out.png")
    assert (painted.returncode, painted.stderr) == (0, "")
    assert painted.stdout.startswith("out.png  64x48")
    assert painted.stdout.endswith(" s\n")
    # found after the engine was made
    masked = ("--mask", "photo.png", "--mask", "narrow.png", "-s", "ink", "-o", "two.png")
    save_picture("narrow.png", load_picture("photo.png").pixels[:, :20])
    refused = impasto("stylize", "photo.png", "-s", "starry-night", *masked)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "mask 2 is 20x48" in refused.stderr


def test_help_lists_all_commands() -> None:
    done = CliRunner().invoke(cli, ["--help"])
    assert done.exit_code == 0
    for name, (_, text) in COMMANDS.items():
        assert f"  {name} " in done.output
        assert text in done.output


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str) -> None:
    done = CliRunner().invoke(cli, [name, "--help"])
    assert done.exit_code == 0
    assert done.output.startswith(f"Usage: cli {name}")
    command = cli.get_command(None, name)  # type: ignore[arg-type]
    assert command is not None
    # the overview is written apart, so that it loads nothing
    assert command.get_short_help_str(200)


def test_help_groups_the_options() -> None:
    text = CliRunner().invoke(cli, ["stylize", "--help"]).output
    headings = [line for line in text.splitlines() if line.endswith(":") and line[0] != " "]
    assert headings == ["Files:", "Provenance:", "Basics:", "Look:", "Search:"]
    assert "Presets: sharper" in text


def test_version() -> None:
    done = impasto("--version")
    assert (done.returncode, done.stdout) == (0, f"impasto, version {__version__}\n")


def test_exit_codes_and_tracebacks(folder: Path) -> None:
    done = impasto(*WORK, "--steps", "2", "-q", "-o", "out.png")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("out.png  64x48")
    refused = impasto(*WORK, "-o", "out.png")
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert impasto(*WORK, "--size", "big").returncode == 2
    # wherever it stands
    for arguments in (("--debug", *WORK), (*WORK, "--debug")):
        debugged = impasto(*arguments, "-o", "out.png")
        assert debugged.returncode == 1
        assert "Traceback" in debugged.stderr
        assert "impasto.errors.ImageError: out.png exists" in debugged.stderr


BLOCKER = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in BLOCKED:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

BLOCKED = {"torch", "h5py", "matplotlib"}
sys.meta_path.insert(0, Blocker())
"""


@pytest.mark.parametrize(
    ("arguments", "extra"),
    [
        (WORK, "optimize"),
        (("metrics", "photo.png", "-c", "photo.png", "-s", "paint.png"), "optimize"),
        (("explain", "photo.png", "paint.png", "photo.png"), "optimize"),
        (("train", "--help"), "train"),
    ],
)
def test_a_missing_extra(
    folder: Path, tmp_path: Path, arguments: tuple[str, ...], extra: str
) -> None:
    (tmp_path / "sitecustomize.py").write_text(BLOCKER)
    done = impasto(*arguments, PYTHONPATH=str(tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert f'needs the [{extra}] extra: pip install "impasto[{extra}]"' in done.stderr
    helps = (["--help"], ["stylize", "--help"], ["metrics", "--help"], ["explain", "--help"])
    for light in (*helps, ["info"], ["weights", "list"]):
        assert impasto(*light, PYTHONPATH=str(tmp_path)).returncode == 0


@pytest.mark.skipif(os.name == "nt", reason="signals are sent otherwise there")
def test_ctrl_c_saves_the_picture_so_far(folder: Path) -> None:
    with child(
        [sys.executable, "-c", START, *WORK, "--steps", "100000", "--coarsest", "9999"],
        text=True,
    ) as process:
        assert process.stderr is not None
        first = process.stderr.readline()
        assert first.startswith("step 1/100000")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "impasto: stopped at step " in err
    assert "of 100000; saved what there is" in err
    assert "Traceback" not in err
    assert out.startswith("photo-paint.png  64x48")
    recipe = read_recipe("photo-paint.png")
    assert recipe["stopped"] is True
    assert recipe["steps"] >= 1
    assert load_picture("photo-paint.png").pixels.shape == (48, 64, 3)

    again = impasto("again", "photo-paint.png", "-q")
    assert again.returncode == 0
    assert again.stdout.endswith("the same bytes but for the signature\n")


@pytest.mark.skipif(os.name == "nt", reason="such names are not possible there")
def test_names_that_are_no_text(folder: Path) -> None:
    odd = os.fsdecode(b"\xff photo\n.png")
    (folder / odd).write_bytes((folder / "photo.png").read_bytes())
    done = impasto("stylize", odd, "-s", "paint.png", "--steps", "1", "-q")
    assert done.returncode == 0, done.stderr
    (made,) = folder.glob("*-paint.png")
    assert impasto("inspect", os.fspath(made)).returncode == 0
