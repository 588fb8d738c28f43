"""The table: a row for each result, then the copies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from impasto.errors import ImageError, OptionError
from impasto.images import fit, load_picture, resize, save_picture
from impasto.metrics import Judge, Measurements, Row, measure

COPIES = ["copy of the content", "copy of the style"]


@pytest.fixture(autouse=True)
def weights(compact: Path) -> None:
    """Judge by a random network."""


def numbers(row: Row) -> tuple[float, ...]:
    found = row.judgement
    return (found.content, found.style, found.moments, found.ssim)


def names(found: Measurements) -> list[str]:
    return [row.picture for row in found.rows]


def test_rows(draw: Any, tmp_path: Path) -> None:
    content, style, result = draw(48, 64), draw(48, 64, 3), draw(48, 64, 5)
    save_picture(tmp_path / "out.png", result)
    told: list[Row] = []
    sources = [tmp_path / "out.png", result, load_picture(content), style]
    found = measure(sources, content, style, backbone="compact", progress=told.append)
    assert (found.backbone, found.width, found.height) == ("compact", 64, 48)
    named = [str(tmp_path / "out.png"), "result 2", "result 3", "result 4"]
    assert names(found) == named + COPIES
    assert tuple(told) == found.rows
    rows = found.rows
    assert rows[1].judgement == Judge("compact")(result, content, style)
    assert numbers(rows[0]) == pytest.approx(numbers(rows[1]), abs=0.01)
    # the copies are judged as results that are copies are
    assert numbers(rows[2]) == numbers(rows[4])
    assert numbers(rows[3]) == numbers(rows[5])
    assert (rows[4].judgement.content, rows[4].judgement.ssim) == (0, 1)
    assert (rows[5].judgement.style, rows[5].judgement.moments) == (0, 0)


def test_one_result_needs_no_list(draw: Any) -> None:
    found = measure(draw(), draw(), draw(32, 32), backbone="compact")
    assert names(found) == ["result 1", *COPIES]


def test_a_size(draw: Any) -> None:
    content, style = draw(96, 128), draw(60, 80, 3)
    found = measure([content, fit(content, 97)], content, style, backbone="compact", size=64)
    assert (found.width, found.height) == (64, 48)
    rows = found.rows
    assert numbers(rows[0]) == numbers(rows[2])
    assert rows[1].judgement.ssim > 0.9
    assert (rows[3].judgement.style, rows[3].judgement.moments) == (0, 0)
    by_hand = (fit(content, 64), fit(content, 64), fit(style, 64))
    assert rows[0].judgement == Judge("compact")(*by_hand)


def test_a_smaller_result_at_the_contents_own_size(draw: Any) -> None:
    content = draw(48, 64)
    found = measure([fit(content, 32)], content, draw(), backbone="compact", size=64)
    assert (found.width, found.height) == (64, 48)


def test_only_a_larger_style_is_brought_to_the_content(draw: Any) -> None:
    judge, content = Judge("compact"), draw(48, 64)
    for style, seen in ((draw(128, 96, 3), (64, 48)), (draw(24, 40, 3), (24, 40))):
        found = measure([content], content, style, backbone="compact")
        by_hand = resize(style, *seen)
        assert found.rows[1].judgement == judge(content, content, by_hand)
        copy = resize(style, 48, 64)
        assert found.rows[2].judgement == judge(copy, content, by_hand)


def test_as_text_and_as_values(draw: Any) -> None:
    found = measure([draw(48, 64, 5)], draw(), draw(40, 40, 3), backbone="compact")
    lines = str(found).splitlines()
    assert lines[0].split() == ["compact,", "64x48", "content", "style", "moments", "ssim"]
    assert len({len(line) for line in lines}) == 1
    for line, row in zip(lines[1:], found.rows, strict=True):
        assert line.startswith(row.picture)
        shown = [float(text) for text in line[len(row.picture) :].split()]
        assert shown == pytest.approx(numbers(row), abs=5.1e-5)
    values = found.as_dict()
    assert list(values) == ["backbone", "width", "height", "rows"]
    assert list(values["rows"][0]) == ["picture", "content", "style", "moments", "ssim"]
    assert [tuple(row.values())[1:] for row in values["rows"]] == [*map(numbers, found.rows)]


def test_names_that_would_break_the_table(draw: Any) -> None:
    found = measure([draw()], draw(), draw(), backbone="compact")
    odd = Row("a\nb\udcff.png", found.rows[0].judgement)
    assert "a?b?.png" in str(Measurements("compact", 64, 48, (odd,)))


@pytest.mark.parametrize(
    ("size", "result", "message"),
    [
        (None, (24, 32), "result 1 is 32x24 px and the content 64x48 px: use --size 32"),
        (None, (96, 128), "result 1 is 128x96 px and the content 64x48 px: use --size 64"),
        (None, (64, 64), "crop or resize one of them to the other's proportions"),
        (32, (64, 48), "result 1 is 48x64 px and the content 64x48 px: crop or resize"),
        (32, (47, 64), "crop or resize"),
        (20, (48, 64), "the content at size 20 is 20x15 px; every side needs at least 16"),
    ],
)
def test_sizes_that_do_not_fit(
    draw: Any, size: int | None, result: tuple[int, int], message: str
) -> None:
    with pytest.raises(ImageError, match=message):
        measure([draw(*result)], draw(), draw(), backbone="compact", size=size)


@pytest.mark.parametrize("longest", [33, 50, 63, 100, 333])
def test_sides_may_be_rounded(draw: Any, longest: int) -> None:
    content = draw(67, 101)
    result = fit(content, longest)
    assert measure([result], content, draw(), backbone="compact", size=48).height == 32


def test_a_narrow_style(draw: Any) -> None:
    with pytest.raises(ImageError, match="the style at size 64 is 64x10 px"):
        measure([draw()], draw(), draw(32, 200), backbone="compact")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"backbone": "vgg-19"}, "did you mean vgg19"),
        ({"size": 8}, "size is 8: expected at least 16"),
        ({"size": 32.5}, "expected a whole number"),
    ],
)
def test_options_are_checked(draw: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        measure([draw()], draw(), draw(), **options)


def test_no_results(draw: Any) -> None:
    with pytest.raises(OptionError, match="no result given"):
        measure([], draw(), draw(), backbone="compact")


def test_nothing_is_changed(draw: Any) -> None:
    pictures = draw(), draw(48, 64, 3), draw(48, 64, 5)
    before = [picture.copy() for picture in pictures]
    measure([pictures[0]], pictures[1], pictures[2], backbone="compact")
    assert all(np.array_equal(a, b) for a, b in zip(pictures, before, strict=True))
