"""The log of a run, which `impasto stylize --log` writes, read back."""

from __future__ import annotations

import csv
import os

import numpy as np

from impasto.errors import OptionError
from impasto.explanation.findings import Curves

KNOWN = ("step", "width", "height")


def read_log(path: str | os.PathLike[str]) -> Curves:
    """Read the losses of every step.

    Raises:
        OptionError: it cannot be read, or is no such log.
    """
    shown = os.fspath(path)
    try:
        with open(path, newline="", encoding="utf-8") as file:
            head, *rows = list(csv.reader(file)) or [[]]
        table = np.array([[float(cell) for cell in row] for row in rows])
    except OSError as error:
        raise OptionError(f"log {shown} cannot be read: {error.strerror}") from None
    except (ValueError, csv.Error):
        raise _no_log(shown, "what is no table of numbers") from None
    if not rows or any(name not in head for name in KNOWN) or len(head) == len(KNOWN):
        raise _no_log(shown, "other columns" if rows else "no steps")
    if table.shape[1] != len(head):
        raise _no_log(shown, "rows of other lengths than its head")
    columns = dict(zip(head, table.T, strict=True))
    steps, widths, _ = (columns.pop(name) for name in KNOWN)
    first = [0, *(np.flatnonzero(np.diff(widths)) + 1)]
    return Curves(steps, columns, tuple((float(steps[i]), int(widths[i])) for i in first))


def _no_log(shown: str, found: str) -> OptionError:
    return OptionError(f"log {shown} holds {found}: expected a file of impasto stylize --log")
