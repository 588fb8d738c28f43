"""The page in a real browser, on a real server: what people do."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.studio.browser import STATUS, Seen, opened
from tests.studio.servers import Running, wait_for

data = pytest.importorskip("skimage.data", reason="scikit-image is not installed")


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("photos")
    small = Image.fromarray(data.astronaut()).resize((96, 96))
    dropped = Image.fromarray(data.chelsea()).resize((96, 96))
    found = {"coffee": Image.fromarray(data.coffee()), "small": small, "dropped": dropped}
    found["wide"] = Image.fromarray(data.coffee()).resize((5200, 400))
    for name, picture in found.items():
        picture.save(folder / f"{name}.png")
    return {name: folder / f"{name}.png" for name in found}


@pytest.fixture
def page(browser: Any, studio: Running) -> Iterator[Seen]:
    with opened(browser, studio.url) as seen:
        yield seen
        assert not seen.said


def asks(seen: Seen) -> list[dict[str, Any]]:
    """Return what paintings at once were asked for, as objects."""
    bodies = re.findall(r'name="request"\s+(\{.*\})', "\n".join(seen.paintings()))
    return [json.loads(body) for body in bodies]


def test_a_photo_and_a_style_give_a_picture(page: Seen, photos: dict[str, Path]) -> None:
    page.picture("begin")
    page.add(photos["coffee"])
    page.style("starry-night")
    page.whole(600, 400)
    page.page.get_by_role("slider", name="Divider between before and after").wait_for()
    x, y, width, height = page.box(".stage")
    shown = np.asarray(Image.open(io.BytesIO(page.page.screenshot())).convert("RGB"), float)
    middle = shown[int(y + height * 0.4) : int(y + height * 0.6)]
    left, right = np.split(middle[:, int(x + 60) : int(x + width - 60)], 2, axis=1)[:2]
    assert np.abs(left.mean((0, 1)) - right.mean((0, 1))).max() > 5  # the photo, and the painting
    page.picture("painted")
    assert asks(page)[-1]["styles"] == [{"name": "starry-night"}]
    assert "longest" not in asks(page)[-1]


DROP = """([kind, bytes]) => {
  const transfer = new DataTransfer();
  transfer.items.add(new File([new Uint8Array(bytes)], `${kind}.png`, { type: "image/png" }));
  const event = kind === "paste"
    ? new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true })
    : new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true });
  document.querySelector("main").dispatchEvent(event);
}"""


def test_photos_are_dropped_and_pasted(page: Seen, photos: dict[str, Path]) -> None:
    data = list(photos["dropped"].read_bytes())
    for kind in ("drop", "paste"):
        page.page.evaluate(DROP, [kind, data])
        page.page.get_by_role("button", name=f"{kind}.png", exact=True).wait_for()
    page.page.keyboard.press("[")  # back to the first
    page.page.get_by_role("group", name="drop.png, before and after").wait_for()
    page.page.get_by_role("button", name="Remove: paste.png").click()
    page.page.get_by_role("button", name="paste.png", exact=True).wait_for(state="detached")


def test_the_picture_follows_a_slider(page: Seen, photos: dict[str, Path]) -> None:
    page.add(photos["coffee"])
    page.style("mosaic")
    page.whole(600, 400)
    before = len(page.paintings())
    x, y, width, height = page.box("#live-strength")
    page.page.mouse.move(x + width - 9, y + height / 2)
    page.page.mouse.down()
    for share in (0.9, 0.8, 0.7, 0.6, 0.5):
        page.page.mouse.move(x + width * share, y + height / 2)
        page.page.wait_for_timeout(60)
    page.page.locator(STATUS).filter(has_text="preview").wait_for()
    page.picture("sliding")
    page.page.mouse.up()
    page.whole(600, 400)
    made = asks(page)[before:]
    assert made[0]["longest"] == 512  # small while it moves
    assert made[-1].get("longest") is None
    assert made[-1]["options"]["strength"] == pytest.approx(0.5, abs=0.06)
    page.page.keyboard.press("Home")  # the slider has the focus
    assert page.page.input_value("#live-strength") == "0"


def test_a_page_that_is_loaded_anew_goes_on(page: Seen, photos: dict[str, Path]) -> None:
    page.add(photos["coffee"])
    page.style("ink")
    page.style("neon", beside=True)
    page.until(lambda: len(asks(page)[-1]["styles"]) == 2)
    page.whole(600, 400)
    before = asks(page)
    page.page.reload()
    page.until(lambda: len(asks(page)) > len(before))
    assert [asks(page)[-1][name] for name in ("styles", "blend")] == [
        before[-1][name] for name in ("styles", "blend")
    ]
    page.whole(600, 400)


def test_styles_blend_on_a_pad(page: Seen, photos: dict[str, Path]) -> None:
    page.add(photos["small"])
    page.style("ink")
    page.style("neon", beside=True)
    page.style("mosaic", beside=True)
    page.whole(96, 96)
    pad = page.page.get_by_role("slider", name="Blend")
    pad.focus()
    pad.press("Shift+ArrowUp")
    pad.press("Shift+ArrowUp")
    page.until(lambda: asks(page)[-1]["blend"][0] > 0.5)
    last = asks(page)[-1]
    assert [style["name"] for style in last["styles"]] == ["ink", "neon", "mosaic"]
    assert sum(last["blend"]) == pytest.approx(1, abs=0.01)
    assert last["blend"][1] < 0.3
    page.picture("blend")


def test_regions_are_painted_and_undone(
    page: Seen, studio: Running, photos: dict[str, Path]
) -> None:
    page.add(photos["coffee"])
    page.style("ink")
    page.style("neon", beside=True)
    page.page.click("#pane-regions")
    page.page.check("[name=regions][value=paint]")
    x, y, width, height = page.box(".stage")
    across, middle = x + width / 2, y + height / 2
    page.drag((across - 100, middle), (across + 100, middle))

    def masks() -> list[np.ndarray]:
        return [grey(studio, mask) for mask in asks(page)[-1].get("masks", ())]

    page.until(lambda: len(masks()) == 2 and masks()[1][200, 300] == 255)
    first, second = masks()
    assert first.shape == (400, 600)
    page.picture("regions")
    assert np.array_equal(first + second, np.full_like(first, 255))
    assert 0.02 < (second > 0).mean() < 0.2
    page.page.keyboard.press("Control+z")
    page.until(lambda: not masks()[1].any())
    page.page.keyboard.press("Control+Shift+Z")
    page.until(lambda: masks()[1][200, 300] == 255)
    page.page.keyboard.press("e")  # the eraser: the photo comes back
    page.drag((across, middle), (across + 1, middle))
    page.until(lambda: not masks()[0][200, 300] and not masks()[1][200, 300])
    # what no style has is not shared among them
    strong = grey(studio, asks(page)[-1]["strength_map"])
    assert not strong[200, 300]
    assert strong[masks()[1] == 255].min() == 255
    page.page.keyboard.press("g")  # and a fill
    page.page.mouse.click(across, middle)
    page.until(lambda: masks()[1][200, 300] == 255)


def grey(studio: Running, file: str) -> np.ndarray:
    found = Image.open(io.BytesIO(studio.http.get(f"/v1/files/{file}").content))
    return np.asarray(found.convert("L"))


def test_an_own_picture_is_a_style_and_is_refined(
    page: Seen, studio: Running, photos: dict[str, Path]
) -> None:
    page.add(photos["small"])
    page.page.set_input_files("[data-test=style-file]", str(photos["coffee"]))
    page.whole(96, 96)
    page.page.click("#pane-refine")
    page.page.check("[name=refine-quality][value=balanced]")
    page.page.get_by_role("button", name="Refine", exact=True).click()
    page.page.get_by_role("button", name="Open the result").wait_for(timeout=120_000)
    page.page.get_by_role("img", name="Losses").wait_for()
    page.page.locator(".shot").first.wait_for()
    page.picture("refined")
    page.page.locator(".shot").first.click()
    page.page.get_by_role("button", name="Keep step").click()
    page.page.get_by_text("is kept in the history").wait_for()
    jobs = studio.http.get("/v1/jobs").json()["jobs"]
    assert [job["state"] for job in jobs[:2]] == ["done", "done"]
    assert jobs[0]["request"] == jobs[1]["request"]
    page.page.get_by_role("button", name="Open the result").click()
    page.page.get_by_text("impasto stylize small.png --style coffee.png").wait_for()
    page.picture("result")
    with page.page.expect_download() as waiting:
        page.page.get_by_role("link", name="Download").click()
    with Image.open(waiting.value.path()) as downloaded:
        assert downloaded.size == (96, 96)


def test_a_run_is_paused_and_stopped(page: Seen, studio: Running, photos: dict[str, Path]) -> None:
    page.add(photos["small"])
    page.page.set_input_files("[data-test=style-file]", str(photos["coffee"]))
    page.whole(96, 96)
    page.page.click("#pane-refine")
    page.page.locator(".pane summary").click()
    page.page.fill("#refine-steps", "20000")
    page.page.keyboard.press("Tab")
    page.page.get_by_role("button", name="Refine", exact=True).click()
    page.page.locator(".shot").first.wait_for(timeout=120_000)
    page.page.get_by_role("button", name="Pause").click()
    page.page.get_by_role("button", name="Go on").click()
    page.page.get_by_role("button", name="Stop, keep the picture so far").click()
    page.page.get_by_role("button", name="Open the result").wait_for()
    last = studio.http.get("/v1/jobs?limit=1").json()["jobs"][0]
    ended = wait_for(studio.http, last["id"])
    assert ended["state"] in ("cancelled", "done")
    assert ended["result"]["width"] == 96


def test_large_results_are_seen_in_tiles(page: Seen, photos: dict[str, Path]) -> None:
    page.add(photos["wide"])
    page.style("ink")
    page.page.click("#pane-export")
    page.page.get_by_role("button", name="Keep in history").click()
    page.page.get_by_role("status").get_by_role("button", name="History").click()
    card = page.page.locator("[data-state=done]").filter(has_text="Ink")
    card.wait_for()
    with page.page.expect_response(re.compile(r"/tiles_files/\d+/\d+_\d+\.jpg")) as tile:
        card.get_by_role("button", name="Show").click()
    assert tile.value.ok
    page.page.locator("[data-test=tiles] canvas").first.wait_for()
    page.picture("tiles")
