"""`impasto metrics`: how near results are to their content and their style."""

from __future__ import annotations

import json
import sys
from itertools import count
from pathlib import Path
from typing import Any

import click

from impasto.cli.flags import GroupedCommand, GroupedOption, flags_of, given
from impasto.metrics import FilmOptions, MetricsOptions, Row, measure, measure_film

_PATH = click.Path(path_type=Path)


class _OrVideo(GroupedCommand):
    """Give way to `metrics video` where that is the first word."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Return the context of whichever is meant."""
        if args[:1] == ["video"]:
            return video.make_context(f"{info_name} video", args[1:], parent, **extra)
        return super().make_context(info_name, args, parent, **extra)


@click.command(cls=_OrVideo)
@click.argument("results", metavar="RESULT...", type=_PATH, nargs=-1, required=True)
@click.option("-c", "--content", type=_PATH, required=True, help="Photo that they were made of.")
@click.option("-s", "--style", type=_PATH, required=True, help="Picture whose style they took.")
@flags_of(MetricsOptions)
@click.option("--json", "as_json", is_flag=True, cls=GroupedOption, help="As JSON, for programs.")
def metrics(
    results: tuple[Path, ...], content: Path, style: Path, as_json: bool, **options: Any
) -> None:
    """Measure how near each RESULT is to its content and to its style.

    0 is best for content, style and moments, 1 for ssim. The last two rows are copies of the
    content and of the style. `impasto metrics video` measures how calm a film is.
    """
    with _Counter(len(results) + 2) as tell:
        found = measure(list(results), content, style, progress=tell, **given(options))
    click.echo(json.dumps(found.as_dict(), indent=2) if as_json else str(found))


@click.command(cls=GroupedCommand)
@click.argument("result", type=_PATH)
@click.argument("content", type=_PATH)
@flags_of(FilmOptions)
@click.option("--json", "as_json", is_flag=True, cls=GroupedOption, help="As JSON, for programs.")
def video(result: Path, content: Path, as_json: bool, **options: Any) -> None:
    """Measure how calm the film RESULT is beside the film CONTENT it was made of.

    0 is best. Short and long are how far frames are from those one and eight frames before, moved
    along with the content; flicker is what changes faster than 3 Hz where the content stands still.
    The second row is the content itself.
    """
    from impasto.video.pairs import pairs_of_frames

    rate, frames = pairs_of_frames(result, content)
    with _Counter() as tell:
        names = str(result), str(content)
        found = measure_film(frames, rate, names, progress=tell, **given(options))
    click.echo(json.dumps(found.as_dict(), indent=2) if as_json else str(found))


class _Counter:
    """Show on a terminal how many pictures are judged; nothing elsewhere."""

    def __init__(self, total: int | None = None) -> None:
        self.total, self.numbers = total, count(1)

    def __enter__(self) -> _Counter:
        return self

    def __call__(self, done: Row | int) -> None:
        if self.total is None:
            self._show(f"measured {done} frames")
        else:
            self._show(f"judged {next(self.numbers)} of {self.total} pictures")

    def __exit__(self, *error: object) -> None:
        self._show("")

    def _show(self, text: str) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r\x1b[K{text}", err=True, nl=False)
