"""`impasto stylize`: a photo, a style, a picture."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import click

from impasto.batch import Batch
from impasto.cli.batch import is_batch, run_batch
from impasto.cli.flags import GroupedCommand, flags_of, given
from impasto.cli.looks import (
    EPILOG,
    blend_weights,
    guide_flags,
    method_flags,
    provenance_of,
    style_flags,
    tell_shares,
)
from impasto.cli.results import saving, tell_result
from impasto.cli.watch import LossLog, LossPlot, Progress, Snapshots, Watcher, watching
from impasto.errors import OptionError
from impasto.images import open_large
from impasto.job import Setup
from impasto.masks import Guides
from impasto.methods.optimize.options import OptimizeOptions
from impasto.methods.quality import Options, resolve
from impasto.names import short, target, unused, unused_pyramid
from impasto.output import Output
from impasto.provenance.options import ProvenanceOptions
from impasto.stream import FileJob

_PATH = click.Path(path_type=Path)


class _Stylize(GroupedCommand):
    """Take several styles after one flag, as a shell's patterns give them."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Repeat the flag before each further style."""
        options = [p for p in self.params if isinstance(p, click.Option) and not p.is_flag]
        taking = {name for option in options for name in option.opts}
        return super().parse_args(ctx, repeated(args, ("-s", "--style"), taking))


def repeated(args: list[str], flags: Sequence[str], taking: Collection[str]) -> list[str]:
    """Repeat a flag before each of its values; but names are contents until one has come.

    `taking` are the flags that take a value.

    >>> repeated(["photo", "-s", "a", "b", "-q"], ["-s"], ["-s"])
    ['photo', '-s', 'a', '-s', 'b', '-q']
    >>> repeated(["-s", "a", "photo"], ["-s"], ["-s"])
    ['-s', 'a', 'photo']
    """
    out: list[str] = []
    flag, content = None, False
    rest = iter(args)
    for word in rest:
        if word.startswith("-") and word != "-":
            flag = word if word in flags else None
            out.append(word)
            if word in taking:
                out += [value for value in [next(rest, None)] if value is not None]
        elif flag is not None and content:
            out += [flag, word]
        else:
            flag, content = None, True
            out.append(word)
    return out


@click.command(cls=_Stylize, epilog=EPILOG)
@click.argument("contents", metavar="CONTENT...", type=_PATH, nargs=-1)
@style_flags("blended, or, of several contents or into a folder, painted each")
@guide_flags()
@click.option(
    "-o",
    "--out",
    help="Result; its suffix says the format (default: a new name in this folder). Of several"
    " contents, a folder.",
)
@click.option("--force", is_flag=True, help="Overwrite files that exist.")
@click.option("--skip-existing", is_flag=True, help="Leave out results in a folder that exist.")
@click.option("--pairs", type=_PATH, help="CSV file of contents, styles and, if wanted, results.")
@click.option("--suffix", help="Ending of results in a folder, as .png [default the content's].")
@click.option(
    "--depth",
    type=click.Choice([8, 16]),
    help="Bits per channel; 16 for PNG and TIFF [default the content's, where the format has it].",
)
@click.option(
    "--file-quality",
    type=click.IntRange(1, 100),
    default=92,
    help="Quality of JPEG, WebP, AVIF [default 92].",
)
@click.option("--deepzoom", is_flag=True, help="Also write a DeepZoom pyramid, for viewers.")
@click.option("--snapshots", type=_PATH, help="Folder for pictures along the way.")
@click.option(
    "--every", type=click.IntRange(1), default=25, help="Steps between snapshots [default 25]."
)
@click.option("--log", type=_PATH, help="CSV file of every step's losses.")
@click.option("--loss-plot", type=_PATH, help="Picture of the loss curves.")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
@flags_of(ProvenanceOptions)
@method_flags
def stylize(contents: tuple[Path, ...], styles: tuple[str, ...], **rest: Any) -> None:
    """Paint photos (CONTENT) in the style of other pictures, at once or with patience."""
    files = {name: rest.pop(name) for name in _FILES}
    files["provenance"] = provenance_of(rest)
    options = resolve(given(rest))
    if is_batch(contents, files["out"], files["pairs"]):
        _many(contents, styles, options, files)
        return
    if not contents or not styles:
        missing = "--style" if contents else "CONTENT"
        raise click.UsageError(f"{missing} is missing: name a photo and a style")
    _one(contents[0], styles, options, files)


def _one(content: Path, styles: Sequence[str], options: Options, files: dict[str, Any]) -> None:
    if not isinstance(options, OptimizeOptions):
        _refuse(files, _WATCHERS, "one pass has no steps; use --quality balanced or best")
    _refuse(files, ("skip_existing", "suffix"), "for results in a folder; name one with -o")
    blend = blend_weights(files["blend"])
    name = f"{short(content.stem)}-{short(Path(styles[0]).stem)}.png"
    out = target(files["out"] and Path(files["out"]), name, force=files["force"])
    started = time.monotonic()
    opened = open_large(content)
    rest = {
        "quality": files["file_quality"],
        "deepzoom": files["deepzoom"],
        "provenance": files["provenance"],
    }
    output = Output.of(out, opened, files["depth"], **rest)
    if output.deepzoom:
        unused_pyramid(output.pyramid, force=files["force"])
    guides = Guides.load(
        files["masks"], files["strength_map"], files["feather"], files["faces"], opened.load
    )
    setup = Setup.open(list(styles), blend, options, guides)
    job = FileJob.open(setup, opened, output)
    tell_shares(blend, setup.blend)
    with watching(_watchers(files)) as tell:
        # saves before a plot is drawn, which may fail
        recipe = saving(lambda: job.run(tell), output)
    tell_result(output.path, recipe, job.shape, time.monotonic() - started)


def _many(
    contents: Sequence[Path], styles: Sequence[str], options: Options, files: dict[str, Any]
) -> None:
    _refuse(files, (*_WATCHERS, "masks", "strength_map", "feather"), "for one content at a time")
    if files["faces"] != 1:
        raise OptionError("--faces: for one content at a time")
    batch = Batch(
        options,
        depth=files["depth"],
        quality=files["file_quality"],
        deepzoom=files["deepzoom"],
        suffix=files["suffix"],
        blend=blend_weights(files["blend"]),
        skip_existing=files["skip_existing"],
        force=files["force"],
        provenance=files["provenance"],
    )
    pairs = batch.pairs(contents, styles, files["out"] or Path(), files["pairs"])
    run_batch(batch, pairs, quiet=files["quiet"])


_WATCHERS = ("snapshots", "log", "loss_plot")
_FILES = (
    "blend", "masks", "strength_map", "feather", "faces", "out", "force", "skip_existing", "pairs",
    "suffix", "depth", "file_quality", "deepzoom", "every", "quiet", *_WATCHERS,
)  # fmt: skip


def _refuse(files: dict[str, Any], names: Sequence[str], why: str) -> None:
    """Say what is not for this kind of run.

    Raises:
        OptionError: one of the flags is given.
    """
    for name in names:
        if files[name]:
            flag = "--" + {"masks": "mask"}.get(name, name).replace("_", "-")
            raise OptionError(f"{flag}: {why}")


def _watchers(files: dict[str, Any]) -> list[Watcher]:
    force = files["force"]
    watchers: list[Watcher] = [Progress(quiet=files["quiet"])]
    if files["loss_plot"]:
        watchers.append(LossPlot(unused(files["loss_plot"], force=force)))
    if files["snapshots"]:
        watchers.append(Snapshots(files["snapshots"], files["every"], force=force))
    # last, as it holds a file open
    if files["log"]:
        watchers.append(LossLog(unused(files["log"], force=force)))
    return watchers
