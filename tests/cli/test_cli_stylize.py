"""`impasto stylize`: what it writes and what it says."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from impasto.images import load_picture, read_recipe

QUICK = ("photo.png", "-s", "paint.png", "--steps", "4", "--coarsest", "32")


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"photo.png", "paint.png", "other.png"}


def test_a_style_is_all_it_needs(run: Any, folder: Path) -> None:
    assert run("stylize", "photo.png", "--style", "paint.png").code == 0
    recipe = read_recipe("photo-paint.png")
    assert (recipe["method"], recipe["steps"]) == ("realtime", 1)


@pytest.mark.slow
def test_the_best_quality_takes_all_steps(run: Any, folder: Path) -> None:
    done = run("stylize", "photo.png", "--style", "paint.png", "--quality", "best", "-q")
    assert done.code == 0, done.err
    recipe = read_recipe("photo-paint.png")
    assert (recipe["method"], recipe["steps"]) == ("optimize", 300)
    assert recipe["options"]["init"] == "fast"


def test_what_is_said_and_written(run: Any, folder: Path) -> None:
    done = run("stylize", "photo.png", "--style", "paint.png", "--size", "32", "--steps", "50")
    assert done.code == 0
    assert names(folder) == {"photo-paint.png"}
    assert load_picture("photo-paint.png").pixels.shape == (24, 32, 3)
    assert done.out.startswith("photo-paint.png  32x24  ")
    assert "step 50/50" in done.err
    assert "left" in done.err
    # plain lines where there is no terminal, and not one for every step
    assert "\r" not in done.err
    assert 5 < len(done.err.splitlines()) < 30


def test_every_run_gets_a_new_name(run: Any, folder: Path) -> None:
    for _ in range(3):
        assert run("stylize", *QUICK).code == 0
    assert names(folder) == {"photo-paint.png", "photo-paint-2.png", "photo-paint-3.png"}


def test_quiet(run: Any) -> None:
    done = run("stylize", *QUICK, "-q", "-o", "out.webp", "--file-quality", "50")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("out.webp  64x48")


def test_an_existing_result_is_kept_unless_forced(run: Any, folder: Path) -> None:
    (folder / "out.png").write_bytes(b"precious")
    refused = run("stylize", *QUICK, "-o", "out.png")
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.startswith("impasto: out.png exists")
    assert (folder / "out.png").read_bytes() == b"precious"
    assert run("stylize", *QUICK, "-o", "out.png", "--force").code == 0
    assert read_recipe("out.png")["steps"] == 4


def test_flags_become_options(run: Any) -> None:
    done = run(
        "stylize", *QUICK, "--preset", "steadier", "--tv-weight", "3", "--optimizer", "adam",
        "--learning-rate", "0.01", "--init", "other.png", "-o", "out.tiff", "--depth", "16",
    )  # fmt: skip
    assert done.code == 0, done.err
    recipe = read_recipe("out.tiff")
    chosen = {"preset": "steadier", "tv_weight": 3.0, "optimizer": "adam", "learning_rate": 0.01}
    assert chosen.items() <= recipe["options"].items()
    assert recipe["options"]["content_layers"].startswith("relu3_1=0.5")
    assert recipe["init"]["name"] == "other.png"
    assert recipe["output"] == {"suffix": ".tiff", "depth": 16, "quality": 92}


def test_several_styles(run: Any) -> None:
    done = run("stylize", *QUICK, "-s", "other.png", "--blend", "3,1", "-q")
    assert done.code == 0
    assert done.err == "impasto: note: blend weights brought to a sum of 1: 0.75, 0.25\n"
    styles = read_recipe("photo-paint.png")["styles"]
    assert [(style["name"], style["blend"]) for style in styles] == [
        ("paint.png", 0.75),
        ("other.png", 0.25),
    ]
    assert run("stylize", *QUICK, "--blend", "1", "-q").err == ""


def test_log_plot_and_snapshots(run: Any, folder: Path) -> None:
    done = run(
        "stylize", *QUICK, "--log", "loss.csv", "--loss-plot", "loss.png",
        "--snapshots", "a/b", "--every", "3", "-q",
    )  # fmt: skip
    assert (done.code, done.err) == (0, "")
    with (folder / "loss.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [
        "step", "width", "height", "loss", "content relu4_2", "style relu1_1", "style relu2_1",
        "style relu3_1", "style relu4_1", "style relu5_1", "nearest relu3_1", "nearest relu4_1",
        "total variation", "range",
    ]  # fmt: skip
    assert [row["step"] for row in rows] == ["1", "2", "3", "4"]
    assert rows[-1]["width"] == "64"
    terms = [float(value) for value in list(rows[0].values())[4:]]
    assert float(rows[0]["loss"]) == pytest.approx(sum(terms))
    assert names(folder / "a" / "b") == {"step-0003.png", "step-0004.png"}
    assert load_picture("a/b/step-0004.png").pixels.shape == (48, 64, 3)
    assert load_picture("loss.png").pixels.shape[0] > 300


def test_a_plot_of_a_loss_that_is_0(run: Any) -> None:
    done = run(
        "stylize", "photo.png", "-s", "photo.png", "--tv-weight", "0", "--steps", "2",
        "--loss-plot", "loss.svg",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert Path("loss.svg").stat().st_size > 1000


def test_strength_0_needs_no_steps(run: Any) -> None:
    done = run("stylize", *QUICK, "--strength", "0", "--log", "loss.csv", "--loss-plot", "p.png")
    assert (done.code, done.err) == (0, "")
    assert (load_picture("photo-paint.png").pixels == load_picture("photo.png").pixels).all()
    assert not Path("p.png").exists()


@pytest.mark.parametrize(("flag", "path"), [("--log", "losses.csv"), ("--loss-plot", "losses.png")])
def test_other_files_are_kept_too_unless_forced(
    run: Any, folder: Path, flag: str, path: str
) -> None:
    (folder / path).write_bytes(b"precious")
    refused = run("stylize", *QUICK, flag, path)
    assert (refused.code, refused.out) == (1, "")
    assert f"{path} exists" in refused.err
    assert (folder / path).read_bytes() == b"precious"
    assert run("stylize", *QUICK, flag, path, "--force").code == 0
    assert (folder / path).read_bytes() != b"precious"


def test_snapshots_of_two_runs_are_not_mixed(run: Any, folder: Path) -> None:
    flags = ("--snapshots", "steps", "--every", "2")
    assert run("stylize", *QUICK, *flags).code == 0
    refused = run("stylize", *QUICK, *flags)
    assert refused.code == 1
    assert "steps holds snapshots" in refused.err
    assert run("stylize", *QUICK, *flags, "--force").code == 0


def test_a_diverged_run_leaves_its_last_sound_picture(
    run: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from impasto.methods.optimize.objective import Objective

    gradient, calls = Objective.gradient, []

    def breaks(self: Objective, x: Any) -> Any:
        terms, found = gradient(self, x)
        calls.append(1)
        return (terms, found) if len(calls) < 3 else (dict.fromkeys(terms, float("nan")), found)

    monkeypatch.setattr(Objective, "gradient", breaks)
    done = run("stylize", *QUICK, "-o", "out.png")
    assert done.code == 1
    assert "did not recover" in done.err
    assert "out.png holds the picture after" in done.err
    recipe = read_recipe("out.png")
    assert recipe["stopped"]


def test_a_name_that_no_file_can_have(run: Any, folder: Path) -> None:
    done = run("stylize", *QUICK, "-o", "x" * 300 + ".png")
    assert done.code == 1
    assert "no such name is possible" in done.err


def test_the_longest_names_still_give_a_result(run: Any, folder: Path) -> None:
    photo, paint = "ä" * 120 + ".png", "p" * 240 + ".png"
    (folder / "photo.png").rename(folder / photo)
    (folder / "paint.png").rename(folder / paint)
    done = run("stylize", photo, "--style", paint, *QUICK[3:])
    assert done.code == 0, done.err
    assert (folder / f"{'ä' * 50}-{'p' * 100}.png").exists()
