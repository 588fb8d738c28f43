"""When frames are shown: exact times, a part of a film, another rate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any, NamedTuple


class Shown(NamedTuple):
    """Hold any picture and when it is shown, in seconds: from `time` for `duration`."""

    picture: Any
    time: Fraction
    duration: Fraction


def with_durations(
    pictures: Iterable[tuple[Any, Fraction | None, Fraction | None]], rate: Fraction
) -> Iterator[Shown]:
    """Give each picture the time up to the next one; the last lasts as it says itself.

    A picture without a time follows the one before by one frame of the rate. One that is not later
    than the picture before is left out: no player would show it.
    """
    step, held = 1 / rate, None
    for picture, time, said in pictures:
        if time is None:
            time = Fraction(0) if held is None else held[1] + step
        if held is not None:
            if time <= held[1]:
                continue
            yield Shown(held[0], held[1], time - held[1])
        held = (picture, time, said)
    if held is not None:
        yield Shown(held[0], held[1], held[2] or step)


def between(
    shown: Iterable[Shown], start: Fraction | None, end: Fraction | None
) -> Iterator[Shown]:
    """Yield what is shown from `start` on and before `end`, cut to that.

    The picture that is on show at `start` begins the part, unless less than half of its time is
    left: a start that was rounded by a hair would show it as a flash.
    """
    for picture, time, duration in shown:
        after = time + duration
        if start is not None and time < start:
            if after - start < duration / 2 or after <= start:
                continue
            time = start
        if end is not None:
            if time >= end:
                return
            after = min(after, end)
        yield Shown(picture, time, after - time)


def at_rate(shown: Iterable[Shown], rate: Fraction) -> Iterator[Shown]:
    """Show pictures at a constant rate, from the first one's time on.

    Each moment takes the picture that is on show then. One that begins up to half a step later is
    taken already, so that times which a file has rounded do not make pictures stutter.
    """
    step, first, number = 1 / rate, None, 0
    for picture, time, duration in shown:
        first = time if first is None else first
        slack = min(step, duration) / 2
        while first + number * step + slack < time + duration:
            yield Shown(picture, first + number * step, step)
            number += 1
