"""What is said of results, and of runs that were stopped."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from impasto.cli.watch import clock
from impasto.errors import DivergedError
from impasto.output import Output
from impasto.recipe import Recipe


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
