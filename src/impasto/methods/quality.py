"""Which method makes a picture: one word, or the options that only one method has."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from impasto.errors import OptionError
from impasto.methods.optimize.options import PRESETS, OptimizeOptions
from impasto.methods.optimize.options import resolve as resolve_optimize
from impasto.methods.realtime.options import RealtimeOptions
from impasto.options import declarations, suggest

Options = RealtimeOptions | OptimizeOptions

# name -> (what it is for, knobs of the optimiser; None: the real-time network alone)
QUALITIES: Mapping[str, tuple[str, Mapping[str, Any] | None]] = MappingProxyType(
    {
        "fast": ("the real-time network, at once", None),
        "balanced": (
            "its result, refined by some steps of the optimiser",
            {"init": "fast", "steps": 40, "coarsest": 100_000},
        ),
        "best": ("the whole optimisation, begun from its result", {"init": "fast"}),
    }
)


def resolve(given: Mapping[str, Any]) -> Options:
    """Return the options of the method that `given` asks for.

    `quality` names one of `QUALITIES`. Without it, options that only the optimiser has mean the
    optimiser as they say, and anything else the real-time network.

    Raises:
        OptionError: an unknown option or quality, an option of another method, or a value outside
            its limits.
    """
    rest = dict(given)
    quality = rest.pop("quality", None)
    fast, optimize = declarations(RealtimeOptions), declarations(OptimizeOptions)
    for name in rest:
        if name not in fast and name not in optimize:
            hint = suggest(name, ["quality", *fast, *optimize])
            raise OptionError(f"no option {name!r}: {hint}")
    if quality is None:
        quality = "fast" if all(name in fast for name in rest) else ""
    elif not isinstance(quality, str) or quality not in QUALITIES:
        raise OptionError(f"quality {quality!r}: {suggest(str(quality), QUALITIES)}")
    if quality == "fast":
        _refuse(rest, fast, "the optimiser's: use quality balanced or best")
        return RealtimeOptions(**rest)
    _refuse(rest, optimize, "the real-time network's: use quality fast")
    knobs = dict(QUALITIES[quality][1] or {}) if quality else {}
    for name in PRESETS.get(str(rest.get("preset")), ("", {}))[1]:
        knobs.pop(name, None)  # what a preset says wins
    return resolve_optimize({**knobs, **rest})


def _refuse(given: Mapping[str, Any], known: Mapping[str, Any], whose: str) -> None:
    for name in given:
        if name not in known:
            raise OptionError(f"option {name!r} is {whose}")
