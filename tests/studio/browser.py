"""A real browser on a real server's page."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

PICTURES = Path(__file__).parents[2] / "runs" / "page"  # git ignores it
AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
STATUS = "[role=status].status .digits"


def chromium() -> Any:
    """Start Chromium, or skip the test where there is none."""
    sync = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if found is None:
        pytest.skip("there is no chromium")
    playwright = sync.sync_playwright().start()
    flags = ["--no-sandbox", "--disable-gpu"]
    return playwright, playwright.chromium.launch(executable_path=found, args=flags)


@dataclass
class Seen:
    """A page, and what it said and asked."""

    page: Any
    said: list[str] = field(default_factory=list)
    asked: list[Any] = field(default_factory=list)

    def add(self, *photos: Path) -> None:
        """Choose photos, and wait until they are uploaded."""
        self.page.set_input_files("[data-test=photo-file]", list(map(str, photos)))
        self.page.locator(".photos .pick img").nth(len(photos) - 1).wait_for()

    def style(self, name: str, *, beside: bool = False) -> None:
        """Choose a style, or add it to those chosen."""
        which = f'[data-style="name:{name}"]'
        self.page.click(which, modifiers=["Shift"] if beside else [])

    def whole(self, width: int, height: int) -> None:
        """Wait until the result is there at the whole size."""
        self.page.locator(STATUS).filter(has_text=f"{width} × {height} · ").filter(
            has_not_text="preview"
        ).wait_for()

    def paintings(self) -> list[str]:
        """Return what was asked to be painted at once, as the requests say it."""
        return [
            request.post_data or "" for request in self.asked if request.url.endswith("/v1/stylize")
        ]

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds; a page cannot be asked to look, as its policy forbids it."""
        end = time.monotonic() + 60
        while not holds():
            assert time.monotonic() < end, "it never came to hold"
            self.page.wait_for_timeout(50)

    def box(self, selector: str) -> tuple[float, float, float, float]:
        """Return where something is: left, top, width, height."""
        found = self.page.locator(selector).first.bounding_box()
        return found["x"], found["y"], found["width"], found["height"]

    def drag(self, *places: tuple[float, float]) -> None:
        """Press, move through places, and let go."""
        self.page.mouse.move(*places[0])
        self.page.mouse.down()
        for place in places[1:]:
            self.page.mouse.move(*place, steps=4)
        self.page.mouse.up()

    def picture(self, name: str) -> None:
        """Keep a picture of the page, for people to look at, where they asked for it."""
        if os.environ.get("IMPASTO_PAGE_PICTURES"):
            PICTURES.mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=PICTURES / f"{name}.png")

    def serious(self) -> list[str]:
        """Return what axe finds that hinders people; nothing where axe is not installed."""
        if not AXE.is_file():
            return []
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{v['id']} at {v['nodes'][0]['target']}"
            for v in found["violations"]
            if v["impact"] in ("serious", "critical")
        ]


@contextmanager
def opened(browser: Any, url: str, **context: Any) -> Iterator[Seen]:
    """Open the page in a profile of its own."""
    asked = {
        "viewport": {"width": 1280, "height": 800},
        "locale": "en-GB",
        "reduced_motion": "reduce",
    } | context
    profile = browser.new_context(**asked)
    profile.set_default_timeout(60_000)
    seen = Seen(profile.new_page())
    seen.page.on("console", lambda m: m.type == "error" and seen.said.append(m.text))
    seen.page.on("pageerror", lambda error: seen.said.append(str(error)))
    seen.page.on("request", lambda request: seen.asked.append(request))
    try:
        seen.page.goto(url)
        seen.page.locator("[data-style]").first.wait_for(state="attached")
        yield seen
    finally:
        profile.close()
