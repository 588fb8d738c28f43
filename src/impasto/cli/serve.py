"""`impasto serve` and `impasto studio`: the HTTP interface and its page."""

from __future__ import annotations

import webbrowser
from importlib.util import find_spec
from threading import Thread
from typing import Any

import click

from impasto.cli.flags import GroupedCommand, flags_of, given
from impasto.errors import MissingExtraError
from impasto.studio.settings import Settings


@click.command(cls=GroupedCommand)
@flags_of(Settings)
def serve(**rest: Any) -> None:
    """Serve pictures, films and trainings over HTTP, with a page, until Ctrl-C."""
    _serve(rest, opened=False)


@click.command(cls=GroupedCommand)
@click.option("--browser/--no-browser", default=True, help="Open the page [default yes].")
@flags_of(Settings)
def studio(browser: bool, **rest: Any) -> None:
    """Open a page for painting in the browser; all of it stays on this machine."""
    _serve(rest, opened=browser)


def _serve(rest: dict[str, Any], *, opened: bool) -> None:
    settings = Settings(**given(rest))
    for package in ("fastapi", "uvicorn", "python_multipart", "prometheus_client"):
        if find_spec(package) is None:
            raise MissingExtraError("The server", "studio")
    from impasto.studio.serving import serve as listen

    def told(url: str) -> None:
        click.echo(f"Impasto is at {url}  (data in {settings.folder}; Ctrl-C ends it)")
        if opened:
            Thread(target=webbrowser.open, args=(url,), daemon=True).start()

    listen(settings, told)
