"""`impasto inspect` and `impasto again`: recipes of finished pictures."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import click

from impasto.cli.flags import flags_of
from impasto.cli.looks import provenance_of
from impasto.cli.results import saving, tell_result
from impasto.cli.watch import Progress, watching
from impasto.errors import ProvenanceError
from impasto.images import open_large, read_recipe
from impasto.names import short, target
from impasto.output import Output
from impasto.provenance import unsigned_sha256
from impasto.provenance.options import ProvenanceOptions
from impasto.recipe import Recipe, file_sha256
from impasto.remake import Remade
from impasto.stream import FileJob

_PATH = click.Path(path_type=Path)


@click.command()
@click.argument("picture", type=_PATH)
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
def inspect(picture: Path, as_json: bool) -> None:
    """Show how PICTURE was made."""
    recipe = read_recipe(picture)
    if as_json:
        click.echo(json.dumps(recipe, indent=2, ensure_ascii=False))
        return
    for name, value in recipe.items():
        _show(name, value)


@click.command()
@click.argument("picture", type=_PATH)
@click.option("-o", "--out", type=_PATH, help="Result (default: a new name in this folder).")
@click.option("--from", "folders", type=_PATH, multiple=True, help="Folder of the inputs.")
@click.option("--force", is_flag=True, help="Overwrite the result if it exists.")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
@flags_of(ProvenanceOptions)
def again(picture: Path, out: Path | None, folders: tuple[Path, ...], **flags: Any) -> None:
    """Make PICTURE again from its recipe and the same inputs, and say whether bytes differ.

    What is signed is compared without its signature, which is never the same twice.
    """
    provenance = provenance_of(flags)
    remade = Remade.of(picture, folders)
    before, stored = remade.recipe, remade.recipe.output
    out = target(
        out,
        f"{short(picture.stem)}-again{stored.get('suffix', picture.suffix)}",
        force=flags["force"],
    )
    wanted = file_sha256(picture), _unsigned(picture)  # before it may be written over
    started = time.monotonic()
    opened = open_large(remade.content)
    depth, quality = stored.get("depth", 8), stored.get("quality", 92)
    output = Output.of(out, opened, depth, quality, provenance=provenance)
    job = FileJob.open(remade.setup, opened, output, tile=remade.tile)
    with watching([Progress(quiet=flags["quiet"])]) as tell:
        recipe = saving(lambda: job.run(tell, remade.stop_after), output)
    tell_result(out, recipe, job.shape, time.monotonic() - started)
    click.echo(_compared(picture, wanted, output) or _changes(picture, before, recipe))


def _unsigned(picture: Path) -> str | None:
    """Return the hash of a file without its signature, None of one too large to be verified."""
    try:
        return unsigned_sha256(picture)
    except ProvenanceError:
        return None


def _compared(picture: Path, wanted: tuple[str, str | None], output: Output) -> str | None:
    """Say in how far the result is the same file; None if it is not."""
    whole, unsigned = wanted
    if file_sha256(output.path) == whole:
        return "the same bytes"
    if output.provenance.strip_metadata:
        return f"without metadata, the bytes are not compared with {picture}'s"
    if unsigned is None:
        return f"{picture} is too large for the free memory to be compared without its signature"
    return "the same bytes but for the signature" if _unsigned(output.path) == unsigned else None


def _changes(picture: Path, before: Recipe, now: Recipe) -> str:
    """Say that bytes differ, and what else the picture was made with then, which may be why."""
    then = [f"{k} {v}" for k, v in before.made_with.items() if now.made_with.get(k) != v]
    why = f"; made with {', '.join(then)} then" if then else ""
    return f"the bytes differ from {picture}'s{why}"


def _show(name: str, value: Any, indent: str = "") -> None:
    if isinstance(value, dict):
        click.echo(f"{indent}{name}:")
        for key, inner in value.items():
            _show(key, inner, indent + "  ")
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for i, inner in enumerate(value, 1):
            _show(f"{name} {i}", inner, indent)
    elif value not in (None, {}, []):
        click.echo(f"{indent}{name}: {value}")
