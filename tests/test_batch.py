"""Many pictures in many styles: which, what they are called, and what becomes of each."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import impasto
from impasto.batch import Batch, Outcome, at_once, read_pairs
from impasto.errors import ImageError, OptionError
from impasto.images import read_recipe, save_picture
from impasto.methods.quality import resolve
from impasto.methods.realtime import engines
from impasto.stream import FileJob

FAST: dict[str, Any] = {"precision": "float32", "threads": 2}


@pytest.fixture
def photos(draw: Any, tmp_path: Path) -> list[Path]:
    sizes = [(48, 64), (48, 64), (33, 47)]
    return [
        save_picture(tmp_path / f"photo{i}{suffix}", draw(*size, i))
        for i, (size, suffix) in enumerate(zip(sizes, (".jpg", ".png", ".webp"), strict=True))
    ]


@pytest.fixture
def batch() -> Batch:
    return Batch(resolve(FAST))


def test_every_content_in_every_style(photos: list[Path], tmp_path: Path) -> None:
    told: list[Outcome] = []
    out = tmp_path / "deep" / "out"
    found = impasto.stylize_many(photos, ["ink", "batik"], out, progress=told.append, **FAST)
    assert found == told
    assert len(found) == 6
    assert {path.name for path in out.iterdir()} == {
        f"photo{i}-{style}{suffix}"
        for i, suffix in enumerate((".jpg", ".png", ".webp"))
        for style in ("ink", "batik")
    }
    for outcome in found:
        assert outcome.error is None
        assert not outcome.skipped
        assert outcome.seconds > 0
        content, (style,) = outcome.pair.content, outcome.pair.styles
        painted = impasto.load(outcome.pair.out)
        assert outcome.shape == painted.shape[:2]
        alone = impasto.stylize(content, style, **FAST)
        impasto.save(tmp_path / f"alone{content.suffix}", alone)
        assert np.array_equal(painted, impasto.load(tmp_path / f"alone{content.suffix}"))
        assert read_recipe(outcome.pair.out)["content"]["name"] == content.name


def test_the_network_is_loaded_once(
    photos: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    real = engines.make_engine

    def make(*given: Any) -> Any:
        made.append(given)
        return real(*given)

    monkeypatch.setattr(engines, "make_engine", make)
    impasto.stylize_many(photos, ["ink", "batik", str(photos[0])], tmp_path / "out", **FAST)
    assert len(made) == 1
    assert made[0][-2] == 3  # streams: half as many again as threads


def test_a_blend_is_one_result_for_each_content(photos: list[Path], tmp_path: Path) -> None:
    given = {"blend": [3, 1], "suffix": ".png", **FAST}
    found = impasto.stylize_many(photos[:1], ["ink", "batik"], tmp_path / "out", **given)
    (outcome,) = found
    assert outcome.pair.out.name == "photo0-ink-batik.png"
    shares = [style["blend"] for style in read_recipe(outcome.pair.out)["styles"]]
    assert shares == [0.75, 0.25]


def test_what_fails_is_told_and_the_rest_done(photos: list[Path], tmp_path: Path) -> None:
    bad, gone = tmp_path / "bad.jpg", tmp_path / "gone.png"
    bad.write_bytes(b"\xff\xd8\xff no picture")
    contents = [bad, photos[0], gone, photos[1]]
    found = impasto.stylize_many(contents, ["ink", "no-style"], tmp_path / "out", **FAST)
    by_pair = {(o.pair.content, *o.pair.styles): o for o in found}
    assert len(by_pair) == 8
    for (content, style), outcome in by_pair.items():
        sound = content in photos and style == "ink"
        assert (outcome.error is None) == sound == outcome.pair.out.exists()
    assert "cut short or damaged" in str(by_pair[bad, "ink"].error)
    assert "does not exist" in str(by_pair[gone, "ink"].error)
    assert "no-style" in str(by_pair[photos[0], "no-style"].error)


def test_what_is_there_is_left_or_written_anew(photos: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    kept = out / "photo0-ink.jpg"
    kept.write_bytes(b"mine")
    found = impasto.stylize_many(photos[:2], ["ink"], out, skip_existing=True, **FAST)
    assert sorted(o.skipped for o in found) == [False, True]
    assert kept.read_bytes() == b"mine"
    (refused,) = impasto.stylize_many(photos[:1], ["ink"], out, **FAST)
    assert "exists" in str(refused.error)
    assert kept.read_bytes() == b"mine"
    (anew,) = impasto.stylize_many(photos[:1], ["ink"], out, force=True, **FAST)
    assert anew.error is None
    assert impasto.load(kept).shape == (48, 64, 3)


def test_what_is_there_cannot_be_both_left_and_written(photos: list[Path], tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="what exists is left, or written anew"):
        impasto.stylize_many(photos, ["ink"], tmp_path, skip_existing=True, force=True)


def test_what_is_named_twice_is_painted_once(batch: Batch, tmp_path: Path) -> None:
    contents = ["a.jpg", Path("a.jpg"), "./a.jpg"]
    (pair,) = batch.pairs(contents, ["ink", "ink"], tmp_path)
    assert (pair.content, pair.out) == (Path("a.jpg"), tmp_path / "a-ink.jpg")


def test_quality_chooses_the_method(photos: list[Path], tmp_path: Path, compact: Path) -> None:
    paint = {"quality": "balanced", "steps": 1, "coarsest": 32, "file_quality": 80}
    (outcome,) = impasto.stylize_many(photos[:1], [str(photos[2])], tmp_path / "out", **paint)
    assert outcome.error is None
    recipe = read_recipe(outcome.pair.out)
    assert (recipe["method"], recipe["options"]["init"]) == ("optimize", "fast")
    assert recipe["output"]["quality"] == 80


def test_pyramids(photos: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    mine = out / "photo1-ink_files" / "mine.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    kinds = [*photos[:2], save_picture(tmp_path / "photo0.png", impasto.load(photos[0]))]
    options: dict[str, Any] = {"deepzoom": True, **FAST}
    found = {o.pair.content: o for o in impasto.stylize_many(kinds, ["ink"], out, **options)}
    # nothing that is there is removed unasked
    assert "photo1-ink_files exists" in str(found[photos[1]].error)
    assert mine.read_text() == "mine"
    assert not found[photos[1]].pair.out.exists()
    # a.jpg and a.png would have one pyramid
    sound = [o for content, o in found.items() if content != photos[1]]
    assert len(sound) == 2
    for outcome in sound:
        assert outcome.error is None
        assert outcome.pair.out.with_suffix(".dzi").is_file()
    assert len(list(out.glob("*.dzi"))) == 2
    (anew,) = impasto.stylize_many(photos[1:2], ["ink"], out, force=True, **options)
    assert anew.error is None
    assert not mine.exists()


def break_down(*_: Any) -> Any:
    raise RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")


def not_there(*_: Any) -> Any:
    raise FileNotFoundError(2, "No such file or directory", "photo")


@pytest.mark.parametrize(("fail", "told"), [(break_down, "CUDA out"), (not_there, "No such file")])
def test_one_unexpected_error_is_one_outcome(
    photos: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fail: Any, told: str
) -> None:
    run = FileJob.run

    def run_or_fail(job: FileJob, *rest: Any) -> Any:
        return fail() if job.opened.path == photos[0] else run(job, *rest)

    monkeypatch.setattr(FileJob, "run", run_or_fail)
    found = impasto.stylize_many(photos, ["ink"], tmp_path / "out", **FAST)
    errors = {o.pair.content: str(o.error) for o in found if o.error is not None}
    assert list(errors) == photos[:1]
    assert errors[photos[0]].startswith(f"{photos[0]}: {told}")


def test_a_name_that_is_too_long_is_one_outcome(photos: list[Path], tmp_path: Path) -> None:
    table = tmp_path / "list.csv"
    table.write_text(f"photo0.jpg,ink,{'x' * 300}.png\nphoto1.png,ink\n")
    found = impasto.stylize_many([], [], tmp_path / "out", pairs=table, **FAST)
    assert sorted(o.error is None for o in found) == [False, True]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"threads": 4}, 6),
        ({"threads": 1, "engine": "onnxruntime"}, 1),
        # torch gives each picture every core, or the one GPU
        ({"threads": 3, "engine": "torch"}, 1),
        ({"threads": 3, "device": "cuda"}, 1),
        ({"threads": 3, "device": "mps"}, 1),
        ({"threads": 3, "steps": 2}, 1),
    ],
)
def test_how_many_are_painted_at_once(options: dict[str, Any], expected: int) -> None:
    assert at_once(resolve(options)) == expected


def test_a_table_or_lists(photos: list[Path], tmp_path: Path, batch: Batch) -> None:
    table = tmp_path / "list.csv"
    table.write_text("photo0.jpg,ink\n")
    for contents, styles in ((photos, ()), ((), ["ink"])):
        with pytest.raises(OptionError, match="leave out contents and styles"):
            batch.pairs(contents, styles, tmp_path / "out", table)


def test_pairs_of_a_table(photos: list[Path], tmp_path: Path, batch: Batch) -> None:
    table = tmp_path / "list.csv"
    table.write_text(
        "\ufeffcontent, style, result\nphoto0.jpg,ink\n\nphoto1.png, photo2.webp ,b/own.jpg\n"
    )
    out = tmp_path / "out"
    first, second = batch.pairs([], [], out, table)
    assert (first.content, first.styles) == (photos[0], ("ink",))
    assert first.out == out / "photo0-ink.jpg"
    assert (second.content, second.styles) == (photos[1], (str(photos[2]),))
    assert second.out == out / "b" / "own.jpg"
    assert [o.error for o in batch.run([first, second])] == [None, None]
    assert second.out.exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a.jpg\n", "line 1: expected a content and a style"),
        ("content,style\na.jpg,\n", "line 2: expected"),
        ("", "nothing to paint"),
        ("a.jpg,ink,x.png\nb.jpg,ink,x.png\n", "x.png is the result of two pairs"),
    ],
)
def test_tables_that_cannot_be_read(tmp_path: Path, batch: Batch, text: str, message: str) -> None:
    table = tmp_path / "list.csv"
    table.write_text(text)
    with pytest.raises(OptionError, match=message):
        batch.pairs([], [], tmp_path / "out", table)


def test_a_table_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="cannot be read as pairs"):
        read_pairs(tmp_path / "none.csv")


def test_wishes_that_cannot_be_met(photos: list[Path], tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="nothing to paint"):
        impasto.stylize_many([], ["ink"], tmp_path)
    with pytest.raises(ImageError, match="end it with one of"):
        impasto.stylize_many(photos, ["ink"], tmp_path, suffix=".xyz")
    with pytest.raises(ImageError, match="cannot be made a folder"):
        impasto.stylize_many(photos, ["ink"], photos[0])


def test_who_leaves_gives_up_what_is_not_begun(photos: list[Path], tmp_path: Path) -> None:
    batch = Batch(resolve({**FAST, "threads": 1}))
    contents = [Path(shutil.copy(photos[0], tmp_path / f"copy{i}.jpg")) for i in range(20)]
    outcomes = batch.run(batch.pairs(contents, ["ink"], tmp_path / "out"))
    assert next(outcomes).error is None
    outcomes.close()  # type: ignore[attr-defined]
    assert 1 <= len(list((tmp_path / "out").iterdir())) < 5


@pytest.mark.usefixtures("compact")
def test_the_optimiser_paints_many_too(photos: list[Path], tmp_path: Path) -> None:
    options = {"steps": 2, "coarsest": 32}
    found = impasto.stylize_many(photos[:2], [str(photos[2])], tmp_path / "out", **options)
    assert [o.error for o in found] == [None, None]
    assert {read_recipe(o.pair.out)["method"] for o in found} == {"optimize"}
