"""Options, each declared once: a dataclass field with default, help and limits.

From the declaration come the Python keyword, the command-line flag, the table in the docs and
the recipe that is stored with a picture.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from impasto.errors import OptionError


@dataclasses.dataclass(frozen=True)
class Declaration:
    """Say what an option means and which values it takes; `reads` refuses texts that mean none."""

    help: str
    group: str = "Basics"
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] | None = None
    reads: Callable[[str], object] | None = None


def option(default: Any, help: str, **limits: Any) -> Any:
    """Declare an option as a dataclass field; `limits` are those of `Declaration`."""
    return dataclasses.field(default=default, metadata={"option": Declaration(help, **limits)})


def declarations(kind: type) -> dict[str, tuple[dataclasses.Field[Any], Declaration]]:
    """Return the declared options of a dataclass by name, in order."""
    fields = {f.name: f for f in dataclasses.fields(kind)}
    return {n: (f, f.metadata["option"]) for n, f in fields.items() if "option" in f.metadata}


def taken(options: dict[str, Any], kind: type) -> dict[str, Any]:
    """Take the options of a dataclass out of others, and return them."""
    return {name: options.pop(name) for name in declarations(kind) if name in options}


def check(options: Any) -> None:
    """Check every declared option of a dataclass instance against its limits.

    Raises:
        OptionError: a value has the wrong type, is not finite, is outside its limits, is not one
            of its choices or cannot be read.
    """
    for name, (field, declared) in declarations(type(options)).items():
        value = getattr(options, name)
        if value is None and field.default is None:
            continue
        _check_type(name, field, value)
        if declared.choices is not None and value not in declared.choices:
            raise OptionError(f"{name} {value!r}: {suggest(str(value), declared.choices)}")
        if isinstance(value, int | float) and not isinstance(value, bool):
            _check_limits(name, declared, value)
        if declared.reads is not None:
            declared.reads(value)


def suggest(value: str, choices: Iterable[str]) -> str:
    """Return advice for a wrong name: "did you mean A?" where one is near, and all choices."""
    import difflib  # late, as only mistakes need it

    choices = sorted(set(choices))
    near = difflib.get_close_matches(value.lower(), choices, 1)
    hint = f"did you mean {near[0]}? " if near else ""
    return f"{hint}choose one of {', '.join(choices)}"


def unknown_option(name: str, kind: type) -> OptionError:
    """Return the error for a keyword that no option has."""
    return OptionError(f"no option {name!r}: {suggest(name, declarations(kind))}")


def as_recipe(options: Any) -> dict[str, Any]:
    """Return the options as plain values, as JSON keeps them."""
    return {n: _plain(getattr(options, n)) for n in declarations(type(options))}


def byte_count(text: str | None) -> int | None:
    """Read an amount of memory; GB and GiB are both 2^30 bytes here.

    >>> byte_count("1.5GB") == 3 * 2**29
    True

    Raises:
        OptionError: it is none.
    """
    if text is None:
        return None
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT])I?B?\s*", text.upper())
    if found is None:
        raise OptionError(f"memory {text!r}: expected an amount such as 800MB or 2GB")
    return int(float(found[1]) * 2 ** (10 * (1 + "KMGT".index(found[2]))))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    return list(value) if isinstance(value, tuple) else value


def _check_type(name: str, field: dataclasses.Field[Any], value: Any) -> None:
    kind = str(field.type).removesuffix(" | None")
    accepted: dict[str, tuple[type, ...]] = {
        "int": (int,),
        "float": (int, float),
        "str": (str,),
        "bool": (bool,),
    }
    types = accepted.get(kind)
    if types is None:
        return
    if not isinstance(value, types) or (isinstance(value, bool) and kind != "bool"):
        raise OptionError(f"{name} is {value!r}: expected {_article(kind)}")


def _article(kind: str) -> str:
    return {"int": "a whole number", "float": "a number", "str": "a text", "bool": "yes or no"}[
        kind
    ]


def _check_limits(name: str, declared: Declaration, value: float) -> None:
    low, high = declared.low, declared.high
    # a whole number may be too large for isfinite
    if isinstance(value, float) and not math.isfinite(value):
        raise OptionError(f"{name} is {value}: expected a finite number")
    if (low is not None and value < low) or (high is not None and value > high):
        raise OptionError(f"{name} is {value}: expected {limits_text(declared)}")


def limits_text(declared: Declaration) -> str:
    """Return the limits in words, e.g. "0 to 1" or "at least 1"; empty when there are none."""
    low, high = declared.low, declared.high
    if low is not None and high is not None:
        return f"{low:g} to {high:g}"
    if low is not None:
        return f"at least {low:g}"
    return f"at most {high:g}" if high is not None else ""
