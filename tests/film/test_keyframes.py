"""Keys over time: what lies between them, and what is refused."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impasto.errors import OptionError
from impasto.film.keyframes import Key, Keyframes, seconds

TEXT = """
[[key]]
time = 1
style = "first"

[[key]]
time = "0:03"
style = { second = 1, first = 3 }
strength = 0.5

[[key]]
time = 5.5
strength = 0
"""


def read(folder: Path, text: str = TEXT) -> Keyframes:
    path = folder / "keys.toml"
    path.write_text(text)
    return Keyframes.load(path)


def test_between_keys_all_changes_evenly(tmp_path: Path) -> None:
    keys = read(tmp_path)
    assert keys.styles == ["first", "second"]
    assert keys.at(Fraction(0)) == ((1.0, 0.0), 1.0)
    assert keys.at(Fraction(1)) == ((1.0, 0.0), 1.0)
    assert keys.at(Fraction(2)) == ((0.875, 0.125), 0.75)
    assert keys.at(Fraction(3)) == ((0.75, 0.25), 0.5)
    assert keys.at(Fraction(17, 4)) == ((0.75, 0.25), 0.25)
    assert keys.at(Fraction(99)) == ((0.75, 0.25), 0.0)


def test_a_file_beside_the_keys_is_found(tmp_path: Path) -> None:
    (tmp_path / "second").write_bytes(b"")
    assert read(tmp_path).styles == ["first", str(tmp_path / "second")]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "tables"),
        ("[[key", "cannot be read"),
        ("other = 1\n" + TEXT, "nothing else"),
        ("[[key]]\nstyle = 'a'", "key 1: no time"),
        ("[[key]]\ntime = 1", "key 1: no style"),
        ("[[key]]\ntime = -1\nstyle = 'a'", "time -1"),
        ("[[key]]\ntime = true\nstyle = 'a'", "time True"),
        ("[[key]]\ntime = 1\nstyle = 'a'\nspeed = 2", "'speed'"),
        ("[[key]]\ntime = 1\nstyle = 'a'\nstrength = 2", "strength 2"),
        ("[[key]]\ntime = 1\nstyle = {}", "style {}"),
        ("[[key]]\ntime = 1\nstyle = {a = 'b'}", "shares"),
        ("[[key]]\ntime = 1\nstyle = {a = -1, b = 2}", "0 or more"),
        ("[[key]]\ntime = 1\nstyle = 'a'\n[[key]]\ntime = 1", "key 2: time 1 is not after"),
    ],
)
def test_what_is_refused(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(OptionError, match=says):
        read(tmp_path, text)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="cannot be read"):
        Keyframes.load(tmp_path / "none.toml")


@pytest.mark.parametrize("value", ["", "1:2:3:4", "a", "1:-3", None, "-0", "1/2"])
def test_times_that_are_none(value: object) -> None:
    with pytest.raises(OptionError, match="expected seconds"):
        seconds(value)


@given(st.lists(st.floats(0.01, 1), min_size=2, max_size=4), st.floats(-1, 9))
def test_shares_always_sum_to_one(levels: list[float], moment: float) -> None:
    names = "abcd"
    keys = Keyframes([Key(Fraction(i), {names[i]: 1.0}, level) for i, level in enumerate(levels)])
    blend, strength = keys.at(Fraction(moment))
    assert sum(blend) == pytest.approx(1)
    assert min(levels) - 1e-9 <= strength <= max(levels) + 1e-9
