"""Ctrl-C that a library swallows is raised again."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress

import numpy as np
import pytest

from impasto.cli import interrupt
from impasto.cli.watch import watching
from impasto.methods import Step


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(interrupt, "_pressed", False)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.skipif(os.name == "nt", reason="signals are sent otherwise there")
def test_a_swallowed_interrupt_is_raised_at_the_next_step(fresh: None) -> None:
    interrupt.keep_interrupts()
    seen: list[Step] = []
    step = Step(1, 2, 8, 8, {}, 0.5, lambda: np.zeros((8, 8, 3), np.float32))
    with watching([seen.append]) as tell:
        tell(step)
        with suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            tell(step)
    assert len(seen) == 2


@pytest.mark.skipif(os.name == "nt", reason="signals are sent otherwise there")
def test_who_ignores_interrupts_goes_on_ignoring_them(fresh: None) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    interrupt.keep_interrupts()
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
