"""`impasto train`: networks of your own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from impasto.cli.flags import GroupedCommand, flags_of, given, in_words
from impasto.errors import MissingExtraError, OptionError
from impasto.methods.realtime.network_file import SUFFIX
from impasto.names import unused
from impasto.options import declarations
from impasto.train.settings import KINDS, BackboneTraining, GanTraining, RealtimeTraining

try:
    from impasto.train import processes
    from impasto.train.backbone import train_backbone
    from impasto.train.realtime import train_realtime
    from impasto.train.run import Run, begun
    from impasto.train.style_run import train_style
except ModuleNotFoundError as missing:
    if missing.name not in ("torch", "tensorboard"):
        raise
    raise MissingExtraError("Training", "train") from missing

_PATH = click.Path(path_type=Path)


def _defaults() -> dict[str, str]:
    """Return in words what settings of styles are by default, and in which kinds they count."""
    found: dict[str, dict[Any, list[str]]] = {}
    for kind, known in KINDS.items():
        for name, field in known.options.items():
            found.setdefault(name, {}).setdefault(field.default, []).append(kind)
    every = list(KINDS)
    told = {}
    for name, values in found.items():
        each = (
            in_words(value) if kinds == every else f"{in_words(value)} for {', '.join(kinds)}"
            for value, kinds in values.items()
        )
        told[name] = f"default {'; '.join(each)}"
    return told


_DEFAULTS = _defaults()
_SHOWN = (*declarations(GanTraining), *KINDS["arbitrary"].without)


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
    config = BackboneTraining(**_continued(out, run["resume"], given(rest)))
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
    config = RealtimeTraining(**_continued(out, run.pop("resume"), given(rest)))
    path = train_realtime(photos, paintings, out, config, **run, report=_report, note=_note)
    if processes.rank() == 0:
        click.echo(path)


@train.command(cls=GroupedCommand)
@click.argument("styles", type=_PATH, nargs=-1, required=True)
@click.option(
    "--kind",
    type=click.Choice(list(KINDS)),
    help="What is trained [default unet, or that of --add].",
)
@click.option("--content", "contents", type=_PATH, help="Folder or tar file of photos.")
@click.option("-o", "--out", type=_PATH, required=True, help="Name of the network and its run.")
@click.option("--resume", is_flag=True, help="Go on from the run's checkpoint.")
@click.option("--init", type=_PATH, help="Network file to begin from, or none.")
@click.option("--add", type=_PATH, help="Network file that gets these styles too; quick.")
@click.option("--judge", default="compact", help="Perceptual network of the losses.")
@click.option("--device", default="auto", help="Where to compute: auto, cpu, cuda.")
@click.option("--budget", help="Time that it may take, as 10m or 2h; decides the steps, once.")
@click.option("--every", type=click.IntRange(1), default=100, help="Steps between checkpoints.")
@click.option("--force", is_flag=True, help="Overwrite a network of this name.")
@flags_of(GanTraining, defaults=_DEFAULTS)
@flags_of(RealtimeTraining, skip=_SHOWN, defaults=_DEFAULTS)
def style(styles: tuple[Path, ...], kind: str | None, out: Path, **rest: Any) -> None:
    """Train a network of your own on STYLES.

    These are pictures; for the kinds gan and arbitrary a folder or tar file of them.
    """
    parts = {
        name: rest.pop(name) for name in ("contents", "init", "add", "judge", "device", "every")
    }
    budget, resume, force = (rest.pop(name) for name in ("budget", "resume", "force"))
    out = out.with_suffix("") if out.suffix == SUFFIX else out
    _check_target(out, force=force or resume)
    settings = _continued(out, resume, given(rest))
    if budget is not None and rest["steps"] is not None:
        raise OptionError("--steps and --budget: give one of them")
    made = KINDS[kind or "unet"]
    for name in settings:
        if name not in made.options:
            flag = "--" + name.replace("_", "-")
            raise OptionError(f"{flag} changes nothing in kind {kind or 'unet'}: leave it out")
    run = Run(out, **parts, budget=seconds(budget), report=_report, note=_note)
    path = train_style(styles, run, made.settings(**settings), kind)
    if processes.rank() == 0:
        click.echo(path)


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


def _continued(out: Path, resume: bool, settings: dict[str, Any]) -> dict[str, Any]:
    """Return the settings; a run that goes on has the steps that it had.

    Raises:
        OptionError: the folder has a run that is not to go on, or none that could.
    """
    known = begun(out)
    if known is not None and not resume:
        raise OptionError(f"{out} holds a run: add --resume to go on, or choose another folder")
    if known is None and resume:
        raise OptionError(f"{out} holds no run to go on with: leave --resume out")
    return settings if known is None or known.steps is None else {"steps": known.steps} | settings


def _check_target(out: Path, *, force: bool) -> None:
    """Check that a network of this name can be written.

    Raises:
        OptionError: it cannot.
        ImageError: it exists and may not be overwritten.
    """
    if out.name in ("", ".."):
        raise OptionError(f"{out}: expected a name for the network, as -o mystyle")
    network = out.with_name(out.name + SUFFIX)
    if out.is_file() or network.is_dir():
        raise OptionError(f"{out if out.is_file() else network} is in the way: choose another name")
    unused(network, force=force)


def _note(line: str) -> None:
    click.echo(f"impasto: note: {line}", err=True)


def _report(row: dict[str, float]) -> None:
    click.echo("  ".join(f"{name} {value:.4g}" for name, value in row.items()), err=True)
