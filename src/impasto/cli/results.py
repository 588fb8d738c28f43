"""Where results go: names that are free, what is said of them, and of runs that were stopped."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import click

from impasto.cli.watch import clock
from impasto.errors import DivergedError, ImageError
from impasto.recipe import Recipe
from impasto.stream import Output


def saving(run: Callable[[], Recipe], output: Output) -> Recipe:
    """Run to the end, which saves the result; when the losses diverge, save the last sound picture.

    Raises:
        DivergedError: they did; it names the picture that was saved.
    """
    try:
        return run()
    except DivergedError as error:
        if error.result is None:
            raise
        output.write(error.result)
        steps = error.result.recipe.steps
        raise DivergedError(
            f"{error}; {output.path} holds the picture after {steps} sound steps"
        ) from None


def target(out: Path | None, default: str, *, force: bool) -> Path:
    """Return where to write: `out` unless it exists and may not be, or a new name by default.

    Raises:
        ImageError: `out` exists and `force` is not given.
    """
    if out is not None:
        return unused(out, force=force)
    path, number = Path(default), 1
    while path.exists():
        number += 1
        path = Path(default).with_stem(f"{Path(default).stem}-{number}")
    return path


def unused(path: Path, *, force: bool) -> Path:
    """Return a path that nothing stands at, or that may be overwritten.

    Raises:
        ImageError: a file is there and `force` is not given.
    """
    try:
        taken = path.exists() and not path.is_dir()
    except OSError as error:
        raise ImageError(f"{path}: no such name is possible ({error.strerror})") from None
    if taken and not force:
        raise ImageError(f"{path} exists: choose another name, or add --force to overwrite it")
    return path


def unused_pyramid(output: Output, *, force: bool) -> None:
    """Refuse to replace a pyramid, or a folder that is called as one's, unasked.

    Raises:
        ImageError: one is there and `force` is not given.
    """
    unused(output.pyramid, force=force)
    folder = output.pyramid.with_name(f"{output.pyramid.stem}_files")
    if folder.exists() and not force:
        raise ImageError(f"{folder} exists: choose another name, or add --force to replace it")


def tell_result(out: Path, recipe: Recipe, shape: tuple[int, int], seconds: float) -> None:
    """Print where the result is, its size, and how long it took."""
    height, width = shape
    if recipe.stopped:
        of = recipe.options["steps"]
        click.echo(
            f"impasto: stopped at step {recipe.steps} of {of}; saved what there is", err=True
        )
    took = f"{seconds:.2f} s" if seconds < 10 else clock(seconds)
    click.echo(f"{out}  {width}x{height}  {took}")


def short(stem: str) -> str:
    """Cut a name to 100 bytes, as a file name may have 255 at most."""
    whole = os.fsencode(stem)
    return stem if len(whole) <= 100 else whole[:100].decode(errors="ignore")
