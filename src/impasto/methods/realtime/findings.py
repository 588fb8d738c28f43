"""What was found in a content once, for whoever paints it again in another way."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Hashable
from typing import TypeVar

import numpy as np

from impasto.methods.contract import Pixels

Found = TypeVar("Found")


class Findings:
    """Keep what is found in contents as long as these live.

    A content is known by being the same array, and one that may be written to may be another the
    next time: it is looked at anew. Several threads may ask.
    """

    def __init__(self) -> None:
        self._of: dict[int, dict[Hashable, object]] = {}

    def get(self, content: Pixels, key: Hashable, find: Callable[[], Found]) -> Found:
        """Return what was found under a key, or find it."""
        if not isinstance(content, np.ndarray) or content.flags.writeable:
            return find()
        number = id(content)
        if number not in self._of:
            self._of[number] = {}
            weakref.finalize(content, self._of.pop, number, None).atexit = False
        kept = self._of[number]
        if key not in kept:
            kept[key] = find()
        return kept[key]  # type: ignore[return-value]
