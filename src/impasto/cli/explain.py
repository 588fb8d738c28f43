"""`impasto explain`: what moved where, on a page."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from impasto.cli.flags import GroupedCommand, flags_of, given
from impasto.errors import ImageError
from impasto.explanation.inputs import ExplainOptions
from impasto.names import short, target

_PATH = click.Path(path_type=Path)


@click.command(cls=GroupedCommand)
@click.argument("content", type=_PATH)
@click.argument("style", type=_PATH)
@click.argument("result", type=_PATH)
@click.option("-o", "--out", type=_PATH, help="Page of HTML (default: a new name in this folder).")
@click.option("--log", type=_PATH, help="CSV file of losses that impasto stylize --log wrote.")
@click.option("--force", is_flag=True, help="Overwrite the page if it exists.")
@flags_of(ExplainOptions)
def explain(
    content: Path,
    style: Path,
    result: Path,
    out: Path | None,
    log: Path | None,
    force: bool,
    **options: Any,
) -> None:
    """Explain what moved where on the way from CONTENT to RESULT in the STYLE of a picture.

    The page has the losses of every layer, maps of where they come from, which part of the style
    went where, and what became of the colours. It is one file and needs no other.
    """
    page = target(out, f"{short(result.stem)}-explained.html", force=force)
    if not page.resolve().parent.is_dir():
        raise ImageError(f"{page}: its folder does not exist; make it first")
    # late, as --help needs none of it
    from impasto.explanation.run import explain as explained

    try:
        found = explained(content, style, result, log=log, progress=_tell, **given(options))
        found.save(page)
    finally:
        _tell("")
    for line in found.summary():
        click.echo(line)
    click.echo(f"{page}  {page.stat().st_size / 1e6:.1f} MB")


def _tell(text: str) -> None:
    """Show on a terminal what is done; nothing elsewhere."""
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[K{text}", err=True, nl=False)
