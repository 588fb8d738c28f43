"""`impasto train`: networks of your own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from impasto.cli.flags import GroupedCommand, flags_of, given
from impasto.errors import MissingExtraError, OptionError
from impasto.methods.realtime.network_file import SUFFIX
from impasto.options import declarations
from impasto.train.settings import KINDS, BackboneTraining, GanTraining, RealtimeTraining

try:
    from impasto.train.backbone import train_backbone
    from impasto.train.realtime import train_realtime
    from impasto.train.run import Run
    from impasto.train.style_run import train_style
except ModuleNotFoundError as missing:
    if missing.name not in ("torch", "tensorboard"):
        raise
    raise MissingExtraError("Training", "train") from missing

_PATH = click.Path(path_type=Path)


@click.group()
def train() -> None:
    """Train networks of your own."""


@train.command(cls=GroupedCommand)
@click.option("--photos", type=_PATH, required=True, help="Folder or tar file of photos.")
@click.option("--paintings", type=_PATH, required=True, help="Folder or tar file of paintings.")
@click.option("-o", "--out", type=_PATH, default=Path("runs/compact"), help="Folder of the run.")
@click.option("--resume", is_flag=True, help="Go on from the folder's checkpoint.")
@click.option("--device", default="auto", help="Where to compute: auto, cpu, cuda.")
@click.option("--every", type=click.IntRange(1), default=50, help="Steps between checkpoints.")
@flags_of(BackboneTraining)
def backbone(photos: Path, paintings: Path, out: Path, **rest: Any) -> None:
    """Train `compact`, the perceptual network: a small student of VGG-19."""
    run = {name: rest.pop(name) for name in ("resume", "device", "every")}
    _check_folder(out, run["resume"])
    config = BackboneTraining(**given(rest))
    weights = train_backbone(
        photos,
        paintings,
        out,
        config,
        device=run["device"],
        every=run["every"],
        report=_report,
        note=_note,
    )
    click.echo(weights)


@train.command(cls=GroupedCommand)
@click.option("--photos", type=_PATH, required=True, help="Folder or tar file of photos.")
@click.option("--paintings", type=_PATH, required=True, help="Folder or tar file of paintings.")
@click.option("-o", "--out", type=_PATH, default=Path("runs/realtime"), help="Folder of the run.")
@click.option("--resume", is_flag=True, help="Go on from the folder's checkpoint.")
@click.option("--init", type=_PATH, help="Weights to start from, e.g. those of an earlier run.")
@click.option("--judge", default="compact", help="Perceptual network of the losses.")
@click.option("--device", default="auto", help="Where to compute: auto, cpu, cuda.")
@click.option("--every", type=click.IntRange(1), default=250, help="Steps between checkpoints.")
@flags_of(RealtimeTraining)
def realtime(photos: Path, paintings: Path, out: Path, **rest: Any) -> None:
    """Train the real-time network: any style in one pass."""
    run = {name: rest.pop(name) for name in ("resume", "init", "judge", "device", "every")}
    _check_folder(out, run.pop("resume"))
    config = RealtimeTraining(**given(rest))
    click.echo(train_realtime(photos, paintings, out, config, **run, report=_report, note=_note))


@train.command(cls=GroupedCommand)
@click.argument("styles", type=_PATH, nargs=-1, required=True)
@click.option("--kind", type=click.Choice(list(KINDS)), default="unet", help="What is trained.")
@click.option("--content", "contents", type=_PATH, help="Folder or tar file of photos.")
@click.option("-o", "--out", type=_PATH, required=True, help="Name of the network and its run.")
@click.option("--resume", is_flag=True, help="Go on from the run's checkpoint.")
@click.option("--init", type=_PATH, help="Network file to begin from, or none.")
@click.option("--add", type=_PATH, help="Network file that gets these styles too; quick.")
@click.option("--judge", default="compact", help="Perceptual network of the losses.")
@click.option("--device", default="auto", help="Where to compute: auto, cpu, cuda.")
@click.option("--budget", help="Time that it may take, as 10m or 2h; decides the steps.")
@click.option("--every", type=click.IntRange(1), default=100, help="Steps between checkpoints.")
@flags_of(GanTraining)
@flags_of(RealtimeTraining, skip=tuple(declarations(GanTraining)))
def style(styles: tuple[Path, ...], kind: str, out: Path, resume: bool, **rest: Any) -> None:
    """Train a network of your own on STYLES.

    These are pictures; for the kinds gan and arbitrary a folder or tar file of them.
    """
    parts = {
        name: rest.pop(name) for name in ("contents", "init", "add", "judge", "device", "every")
    }
    budget = seconds(rest.pop("budget"))
    out = out.with_suffix("") if out.suffix == SUFFIX else out
    _check_folder(out, resume)
    settings = given(rest)
    for name in settings:
        if name not in declarations(KINDS[kind]):
            raise OptionError(f"option {name!r} is that of another kind than {kind}")
    run = Run(out, **parts, budget=budget, report=_report, note=_note)
    click.echo(train_style(styles, run, KINDS[kind](**settings), kind))


def seconds(text: str | None) -> float | None:
    """Read "90", "90s", "10m" or "2h".

    >>> seconds("1.5m")
    90.0

    Raises:
        OptionError: it is no time.
    """
    if text is None:
        return None
    units = {"s": 1, "m": 60, "h": 3600}
    unit = units.get(text[-1:], 1)
    try:
        value = float(text.rstrip("smh")) * unit
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise OptionError(f"budget {text!r}: expected a time, as 90s, 10m or 2h")
    return value


def _check_folder(out: Path, resume: bool) -> None:
    if (out / "checkpoint.pt").exists() and not resume:
        raise OptionError(f"{out} holds a run: add --resume to go on, or choose another folder")


def _note(line: str) -> None:
    click.echo(f"impasto: note: {line}", err=True)


def _report(row: dict[str, float]) -> None:
    click.echo("  ".join(f"{name} {value:.4g}" for name, value in row.items()), err=True)
