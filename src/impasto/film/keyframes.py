"""Styles that change over time: keys of a TOML file, and what lies between them."""

from __future__ import annotations

import os
import tomllib
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from impasto.errors import OptionError
from impasto.styles import normalized_blend

_NAMES = ("time", "style", "strength")


@dataclass(frozen=True)
class Key:
    """Say how a film looks at a moment: shares of styles by name, and the strength, 0 to 1.

    `time` is in seconds since the film's beginning.
    """

    time: Fraction
    shares: Mapping[str, float]
    strength: float


@dataclass(frozen=True)
class Keyframes:
    """Hold keys in order of time; `at` says what is between them.

    The file has a table for each key: its `time` in seconds or as "1:02.5", `style`, a name or a
    table of names and shares, and `strength`; what is left out is as in the key before. A style is
    a name or a picture's file, seen from the keys' folder.

        [[key]]
        time = 0
        style = "starry-night"

        [[key]]
        time = "0:04"
        style = { starry-night = 1, "my painting.jpg" = 3 }
        strength = 0.5
    """

    keys: Sequence[Key]

    @classmethod
    def load(cls, path: str | os.PathLike[str], strength: float = 1.0) -> Keyframes:
        """Read keys from a TOML file; until one says otherwise, `strength` holds.

        Raises:
            OptionError: it cannot be read, or is not as above.
        """
        try:
            plain = tomllib.loads(Path(path).read_text("utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise OptionError(f"{path}: keyframes cannot be read: {error}") from None
        tables = plain.get("key")
        if set(plain) != {"key"} or not isinstance(tables, list) or not tables:
            raise OptionError(f"{path}: expected tables [[key]] and nothing else")
        folder = Path(path).parent
        keys: list[Key] = []
        for number, table in enumerate(tables, 1):
            try:
                keys.append(_key(table, keys[-1] if keys else None, folder, strength))
            except OptionError as error:
                raise OptionError(f"{path}: key {number}: {error}") from None
        return cls(keys)

    @property
    def styles(self) -> list[str]:
        """Return every style's name or file, in order of appearance."""
        return list(dict.fromkeys(name for key in self.keys for name in key.shares))

    def at(self, time: Fraction) -> tuple[tuple[float, ...], float]:
        """Return the shares of `styles`, whose sum is one, and the strength at a moment.

        They change evenly from key to key; before the first key it is as there, and after the last.
        """
        after = bisect_right([key.time for key in self.keys], time)
        first = self.keys[max(after - 1, 0)]
        second = self.keys[min(after, len(self.keys) - 1)]
        share = 0.0
        if second.time > first.time:
            share = min(max(float((time - first.time) / (second.time - first.time)), 0.0), 1.0)
        blend = [
            (1 - share) * first.shares.get(name, 0.0) + share * second.shares.get(name, 0.0)
            for name in self.styles
        ]
        strength = (1 - share) * first.strength + share * second.strength
        return normalized_blend(blend, len(blend)), strength


def seconds(value: Any) -> Fraction:
    """Return seconds as a fraction: of a number, or of a text as "90.5", "1:30.5", "1:02:03".

    >>> seconds("1:30.5"), seconds(0.1)
    (Fraction(181, 2), Fraction(1, 10))

    Raises:
        OptionError: it is none, or negative.
    """
    parts = str(value).strip().split(":")
    if not isinstance(value, bool) and len(parts) <= 3:
        try:
            whole = Fraction(0)
            for part in parts:
                whole = 60 * whole + Fraction(part)
        except (ValueError, ZeroDivisionError):
            pass
        else:
            if whole >= 0 and "-" not in str(value) and "/" not in str(value):
                return whole
    raise OptionError(f"time {value!r}: expected seconds, as 90.5, or 1:30.5")


def _key(table: Any, before: Key | None, folder: Path, strength: float) -> Key:
    if not isinstance(table, dict):
        raise OptionError(f"{table!r}: expected a table")
    unknown = set(table) - set(_NAMES)
    if unknown:
        raise OptionError(f"no entry {sorted(unknown)[0]!r}: expected {', '.join(_NAMES)}")
    if "time" not in table:
        raise OptionError("no time: say when it is, in seconds")
    time = seconds(table["time"])
    if before is not None and time <= before.time:
        raise OptionError(f"time {table['time']!r} is not after the key's before")
    if "style" not in table and before is None:
        raise OptionError("no style: the first key has to name one")
    shares = before.shares if "style" not in table and before else _shares(table["style"], folder)
    level = table.get("strength", before.strength if before else strength)
    if isinstance(level, bool) or not isinstance(level, int | float) or not 0 <= level <= 1:
        raise OptionError(f"strength {level!r}: expected a number, 0 to 1")
    return Key(time, shares, float(level))


def _shares(plain: Any, folder: Path) -> dict[str, float]:
    shares = {plain: 1.0} if isinstance(plain, str) else plain
    numbers = isinstance(shares, dict) and all(
        isinstance(share, int | float) and not isinstance(share, bool) for share in shares.values()
    )
    if not numbers or not shares:
        raise OptionError(f"style {plain!r}: expected a name, or a table of names and shares")
    blend = normalized_blend([float(share) for share in shares.values()], len(shares))
    return {_found(name, folder): share for name, share in zip(shares, blend, strict=True)}


def _found(name: str, folder: Path) -> str:
    """Return a file's path where the folder has one of this name, else the name."""
    path = folder / name
    return str(path) if path.is_file() else name
