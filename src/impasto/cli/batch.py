"""`impasto stylize` of many pictures: what is painted, skipped and failed."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

import click

from impasto.batch import Batch, Outcome, Pair
from impasto.cli.watch import clock
from impasto.workspace import Workspace


def run_batch(batch: Batch, pairs: Sequence[Pair], *, quiet: bool) -> None:
    """Paint all pairs, print each result, and a summary; exit 1 when one has failed."""
    summary = Summary(len(pairs), quiet=quiet)
    outcomes = batch.run(pairs)
    try:
        for outcome in outcomes:
            summary.tell(outcome)
    except KeyboardInterrupt:
        outcomes.close()  # type: ignore[attr-defined]
        summary.end(f"stopped; {_what_goes_on(batch, pairs)}")
        raise
    summary.end()
    if summary.failed:
        sys.exit(1)


def _what_goes_on(batch: Batch, pairs: Sequence[Pair]) -> str:
    """Say what the same command does after the user has stopped it."""
    if batch.force:
        said = "the same command paints all anew"
    elif batch.skip_existing:
        said = "the same command does the rest"
    else:
        said = "the same command with --skip-existing does the rest"
    todo = [pair.out for pair in pairs if batch.force or not os.path.exists(pair.out)]
    left = [str(work.folder) for work in map(Workspace.of, todo) if work.folder.is_dir()]
    if not left:
        return said
    return (
        f"{said}, and goes on where large pictures were stopped; until then their work lies in"
        f" {', '.join(left)}, which may be deleted"
    )


class Summary:
    """Count what became of pairs; results go to standard output, all else to the error output."""

    def __init__(self, total: int, *, quiet: bool, stream: TextIO | None = None) -> None:
        self.total, self.quiet = total, quiet
        self.stream = sys.stderr if stream is None else stream
        self.live = self.stream.isatty() and not quiet
        self.started = time.monotonic()
        self.painted = self.skipped = self.failed = 0
        self.pixels = 0

    def tell(self, outcome: Outcome) -> None:
        """Print a result or why there is none, and on a terminal how far it is."""
        self._clear()
        if outcome.error is not None:
            self.failed += 1
            text, name = " ".join(str(outcome.error).split()), str(outcome.pair.content)
            click.echo(f"impasto: {text if text.startswith(name) else f'{name}: {text}'}", err=True)
        elif outcome.shape is None:
            self.skipped += 1
        else:
            self.painted += 1
            height, width = outcome.shape
            self.pixels += height * width
            if not self.quiet:
                click.echo(f"{outcome.pair.out}  {width}x{height}  {outcome.seconds:.2f} s")
        if self.live:
            done = self.painted + self.skipped + self.failed
            left = (time.monotonic() - self.started) * (self.total - done) / done
            full = round(20 * done / self.total)
            bar = f"[{'#' * full}{'.' * (20 - full)}]"
            self.stream.write(f"{bar} {done}/{self.total}  {clock(left)} left")
            self.stream.flush()

    def end(self, note: str = "") -> None:
        """Print the counts, and the speed."""
        self._clear()
        took = time.monotonic() - self.started
        counts = [f"{self.painted} painted"]
        counts += [f"{self.skipped} skipped"] if self.skipped else []
        counts += [f"{self.failed} failed"] if self.failed else []
        speed = ""
        if self.painted:
            speed = f"{self.painted / took:.2f} pictures/s, {self.pixels / took / 1e6:.1f} Mpx/s"
        parts = [", ".join(counts), f"in {clock(took)}", speed, note]
        click.echo("impasto: " + "; ".join(part for part in parts if part), err=True)

    def _clear(self) -> None:
        if self.live:
            self.stream.write("\r\x1b[K")
            self.stream.flush()


def is_batch(contents: Sequence[Path], out: str | None, pairs: Path | None) -> bool:
    """Return whether a call paints many pictures, or into a folder."""
    # not by pathlib, for which a name that is too long is an error
    folder = out is not None and (out.endswith(("/", os.sep)) or os.path.isdir(out))
    return pairs is not None or len(contents) > 1 or folder
