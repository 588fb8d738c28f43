"""Many pictures in many styles: which, what they are called, and what becomes of each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import impasto
from impasto.batch import Batch, Outcome, read_pairs
from impasto.errors import ImageError, OptionError
from impasto.images import read_recipe, save_picture
from impasto.methods.quality import resolve
from impasto.methods.realtime import engines

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
    assert made[0][-2] == 2  # streams


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


def test_results_of_one_name_are_numbered(batch: Batch, tmp_path: Path) -> None:
    contents = [Path("a/x.jpg"), Path("b/x.jpg"), Path("c/x.png"), Path("d/x.heic")]
    names = [pair.out.name for pair in batch.pairs(contents, ["ink"], tmp_path)]
    assert names == ["x-ink.jpg", "x-ink-2.jpg", "x-ink.png", "x-ink-2.png"]


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
    contents = photos[:1] * 20
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
