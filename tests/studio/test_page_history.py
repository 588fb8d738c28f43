"""The page in a real browser: what lasts, what fails, who reads it in which language."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.studio.browser import AXE, Seen, opened
from tests.studio.servers import Running, png, running, wait_for

NAMES = {"en-GB": "History", "de-DE": "Verlauf", "zh-CN": "历史"}


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("photos") / "waves.png"
    path.write_bytes(png(96, 96))
    return path


def test_history_is_there_after_a_restart(
    browser: Any, compiled: dict[str, str], tmp_path: Path, photo: Path
) -> None:
    with running(tmp_path / "data", **compiled) as first, opened(browser, first.url) as page:
        page.add(photo)
        for style in ("ink", "mosaic"):
            page.style(style)
            page.whole(96, 96)
            page.page.keyboard.press("Control+Enter")
            page.page.get_by_text("Added to the queue: 1.").last.wait_for()
        for job in first.http.get("/v1/jobs").json()["jobs"]:
            assert wait_for(first.http, job["id"])["state"] == "done"
        first.process.terminate()
        first.process.wait(30)
        page.style("ink")
        page.page.get_by_role("alert").filter(has_text="Is it still running?").wait_for()
        page.page.get_by_role("alert").filter(has_text="Server not reached").wait_for()
        page.picture("gone")
    with running(tmp_path / "data", **compiled) as second, opened(browser, second.url) as page:
        page.page.keyboard.press("2")
        cards = page.page.locator("[data-job]")
        cards.filter(has_text="Mosaic").wait_for()
        assert cards.count() == 2
        compare(page)
        cards.filter(has_text="Ink").get_by_role("button", name="Show").click()
        page.page.get_by_text("impasto stylize waves.png --style ink").wait_for()
        page.page.get_by_role("button", name="Change and run again").click()
        page.whole(96, 96)
        page.page.locator('.left [data-style="name:ink"][aria-pressed=true]').wait_for()
        page.page.keyboard.press("2")
        delete = cards.filter(has_text="Mosaic").get_by_role("button", name="elete")
        delete.click()
        delete.click()  # it asks once more
        cards.filter(has_text="Mosaic").wait_for(state="detached")
        assert len(second.http.get("/v1/jobs").json()["jobs"]) == 1
        assert not page.said


def test_a_file_is_checked(
    browser: Any, compiled: dict[str, str], tmp_path: Path, photo: Path
) -> None:
    with running(tmp_path / "data", **compiled) as server, opened(browser, server.url) as page:
        asked = {"content": ("waves.png", photo.read_bytes())}
        painted = server.http.post(
            "/v1/stylize", files=asked, data={"request": '{"styles": [{"name": "ink"}]}'}
        )
        assert painted.status_code == 200, painted.text
        signed, changed = tmp_path / "signed.png", tmp_path / "changed.png"
        signed.write_bytes(painted.content)
        middle = len(painted.content) // 2
        other = bytes([painted.content[middle] ^ 255])
        changed.write_bytes(painted.content[:middle] + other + painted.content[middle + 1 :])
        page.page.keyboard.press("2")
        page.page.get_by_role("button", name="Check a file").click()
        for path, said in (
            (signed, "by a key that is trusted here"),
            (changed, "Changed since it was signed"),
            (photo, "Not signed"),
        ):
            page.page.locator("[data-test=verify-file]").set_input_files(path)
            page.page.get_by_text(said).wait_for()
            page.page.get_by_role("definition").filter(has_text=path.name).first.wait_for()
            page.picture(f"verify-{path.stem}")
            assert not page.serious()
        assert not page.said


def compare(page: Seen) -> None:
    for box in page.page.get_by_role("checkbox", name="Compare").all():
        box.check()
    page.picture("history")
    page.page.get_by_role("button", name="Compare two").click()
    page.page.get_by_role("cell", name="Ink").wait_for()
    page.page.get_by_role("slider", name="Divider").wait_for()
    page.picture("compared")
    page.page.keyboard.press("Escape")


def test_what_fails_is_said(browser: Any, studio: Running, photo: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.png").write_text("this is no picture")
    with opened(browser, studio.url) as page:
        page.page.set_input_files("[data-test=photo-file]", str(tmp_path / "notes.png"))
        alert = page.page.get_by_role("alert").filter(has_text="notes.png could not be used")
        alert.wait_for()
        page.picture("failed")
        assert len(alert.locator(".detail").inner_text()) > 10  # the server's own line
        page.page.get_by_role("heading", name="Begin with a photo").wait_for()
        page.add(photo)
        page.style("ink")
        page.whole(96, 96)
        page.page.locator(".segments input[value=photoreal]").check()  # which needs a picture
        page.page.get_by_role("alert").filter(has_text="needs the picture").wait_for()
        page.page.get_by_role("tab", name="Refine").click()
        page.page.get_by_role("note").filter(has_text="only a code is known: Ink").wait_for()
        assert page.page.get_by_role("button", name="Refine", exact=True).is_disabled()


def test_two_pages_see_the_same_jobs(browser: Any, studio: Running, photo: Path) -> None:
    with opened(browser, studio.url) as one, opened(browser, f"{studio.url}/#history") as two:
        one.add(photo)
        one.style("woodcut")
        one.whole(96, 96)
        one.page.keyboard.press("Control+Enter")
        two.page.locator("[data-state=done]").filter(has_text="Woodcut").wait_for()
        assert not one.said
        assert not two.said


@pytest.mark.parametrize(
    ("locale", "width", "scheme"),
    [("en-GB", 1280, "dark"), ("de-DE", 360, "light"), ("zh-CN", 360, "dark")],
)
def test_anyone_can_read_it(
    browser: Any, studio: Running, photo: Path, locale: str, width: int, scheme: str
) -> None:
    small = {"has_touch": True, "device_scale_factor": 2} if width < 500 else {}
    size = {"width": width, "height": 800 if width > 500 else 740}
    look = {"locale": locale, "viewport": size, "color_scheme": scheme}
    with opened(browser, studio.url, **look, **small) as page:
        assert page.page.locator("html").get_attribute("lang") == locale.partition("-")[0].replace(
            "zh", "zh-Hans"
        )
        page.add(photo)
        page.style("ink")
        page.whole(96, 96)
        for pane in page.page.get_by_role("tab").all():
            pane.click()
            page.picture(f"{locale}-{pane.get_attribute('id')}")
            assert width < 500 or not page.serious()
            assert not wider_than_the_window(page)
        page.page.get_by_role("button", name=NAMES[locale], exact=True).click()
        page.page.get_by_role("heading", name=NAMES[locale]).wait_for()
        for tab in "34" if width > 500 else "":  # films and trainings
            page.page.keyboard.press(tab)
            assert not page.serious()
        page.page.keyboard.press("?")
        page.page.get_by_role("dialog").wait_for()
        page.picture(f"{locale}-help")
        assert not page.serious()
        assert not page.said


def wider_than_the_window(page: Seen) -> bool:
    return bool(page.page.evaluate("document.documentElement.scrollWidth > innerWidth"))


def test_axe_is_there_where_the_page_is_built() -> None:
    if not AXE.parents[1].is_dir():
        pytest.skip("web/node_modules is not installed, so axe looked at nothing")
    assert AXE.is_file()


def test_a_film_is_tried_and_painted(browser: Any, studio: Running, tmp_path: Path) -> None:
    pytest.importorskip("av", reason="PyAV, of the extra [video], is not installed")
    clip = tmp_path / "clip.webm"
    film(clip)
    with opened(browser, f"{studio.url}/#film") as page:
        page.page.set_input_files("[data-test=film-file]", str(clip))
        page.page.get_by_text("clip.webm · 96 × 64").wait_for()
        page.page.locator('.film [data-style="name:mosaic"]').click()
        page.page.get_by_role("button", name="Preview four frames").click()
        page.page.get_by_alt_text("Frame at").nth(3).wait_for()
        page.page.get_by_role("button", name="Paint the film").click()
        video = page.page.locator("video[data-test=result]")
        video.wait_for(timeout=120_000)
        page.page.wait_for_timeout(500)
        page.picture("film")
        assert video.evaluate("video => video.videoWidth") == 96
        assert not page.said


def film(path: Path) -> None:
    import av

    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libvpx-vp9", rate=10)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for number in range(8):
            (path.parent / "frame.png").write_bytes(png(64, 96, number))
            with Image.open(path.parent / "frame.png") as frame:
                container.mux(stream.encode(av.VideoFrame.from_image(frame)))
        container.mux(stream.encode())
