"""Which method makes a picture: one word, or the options that only one method has."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from impasto.errors import OptionError
from impasto.methods.optimize.options import PRESETS, OptimizeOptions
from impasto.methods.optimize.options import resolve as resolve_optimize
from impasto.methods.photoreal.options import PhotorealOptions
from impasto.methods.realtime.options import RealtimeOptions
from impasto.options import declarations, suggest

Options = RealtimeOptions | OptimizeOptions | PhotorealOptions

# what a recipe calls a method, and the options that mean it
METHODS: Mapping[str, type[Options]] = MappingProxyType(
    {"realtime": RealtimeOptions, "optimize": OptimizeOptions, "photoreal": PhotorealOptions}
)

# name -> (what it is for, knobs of the optimiser; None: it is not used)
QUALITIES: Mapping[str, tuple[str, Mapping[str, Any] | None]] = MappingProxyType(
    {
        "fast": ("the real-time network, at once", None),
        "balanced": (
            "its result, refined by some steps of the optimiser",
            {"init": "fast", "steps": 40, "coarsest": 100_000},
        ),
        "best": ("the whole optimisation, begun from its result", {"init": "fast"}),
        "photoreal": ("tone, colour and light alone, so that a photo stays a photo", None),
    }
)

# networks that ask for knobs of their own where the best is wanted: VGG-19's features are spread
# over other scales than those of `compact`, which the defaults are for
_BEST: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "vgg19": {
            "style_losses": "gram, nearest=0.05",
            "content_layers": "relu4_1,relu5_1",
            "content_weight": 0.075,
            "tv_weight": 0.3,
            "steps": 500,
        }
    }
)


def resolve(given: Mapping[str, Any]) -> Options:
    """Return the options of the method that `given` asks for.

    `quality` names one of `QUALITIES`. Without it, options that only the optimiser has mean the
    optimiser as they say, those that only photoreal has mean that, and anything else the real-time
    network.

    Raises:
        OptionError: an unknown option or quality, an option of another method, or a value outside
            its limits.
    """
    rest = dict(given)
    quality = rest.pop("quality", None)
    known = {name: declarations(kind) for name, kind in METHODS.items()}
    for name in rest:
        if not any(name in own for own in known.values()):
            hint = suggest(name, ["quality", *(name for own in known.values() for name in own)])
            raise OptionError(f"no option {name!r}: {hint}")
    if quality is None:
        quality = _meant(rest, known)
    elif not isinstance(quality, str) or quality not in QUALITIES:
        raise OptionError(f"quality {quality!r}: {suggest(str(quality), QUALITIES)}")
    method = {"fast": "realtime", "photoreal": "photoreal"}.get(quality, "optimize")
    _refuse(rest, method, known)
    if method != "optimize":
        return METHODS[method](**rest)
    knobs = dict(QUALITIES[quality][1] or {}) if quality else {}
    if quality == "best" and rest.get("preset") is None:
        knobs |= _BEST.get(str(rest.get("backbone")), {})
    for name in PRESETS.get(str(rest.get("preset")), ("", {}))[1]:
        knobs.pop(name, None)  # what a preset says wins
    return resolve_optimize({**knobs, **rest})


def _meant(given: Mapping[str, Any], known: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the quality that options mean by themselves; "" is the optimiser as they say."""
    if all(name in known["realtime"] for name in given):
        return "fast"
    others = [name for name in given if name not in known["realtime"]]
    return "photoreal" if all(name in known["photoreal"] for name in others) else ""


# whose options are refused -> by which qualities they are taken
_WHOSE = {
    "optimize": "the optimiser's: use quality balanced or best",
    "realtime": "the real-time network's: use quality fast",
    "photoreal": "photoreal's: use quality photoreal",
}


def _refuse(given: Mapping[str, Any], method: str, known: Mapping[str, Mapping[str, Any]]) -> None:
    for name in given:
        if name not in known[method]:
            whose = next(of for of, own in known.items() if name in own)
            raise OptionError(f"option {name!r} is {_WHOSE[whose]}")
