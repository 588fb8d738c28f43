"""Flags that say how pictures look: for all commands that paint."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from impasto.cli.flags import flags_of, given
from impasto.cli.masks import MaskType
from impasto.errors import OptionError
from impasto.methods.optimize.options import PRESETS, OptimizeOptions
from impasto.methods.photoreal.options import PhotorealOptions
from impasto.methods.quality import QUALITIES
from impasto.methods.realtime.options import RealtimeOptions
from impasto.options import declarations, taken
from impasto.provenance.options import ProvenanceOptions

Command = TypeVar("Command", bound=Callable[..., Any])

_QUALITIES = "Qualities: " + "; ".join(f"{n} ({why})" for n, (why, _) in QUALITIES.items()) + "."
_PRESETS = "Presets: " + "; ".join(f"{name} ({why})" for name, (why, _) in PRESETS.items()) + "."
EPILOG = f"{_QUALITIES}\n\n{_PRESETS}"
_SHOWN = (*declarations(RealtimeOptions), *declarations(PhotorealOptions))


def style_flags(several: str) -> Callable[[Command], Command]:
    """Return a decorator that adds flags for styles; `several` says what becomes of several."""
    return _all(
        click.option(
            "-s",
            "--style",
            "styles",
            multiple=True,
            help=f"Style picture, or a style's name (impasto styles); several are {several}.",
        ),
        click.option("--blend", help="Weights of several styles, as 2,1,1; equal without it."),
        click.option(
            "--quality",
            type=click.Choice(list(QUALITIES)),
            help="How much time to take, or a photo that stays a photo [default fast; the"
            " optimiser, if an option of its is given].",
        ),
    )


def guide_flags(*, found: bool = True) -> Callable[[Command], Command]:
    """Return a decorator that adds flags for where styles go; `found`: or where faces are found."""
    auto = "; or auto, auto:6, regions that are found" if found else ""
    faces = click.option(
        "--faces", type=float, default=1.0, help="Strength at faces, 0 to 1 [default 1]."
    )
    return _all(
        click.option(
            "--mask",
            "masks",
            type=MaskType(),
            multiple=True,
            help="Where a style goes, one each: a grey picture; or CONTENT:STYLE, two label"
            f" pictures whose colours say which region goes where{auto}.",
        ),
        click.option(
            "--feather", type=float, default=0.0, help="Softness of masks, as 0.01 of the side."
        ),
        *([faces] if found else []),
        click.option(
            "--strength-map",
            type=click.Path(path_type=Path),
            help="Grey picture: how much style goes where.",
        ),
    )


def method_flags(command: Command) -> Command:
    """Add a flag for every option of every method, each once."""
    return _all(
        flags_of(RealtimeOptions),
        flags_of(PhotorealOptions, skip=tuple(declarations(RealtimeOptions))),
        flags_of(OptimizeOptions, skip=_SHOWN),
    )(command)


def blend_weights(text: str | None) -> list[float] | None:
    """Read "2,1,1".

    Raises:
        OptionError: these are no numbers.
    """
    if text is None:
        return None
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise OptionError(f"blend {text!r}: expected numbers with commas, as 2,1,1") from None


def provenance_of(flags: dict[str, Any]) -> ProvenanceOptions:
    """Take the flags of provenance out of others, and return what they say."""
    return ProvenanceOptions(**given(taken(flags, ProvenanceOptions)))


def tell_shares(given: Sequence[float] | None, shares: Sequence[float]) -> None:
    """Say so where the weights that were given have been brought to a sum of 1."""
    if given and abs(sum(given) - 1) > 1e-6:
        weights = ", ".join(f"{share:.3g}" for share in shares)
        click.echo(f"impasto: note: blend weights brought to a sum of 1: {weights}", err=True)


def _all(*flags: Callable[..., Any]) -> Callable[[Command], Command]:
    """Return a decorator that adds flags in this order."""

    def decorate(command: Command) -> Command:
        for flag in reversed(flags):
            command = flag(command)
        return command

    return decorate
