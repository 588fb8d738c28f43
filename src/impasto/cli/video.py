"""`impasto video`: a film, a style, a film."""

from __future__ import annotations

import math
import sys
import time
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import click

from impasto.cli.flags import GroupedCommand, flags_of, given
from impasto.cli.interrupt import raise_if_lost
from impasto.cli.looks import (
    EPILOG,
    blend_weights,
    guide_flags,
    method_flags,
    style_flags,
    tell_shares,
)
from impasto.cli.watch import clock
from impasto.errors import OptionError
from impasto.film.options import TemporalOptions
from impasto.names import short, target
from impasto.provenance.options import ProvenanceOptions
from impasto.video.options import FilmOptions
from impasto.video.write import is_folder

_PATH = click.Path(path_type=Path)


class _Time(click.ParamType):  # type: ignore[type-arg]
    """Read seconds, as 90.5 or 1:30.5."""

    name = "time"

    def convert(self, value: Any, param: Any, ctx: Any) -> Fraction:
        """Return seconds."""
        from impasto.film.keyframes import seconds

        return value if isinstance(value, Fraction) else seconds(value)


@click.command(cls=GroupedCommand, epilog=EPILOG)
@click.argument("clip", type=click.Path(path_type=str))
@style_flags("blended")
@click.option("--keyframes", type=_PATH, help="TOML file of styles and strengths over time.")
@guide_flags(found=False)
@click.option(
    "-o",
    "--out",
    help="Result: .mp4, .mov, .mkv, .webm, .gif, .webp; a folder, or a pattern as out/%06d.png; -"
    " for raw frames (y4m) on standard output (default: a new name in this folder).",
)
@click.option("--force", is_flag=True, help="Overwrite a film that exists.")
@click.option("--resume", is_flag=True, help="Go on where the same command was stopped.")
@click.option("--from", "start", type=_Time(), help="First moment, as 90.5 or 1:30.5.")
@click.option("--to", "end", type=_Time(), help="Moment to stop before.")
@click.option("--fps", type=float, help="Frames a second; without it, the film's own.")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
@flags_of(ProvenanceOptions)
@flags_of(TemporalOptions)
@flags_of(FilmOptions)
@method_flags
def video(clip: str, styles: tuple[str, ...], **rest: Any) -> None:
    """Paint a film (CLIP) in the style of pictures; sound and all else stay as they are.

    CLIP is a file, a folder of numbered pictures, or - for raw frames (y4m) on standard input.
    """
    # late, as --help needs none of it
    from impasto.film import Part, open_film
    from impasto.masks import Guides
    from impasto.provenance import CARRIES

    own = {name: rest.pop(name) for name in _OWN}
    if not styles and own["keyframes"] is None:
        raise click.UsageError("--style is missing: name a style, or --keyframes")
    out = _target(own["out"], clip, styles, force=own["force"])
    blend = blend_weights(own["blend"])
    guides = Guides.load(own["masks"], own["strength_map"], own["feather"])
    film = open_film(clip, list(styles), out, blend, own["keyframes"], guides, given(rest))
    part = Part(own["start"], own["end"], None if own["fps"] is None else _rate(own["fps"]))
    tell_shares(blend, film.setup.blend)
    progress, started = _Frames(quiet=own["quiet"]), time.monotonic()
    try:
        path = replace(film, part=part, resume=own["resume"]).run(progress)
    finally:
        progress.close()
    if path is not None:
        seconds = time.monotonic() - started
        click.echo(f"{path}  {progress.said()}  {seconds:.1f} s", err=out == "-")
        if film.provenance.signs and path.suffix.lower() not in CARRIES:
            why = "such files carry no manifest; .mp4 and .mov do"
            click.echo(f"impasto: note: {path} is not signed: {why}", err=True)


_OWN = (
    "blend", "keyframes", "masks", "feather", "strength_map", "out", "force", "resume", "start",
    "end", "fps", "quiet",
)  # fmt: skip


def _rate(fps: float) -> Fraction:
    from impasto.video.read import exact_rate

    if not math.isfinite(fps):
        raise OptionError(f"fps is {fps:g}: expected more than 0, at most 1000")
    found = exact_rate(fps)
    assert found is not None
    return found


def _target(out: str | None, clip: str, styles: tuple[str, ...], *, force: bool) -> Any:
    if out == "-":
        return sys.stdout.buffer
    if out is not None:
        if is_folder(out):
            return out
        return target(Path(out), "", force=force)
    if clip == "-":
        raise OptionError("standard input has no name: name the result with -o")
    stem = f"{short(Path(clip).stem)}-{short(Path(styles[0]).stem) if styles else 'keyframes'}"
    suffix = Path(clip).suffix.lower()
    kept = suffix if suffix in (".mp4", ".mov", ".mkv", ".webm", ".m4v") else ".mp4"
    return target(None, stem + kept, force=force)


class _Frames:
    """Show frames, frames a second and time left: a live line on a terminal, plain lines else."""

    def __init__(self, *, quiet: bool) -> None:
        self.quiet, self.live = quiet, sys.stderr.isatty()
        self.last: Any = None
        self.shown = -1.0
        self.open = False

    def __call__(self, painted: Any) -> None:
        """Show a frame, if it is time to."""
        raise_if_lost()
        self.last = painted
        due = 0.1 if self.live else 10.0
        if self.quiet or painted.seconds - self.shown < due:
            return
        self.shown = painted.seconds
        line = f"frame {painted.number}"
        if painted.total is not None:
            line += f"/{max(painted.total, painted.number)}"
        line += f"  {painted.rate:.1f} frames/s"
        if painted.left is not None:
            line += f"  {clock(painted.left)} left"
        click.echo(f"\r\x1b[K{line}" if self.live else line, err=True, nl=not self.live)
        self.open = self.live

    def close(self) -> None:
        """End the live line."""
        if self.open:
            click.echo("", err=True)
            self.open = False

    def said(self) -> str:
        """Return how many frames of which size were painted."""
        if self.last is None:
            return "nothing was left to paint"
        height, width = self.last.image.shape[:2]
        count = self.last.number - self.last.begun
        return f"{count} frames of {width}x{height}  {self.last.rate:.1f} frames/s"
