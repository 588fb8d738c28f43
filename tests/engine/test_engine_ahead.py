"""The next things are made while one is used."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from impasto.engine import ahead, at_once


def test_all_in_order() -> None:
    assert list(ahead(range(5))) == [0, 1, 2, 3, 4]
    assert list(ahead([])) == []
    # what looks like an end is none
    assert list(ahead([None, False, StopIteration])) == [None, False, StopIteration]


def test_one_is_made_while_another_is_used_and_no_more() -> None:
    made, coming = [], [threading.Event() for _ in range(6)]

    def source() -> Iterator[int]:
        for i in range(5):
            made.append((i, threading.current_thread()))
            coming[i].set()
            yield i

    for i in ahead(source()):
        if i < 4:
            assert coming[i + 1].wait(10)  # made, although this one is in use
        assert len(made) == min(i + 2, 5)
    assert len({thread for _, thread in made}) == 1
    assert made[0][1] is not threading.current_thread()


def test_errors_come_at_their_turn() -> None:
    def source() -> Iterator[int]:
        yield 1
        yield 2
        raise ValueError("third")

    items = ahead(source())
    assert [next(items), next(items)] == [1, 2]
    with pytest.raises(ValueError, match="third"):
        next(items)


def test_leaving_early_waits_for_what_is_being_made() -> None:
    busy = threading.Event()

    def source() -> Iterator[int]:
        yield 1
        busy.set()
        time.sleep(0.05)
        busy.clear()
        yield 2
        pytest.fail("nobody asked for a third")

    items = ahead(source())
    assert next(items) == 1
    assert busy.wait(10)
    items.close()
    assert not busy.is_set()
    assert threading.active_count() == len(threading.enumerate())


def test_the_source_is_closed_when_it_is_left() -> None:
    closed = threading.Event()

    def source() -> Iterator[int]:
        try:
            yield from range(100)
        finally:
            closed.set()

    items = ahead(source())
    next(items)
    items.close()
    gc.collect()
    assert closed.is_set()


def test_one_inside_another() -> None:
    doubled = (2 * i for i in ahead(range(4)))
    assert list(ahead(doubled)) == [0, 2, 4, 6]


def broken(after: int) -> Iterator[int]:
    yield from range(after)
    raise OSError("the rest is gone")


@pytest.mark.parametrize("threads", [1, 3])
def test_as_many_as_threads_are_made_at_once_and_come_in_order(threads: int) -> None:
    meeting = threading.Barrier(threads, timeout=10)

    def meet(number: int) -> int:
        meeting.wait()
        return -number

    assert list(at_once(meet, range(6), threads)) == [0, -1, -2, -3, -4, -5]


def test_what_was_there_before_an_error_comes_first() -> None:
    for items in (at_once(lambda number: number, broken(5), 3), ahead(broken(5))):
        assert [next(items) for _ in range(5)] == [0, 1, 2, 3, 4]
        with pytest.raises(OSError, match="the rest is gone"):
            next(items)


def test_a_failure_is_raised_at_its_turn() -> None:
    made = at_once(lambda number: 6 // (3 - number), range(9), 4)
    assert [next(made), next(made), next(made)] == [2, 3, 6]
    with pytest.raises(ZeroDivisionError):
        next(made)


def test_who_stops_early_closes_the_source() -> None:
    closed = []

    def source() -> Iterator[int]:
        try:
            yield from range(100)
        finally:
            closed.append(threading.active_count())

    for made in (at_once(lambda number: number, source(), 2), ahead(source())):
        with closing(made):
            assert next(made) == 0
    assert len(closed) == 2
