"""Let one thread wait for the rows that another makes."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from threading import Condition


class Rows:
    """Tell how many rows of a picture are there, from the first on."""

    def __init__(self) -> None:
        self._done, self._given_up = 0, False
        self._changed = Condition()

    def reach(self, count: int) -> None:
        """Say that so many are there."""
        with self._changed:
            self._done = max(self._done, count)
            self._changed.notify_all()

    def wait(self, count: int) -> None:
        """Return when so many are there.

        Raises:
            CancelledError: they will never be.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._given_up or self._done >= count)
            if self._given_up:
                raise CancelledError

    @contextmanager
    def given_up_on_error(self) -> Iterator[None]:
        """Let those who wait go when what makes the rows fails or is stopped."""
        try:
            yield
        except BaseException:
            with self._changed:
                self._given_up = True
                self._changed.notify_all()
            raise
