"""The explanation as a whole: its words, its numbers, its page."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import impasto
from impasto.errors import ImageError, OptionError
from impasto.explanation import Explanation, explain
from impasto.explanation.inputs import Trio
from impasto.explanation.log import read_log
from impasto.explanation.markup import number
from impasto.explanation.words import LAYERS, percent, recipe_words
from impasto.images import fit, save_picture
from impasto.losses import STYLE_LAYERS

VOID = {"meta", "img", "line", "rect", "path", "polyline", "stop"}
LOG = "step,width,height,loss,style relu1_1,range\n1,32,24,0.5,0.5,0\n2,32,24,0.25,0.25,0\n"
LOG += "3,64,48,0.75,0.75,0\n4,64,48,0.125,0.125,0\n"


@pytest.fixture(autouse=True)
def weights(compact: Path) -> None:
    """Look by a random network."""


@pytest.fixture
def found(draw: Any) -> Explanation:
    return explain(draw(), draw(40, 56, 3), draw(48, 64, 5), backbone="compact")


class Page(HTMLParser):
    """Keep what a page holds, and complain where it is not closed as it was opened."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: dict[str, str] = {}
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        at = self.open[-1] if self.open else ""
        self.text[at] = self.text.get(at, "") + data


def test_the_page_is_whole_and_alone(found: Explanation, tmp_path: Path) -> None:
    (tmp_path / "run.csv").write_text(LOG)
    found = Explanation(**{**vars(found), "curves": read_log(tmp_path / "run.csv")})
    html = found.html()
    page = Page(html)
    names = [tag for tag, _ in page.tags]
    assert names.count("h1") == 1
    assert names.count("h2") == 7
    for tag, attributes in page.tags:
        assert not {"src", "href", "srcset"} & set(attributes) or tag == "img"
        assert not any(name.startswith("on") for name in attributes)
        if tag == "img":
            assert (attributes["src"] or "").startswith("data:image/webp;base64,")
            assert attributes["alt"]
    assert not re.search(r"https?:|@import|url\((?!#)", html)
    scripts = [attributes for tag, attributes in page.tags if tag == "script"]
    assert scripts == [{"type": "application/json", "id": "numbers"}]


def test_the_pages_numbers_are_those_of_the_dictionary(found: Explanation) -> None:
    plain = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    page = Page(found.html())
    assert json.loads(page.text["script"]) == plain
    cells = page.text["td"] + page.text["span"]
    assert len(plain["distances"]) == len(STYLE_LAYERS)
    for row in plain["distances"]:
        assert f"{number(row['style'])} of {number(row['style_of_content'])}" in cells
        assert f"{number(row['content'])} of {number(row['content_of_style'])}" in cells
        assert row["gone"] == pytest.approx(1 - row["style"] / row["style_of_content"])
    for item in plain["maps"]:
        assert f"Change of the content: {item['changed']:.3f};" in page.text["figcaption"]
    for line in plain["summary"]:
        assert line in page.text["li"]


def test_names_are_only_text(draw: Any, tmp_path: Path) -> None:
    odd = tmp_path / "<img src=x onerror=alert(1)>&\"\u202e\n'.png"
    try:
        save_picture(
            odd, draw(48, 64, 5), recipe=json.dumps({"method": "</pre><script>x</script>"})
        )
    except ImageError:
        pytest.skip("such names are not possible here")
    found = explain(odd, draw(40, 56, 3), odd, backbone="compact")
    html = found.html()
    page = Page(html)
    assert "onerror=alert(1)>&\"??'.png" in page.text["h1"]
    assert "<img src=x" not in html
    assert "\u202e" not in html
    assert [tag for tag, _ in page.tags].count("script") == 1
    assert json.loads(page.text["script"])["pictures"]["content"] == odd.name


def test_the_same_bytes_twice(draw: Any, found: Explanation, tmp_path: Path) -> None:
    again = explain(draw(), draw(40, 56, 3), draw(48, 64, 5), backbone="compact")
    assert again.html() == found.html()
    path = found.save(tmp_path / "page.html")
    assert path.read_text("utf-8") == found.html()
    with pytest.raises(ImageError, match="its folder does not exist"):
        found.save(tmp_path / "nowhere" / "page.html")


def test_nothing_changed(draw: Any) -> None:
    found = explain(draw(), draw(40, 56, 3), draw(), backbone="compact")
    assert found.summary()[0].startswith("The result is no nearer to the style")
    assert "Nothing of the content has changed." in found.summary()
    assert not any("lighter" in line or "colours are" in line for line in found.summary())
    Page(found.html())


def test_the_style_as_the_result(draw: Any) -> None:
    style = draw(48, 64, 3)
    found = explain(draw(), style, style, backbone="compact")
    assert (
        found.summary()[0] == "The result has gone 100 % of the way from the content to the style."
    )
    assert any(
        line.startswith("100 % of the style picture is resembled") for line in found.summary()
    )


def test_all_alike(draw: Any) -> None:
    found = explain(draw(), draw(), draw(), backbone="compact")
    assert "there was no way to go" in found.summary()[0]
    Page(found.html())


def test_summary_says_what_the_numbers_say(found: Explanation) -> None:
    rows = found.as_dict()["distances"]
    mean = np.mean([row["gone"] for row in rows])
    text = " ".join(found.summary())
    assert percent(abs(mean)) in text
    least = min(rows, key=lambda row: row["moved"])
    assert f"kept best in {LAYERS[least['layer']]}: " in text
    assert percent(least["moved"]) in text


def test_sizes(draw: Any) -> None:
    content = draw(300, 400)
    told: list[str] = []
    found = explain(
        content, draw(200, 100, 3), fit(content, 299), backbone="compact", size=256,
        progress=told.append,
    )  # fmt: skip
    assert sorted({row.size for row in found.distances}) == [64, 128, 256]
    assert found.trio.content.shape == found.trio.result.shape == (192, 256, 3)
    assert found.trio.style.shape == (200, 100, 3)
    assert told[0] == "looking at 64 px"
    small = explain(content, draw(200, 100, 3), fit(content, 80), backbone="compact")
    assert small.trio.content.shape == (60, 80, 3)
    assert small.trio.style.shape == (80, 40, 3)


def test_scales_of_narrow_pictures(draw: Any) -> None:
    assert Trio(draw(20, 256), draw(64, 64), draw(20, 256)).scales == [256]
    assert Trio(draw(64, 256), draw(64, 256), draw(64, 256)).scales == [64, 128, 256]
    half = Trio(draw(64, 256), draw(64, 200), draw(64, 256)).at(128)
    assert half.style.shape == (32, 100, 3)


def test_a_recipe(draw: Any, tmp_path: Path) -> None:
    for name, picture in (
        ("photo", draw()),
        ("other", draw(48, 64, 4)),
        ("paint", draw(40, 56, 3)),
    ):
        save_picture(tmp_path / f"{name}.png", picture)
    photo, other, paint = (tmp_path / f"{n}.png" for n in ("photo", "other", "paint"))
    made = impasto.stylize(
        photo, paint, steps=2, style_scale=1.5, backbone="compact", init="content"
    )
    impasto.save(tmp_path / "out.png", made)
    found = explain(photo, paint, tmp_path / "out.png", backbone="compact")
    assert found.inputs.mismatches == ()
    assert found.inputs.style_scale == 1.5
    assert found.trio.style.shape == (69, 96, 3)
    assert found.recipe == json.loads(made.recipe.to_json()) | {"output": found.recipe["output"]}
    html = found.html()
    assert "Painted by the optimiser in 2 steps, judged by compact, begun from content." in html
    assert "style scale 1.5" in html
    wrong = explain(other, other, tmp_path / "out.png", backbone="compact", style_scale=1.0)
    assert wrong.inputs.mismatches == (
        "The recipe names another content, photo.png.",
        "The recipe names another style, paint.png.",
    )
    assert wrong.inputs.style_scale == 1
    assert "The recipe names another style, paint.png." in wrong.html()


def test_words_of_odd_recipes() -> None:
    assert recipe_words({}) == ["Painted by an unknown method."]
    assert recipe_words(
        {"method": "realtime", "styles": [{"name": "a"}], "content": {"name": "b"}}
    ) == [
        "Painted by the real-time network.",
        "Content: b. Style: a.",
    ]
    assert recipe_words({"method": [], "options": 3, "styles": "x", "content": []})


def test_a_log(tmp_path: Path) -> None:
    path = tmp_path / "run.csv"
    path.write_text(LOG)
    curves = read_log(path)
    assert curves.sizes == ((1, 32), (3, 64))
    assert list(curves.losses) == ["loss", "style relu1_1", "range"]
    np.testing.assert_array_equal(curves.losses["loss"], [0.5, 0.25, 0.75, 0.125])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no steps"),
        ("step,width,height,loss\n", "holds no steps"),
        ("a,b\n1,2\n", "holds other columns"),
        ("step,width,height\n1,2,3\n", "holds other columns"),
        ("step,width,height,loss\n1,2,3,x\n", "no table of numbers"),
        ("step,width,height,loss\n1,2,3\n", "rows of other lengths"),
        ("step,width,height,loss\n1,2,3,4\n1\n", "no table of numbers"),
        ("\x00\xff", "holds"),
    ],
)
def test_what_is_no_log(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "run.csv").write_text(text, "latin-1")
    with pytest.raises(OptionError, match=message):
        read_log(tmp_path / "run.csv")
    with pytest.raises(OptionError, match="cannot be read"):
        read_log(tmp_path / "nowhere.csv")


@pytest.mark.parametrize(
    ("pictures", "message"),
    [
        (((48, 64), (40, 56), (64, 48)), "the result is 48x64 px and the content 64x48 px: crop"),
        (((48, 64), (40, 56), (47, 65)), "crop or resize"),
        (((16, 20), (40, 56), (16, 20)), "the content is 20x16 px; its longest side needs"),
        (((48, 64), (17, 170), (48, 64)), "the style at size 64 is 64x6 px"),
    ],
)
def test_pictures_that_do_not_fit(draw: Any, pictures: Any, message: str) -> None:
    content, style, result = (draw(*shape) for shape in pictures)
    with pytest.raises(ImageError, match=message):
        explain(content, style, result, backbone="compact")


def test_what_is_refused(draw: Any) -> None:
    with pytest.raises(OptionError, match="starry-night goes by its name and has no picture"):
        explain(draw(), "starry-night", draw(), backbone="compact")
    with pytest.raises(ImageError, match="one flat colour"):
        explain(np.zeros((48, 64, 3), np.float32), draw(), draw(), backbone="compact")
    with pytest.raises(OptionError, match="did you mean vgg19"):
        explain(draw(), draw(), draw(), backbone="vgg-19")
    with pytest.raises(OptionError, match="size is 2000"):
        explain(draw(), draw(), draw(), size=2000)
