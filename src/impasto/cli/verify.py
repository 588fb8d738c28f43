"""`impasto verify`: whether files are as they were signed, and what made them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from impasto.provenance import Verdict

# exit statuses; 1 and 2 are errors and wrong usage, as everywhere
_STATUS = {"trusted": 0, "valid": 0, "tampered": 3, "none": 4}
_MEANING = {
    "trusted": "as it was signed, by a key that is trusted here",
    "valid": "as it was signed, by a key that is not known here",
    "tampered": "changed since it was signed",
    "none": "not signed",
}
_KINDS = {
    "algorithmicallyEnhanced": "altered by an algorithm",
    "compositeWithTrainedAlgorithmicMedia": "edited using generative AI",
}
_PATH = click.Path(path_type=Path)


@click.command()
@click.argument("files", type=_PATH, nargs=-1, required=True)
@click.option("--trust", type=_PATH, multiple=True, help="PEM file of certificates to trust.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs: a line each.")
def verify(files: tuple[Path, ...], trust: tuple[Path, ...], as_json: bool) -> None:
    """Tell whether FILES are as they were signed, by whom, and what made them.

    Exits with 0 if all are trusted or valid, with 3 if one is tampered with, else with 4 if one is
    not signed.
    """
    from impasto.provenance import verify as look

    states = []
    for path in files:
        verdict = look(path, trust=trust)
        states.append(verdict.state)
        if as_json:
            told = {"file": str(path)} | verdict.as_dict()
            click.echo(json.dumps(told, ensure_ascii=False))
        else:
            _tell(path, verdict)
    found = [status for status in (3, 4) if status in {_STATUS[state] for state in states}]
    sys.exit(found[0] if found else 0)


def _tell(path: Path, verdict: Verdict) -> None:
    click.echo(f"{path}: {verdict.state} ({_MEANING[verdict.state]})")
    if verdict.signer:
        by = f", certified by {verdict.issuer}" if verdict.issuer else ""
        click.echo(f"  signed by {verdict.signer}{by}")
    if verdict.source_type:
        term = verdict.source_type.rsplit("/", 1)[-1]
        click.echo(f"  {_KINDS.get(term, 'digital source type')} ({term})")
    if verdict.program:
        click.echo(f"  made with {verdict.program}: {', '.join(verdict.actions)}")
    for source in verdict.sources:
        digest = f", SHA-256 {source.sha256}" if source.sha256 else ""
        own = "" if source.state == "none" else f", itself signed ({source.state})"
        click.echo(f"  of {source.role} {source.name}{digest}{own}")
    if verdict.recipe and verdict.holds:
        click.echo(f"  method {verdict.recipe.get('method')}; --json has the whole recipe")
    for note in verdict.notes:
        click.echo(f"  note: {note}")
