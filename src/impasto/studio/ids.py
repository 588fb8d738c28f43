"""Names of jobs, in the order in which they were asked for."""

from __future__ import annotations

import os
import time

_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_last = 0


def new_id() -> str:
    """Return a name that sorts by time: ten letters of milliseconds, sixteen of chance (a ULID).

    Those of one process in one millisecond follow each other as well.
    """
    global _last
    number = (time.time_ns() // 1_000_000 << 80) | int.from_bytes(os.urandom(10), "big")
    number = _last = number if number >> 80 > _last >> 80 else _last + 1
    return "".join(_LETTERS[number >> 5 * place & 31] for place in range(25, -1, -1))
