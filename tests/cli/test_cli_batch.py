"""`impasto stylize` of many pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from impasto.batch import Outcome, Pair
from impasto.cli.batch import Summary

FAST = ("--precision", "float32", "--threads", "2")


def made(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {
        "photo.png",
        "paint.png",
        "other.png",
    }


def test_all_pairs_into_a_folder(run: Any, folder: Path) -> None:
    # as a shell gives photos/*.jpg and styles/*.png
    contents = ("photo.png", "other.png")
    done = run("stylize", *contents, "--style", "ink", "paint.png", "-o", "out/", *FAST)
    assert done.code == 0
    assert made(folder) == {
        f"out/{content}-{style}.png" for content in ("photo", "other") for style in ("ink", "paint")
    }
    assert sorted(line.split("  ")[0] for line in done.out.splitlines()) == sorted(made(folder))
    summary = done.err.splitlines()[-1]
    assert summary.startswith("impasto: 4 painted; in ")
    assert "pictures/s" in summary
    assert "\r" not in done.err


@pytest.mark.parametrize("precision", ["float32", "auto"])
def test_pictures_of_many_can_be_made_again(run: Any, folder: Path, precision: str) -> None:
    rest = ("--precision", precision, "--threads", "2")
    assert run("stylize", "photo.png", "other.png", "-s", "ink", "-o", "out/", *rest).code == 0
    for name in ("photo", "other"):
        assert run("again", f"out/{name}-ink.png", "--from", ".").out.endswith(
            "the same bytes but for the signature\n"
        )


def test_a_pyramid_that_is_missing_is_told(run: Any, folder: Path) -> None:
    call = ("stylize", "photo.png", "-s", "ink", "-o", "out/", *FAST)
    assert run(*call).code == 0
    # skipping would be silent, and nothing is written over unasked
    done = run(*call, "--skip-existing", "--deepzoom")
    assert done.code == 1
    assert "exists without a pyramid: add --force" in done.err
    assert "1 painted" in run(*call, "--force", "--deepzoom").err
    assert "1 skipped" in run(*call, "--skip-existing", "--deepzoom").err


def test_a_bad_file_is_named_once(run: Any, folder: Path) -> None:
    Path("bad.png").write_bytes(b"no picture")
    done = run("stylize", "bad.png", "photo.png", "-s", "ink", "-o", "out/", *FAST)
    assert done.code == 1
    assert done.err.count("bad.png") == 1


def test_a_style_before_the_content_is_one(run: Any, folder: Path) -> None:
    assert run("stylize", "-s", "ink", "photo.png", *FAST).code == 0
    assert made(folder) == {"photo-ink.png"}


def test_several_styles_of_one_content_are_blended(run: Any, folder: Path) -> None:
    assert run("stylize", "photo.png", "-s", "ink", "batik", "--blend", "2,1", *FAST).code == 0
    assert made(folder) == {"photo-ink.png"}
    assert "0.333" in run("inspect", "photo-ink.png").out


def test_one_content_into_a_folder(run: Any, folder: Path) -> None:
    (folder / "out").mkdir()
    call = ("stylize", "photo.png", "-s", "ink", "batik", "-o", "out", "--suffix", ".jpg")
    assert run(*call, *FAST).code == 0
    assert made(folder) == {"out/photo-ink.jpg", "out/photo-batik.jpg"}


def test_a_blend_of_several_contents(run: Any, folder: Path) -> None:
    call = ("stylize", "photo.png", "other.png", "-s", "ink", "-s", "batik", "--blend", "1,1")
    assert run(*call, "-o", "out/", *FAST).code == 0
    assert made(folder) == {"out/photo-ink-batik.png", "out/other-ink-batik.png"}


def test_pairs_of_a_table(run: Any, folder: Path) -> None:
    (folder / "list.csv").write_text("content,style\nphoto.png,ink\nother.png,paint.png\n")
    assert run("stylize", "--pairs", "list.csv", "-o", "out/", *FAST).code == 0
    assert made(folder) == {"list.csv", "out/photo-ink.png", "out/other-paint.png"}


def test_a_bad_file_is_told_and_the_rest_done(run: Any, folder: Path) -> None:
    call = ("stylize", "photo.png", "nowhere.png", "-s", "ink", "-o", "out/", *FAST)
    done = run(*call)
    assert done.code == 1
    assert made(folder) == {"out/photo-ink.png"}
    first, last = done.err.splitlines()
    assert first == "impasto: nowhere.png does not exist: check the path"
    assert last.startswith("impasto: 1 painted, 1 failed; in ")
    again = run(*call, "--skip-existing", "-q")
    assert (again.code, again.out) == (1, "")
    assert "0 painted, 1 skipped, 1 failed" in again.err
    kept = run(*call)
    assert "out/photo-ink.png exists: add --skip-existing, or --force" in kept.err
    assert "1 painted, 1 failed" in run(*call, "--force").err


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (("photo.png", "-s", "ink", "-o", "out/", "--mask", "other.png"), "--mask: for one"),
        (("photo.png", "-s", "ink", "-o", "out/", "--log", "l.csv"), "--log: for one content"),
        (("photo.png", "-s", "ink", "--skip-existing"), "--skip-existing: for results in a folder"),
        (("photo.png", "-s", "ink", "-o", "out/", "--suffix", "xyz"), "end it with one of"),
        (("photo.png", "other.png", "-s", "ink", "-o", "paint.png/"), "cannot be made a folder"),
        (("photo.png", "-o", "out/"), "nothing to paint"),
        (("photo.png", "-o", "out/", "--force", "--skip-existing"), "exists is left, or written"),
        (("photo.png", "--pairs", "list.csv"), "list.csv says what is painted: leave out contents"),
        (("-s", "ink", "--pairs", "list.csv"), "list.csv says what is painted: leave out contents"),
    ],
)
def test_wishes_that_cannot_be_met(
    run: Any, folder: Path, call: tuple[str, ...], message: str
) -> None:
    done = run("stylize", *call)
    assert (done.code, done.out) == (1, "")
    assert message in done.err
    assert made(folder) == set()


def test_a_clock_that_stands_still(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.monotonic", lambda: 7.0)
    summary = Summary(1, quiet=True)
    summary.tell(Outcome(Pair(Path("photo.png"), ("ink",), Path("out.png"))))
    summary.end()
    assert capsys.readouterr().err == "impasto: 0 painted, 1 skipped; in 0 s\n"


@pytest.mark.parametrize(
    ("flag", "told"),
    [
        ((), "the same command with --skip-existing does the rest"),
        (("--skip-existing",), "the same command does the rest"),
        (("--force",), "the same command paints all anew"),
    ],
)
def test_what_a_stopped_run_advises(
    run: Any, folder: Path, monkeypatch: pytest.MonkeyPatch, flag: tuple[str, ...], told: str
) -> None:
    call = ("stylize", "photo.png", "other.png", "-s", "ink", "-o", "out/", *FAST)
    tell = Summary.tell

    def stop(summary: Summary, outcome: Outcome) -> None:
        tell(summary, outcome)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Summary, "tell", stop)
        done = run(*call, *flag)
    assert done.code == 130
    assert f"stopped; {told}" in done.err
    assert "large" not in done.err
    assert run(*call, *(flag or ("--skip-existing",))).code == 0
    assert made(folder) == {"out/photo-ink.png", "out/other-ink.png"}


@pytest.mark.parametrize("call", [(), ("photo.png",), ("-s", "ink")])
def test_what_is_missing_is_told(run: Any, call: tuple[str, ...]) -> None:
    done = run("stylize", *call)
    assert done.code == 2
    assert "is missing: name a photo and a style" in done.err
