"""Ctrl-C that no library can lose.

Python raises KeyboardInterrupt wherever it stands. In a finalizer, or in a callback from native
code, that is printed or dropped, and the run would go on as if nobody had pressed anything. So
the press is kept as well, and whoever reports progress raises it again. Python 3.11 may also forget
to look: where the signal comes while another thread hands over the interpreter, its handler is not
called until the next signal. So whoever reports progress has it look.
"""

from __future__ import annotations

import signal
from typing import Any

_pressed = False


def keep_interrupts() -> None:
    """Take Ctrl-C from here on, unless it is ignored (nohup) or not ours to take."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _press)


def raise_if_lost() -> None:
    """Raise an interrupt that got lost.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed, and the run goes on all the same.
    """
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK, ())  # changes nothing, but calls handlers
    if _pressed:
        raise KeyboardInterrupt


def _press(*_: Any) -> None:
    global _pressed
    _pressed = True
    raise KeyboardInterrupt
