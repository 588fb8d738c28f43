"""`impasto regions`: split pictures into parts that match."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from impasto.images import load, save_picture
from impasto.names import unused

if TYPE_CHECKING:
    from impasto.regions.borders import Image

_PATH = click.Path(path_type=Path)


@click.command()
@click.argument("content", type=_PATH)
@click.argument("style", type=_PATH, required=False)
@click.option(
    "-n",
    "--count",
    type=click.IntRange(1, 8),
    default=4,
    help="Regions at most, 1 to 8 [default 4].",
)
@click.option("--seed", type=click.IntRange(0), default=0, help="Where the search begins.")
@click.option(
    "-o", "--out", type=_PATH, default=Path(), help="Folder for the pictures [default this one]."
)
@click.option("--force", is_flag=True, help="Overwrite files that exist.")
def regions(
    content: Path, style: Path | None, count: int, seed: int, out: Path, force: bool
) -> None:
    """Split CONTENT and STYLE into regions that match, or CONTENT alone.

    Writes one picture of labels for each, in which a colour is a region, and preview.png to look
    at. Paint over the labels to change them.
    """
    names = ["content-labels.png", *(["style-labels.png"] if style else []), "preview.png"]
    targets = [unused(out / name, force=force) for name in names]
    made = _pair(content, style, count, seed) if style else _single(content, count, seed)
    out.mkdir(parents=True, exist_ok=True)
    for target, picture in zip(targets, made, strict=True):
        save_picture(target, picture)
        click.echo(f"{target}  {picture.shape[1]}x{picture.shape[0]}")
    if style:
        masks = ":".join(str(target) for target in targets[:2])
        click.echo(f"use them: impasto stylize {content} --style {style} --mask {masks}")
    else:
        click.echo("for a style, paint labels in the same colours over a copy of it")


def _pair(content: Path, style: Path, count: int, seed: int) -> list[Image]:
    from impasto.regions import find_regions, preview  # late, as it is the command's work

    pictures = load(content), load(style)
    found = find_regions(*pictures, count, seed)
    return [*found.label_pictures(), preview(*pictures, found)]


def _single(content: Path, count: int, seed: int) -> list[Image]:
    from impasto.regions import label_picture, preview_one, split_picture

    picture = load(content)
    labels = split_picture(picture, count, seed)
    return [label_picture(labels), preview_one(picture, labels)]
