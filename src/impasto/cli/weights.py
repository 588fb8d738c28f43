"""`impasto weights`: which networks are there, and how to get the others."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from impasto.weights import fetch_weights, import_weights, list_weights


@click.group()
def weights() -> None:
    """List, import and fetch network weights."""


@weights.command("list")
def list_() -> None:
    """List the networks, where each was found, and under which licence."""
    for status in list_weights():
        place = str(status.path) if status.path else "not here"
        click.echo(f"{status.name:<14}{place}")
        click.echo(f"{'':<14}{status.description}; {status.license}")


@weights.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--name", help="Which network it is; found out by itself where possible.")
@click.option(
    "--preprocessing",
    type=click.Choice(["caffe", "torchvision"]),
    help="What the network expects, where the file does not tell.",
)
def import_(file: Path, name: str | None, preprocessing: str | None) -> None:
    """Convert FILE (.pth, .h5, .safetensors) and keep it for use; pickled code never runs."""
    click.echo(import_weights(file, name, preprocessing=preprocessing))


@weights.command()
@click.argument("name")
@click.option(
    "--source",
    type=click.Choice(["caffe", "torchvision"]),
    default="caffe",
    help="The original weights, or torchvision's.",
)
def fetch(name: str, source: str) -> None:
    """Download the weights of NAME, resuming where a download broke off, and check them."""
    click.echo(fetch_weights(name, source=source, progress=_progress))


def _progress(done: int, total: int | None) -> None:
    if sys.stderr.isatty():
        share = f"{100 * done / total:.0f} %" if total else ""
        click.echo(f"\r{done / 2**20:.1f} MB {share}", err=True, nl=False)
