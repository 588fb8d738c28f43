"""Log numbers of a training as a CSV file."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def append_row(path: Path, row: Mapping[str, float], columns: Sequence[str]) -> None:
    """Append named numbers, six digits after the point; a new file begins with the names.

    Columns that the row lacks stay empty.
    """
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, columns)
        if new:
            writer.writeheader()
        writer.writerow({name: round(value, 6) for name, value in row.items()})


def mend(path: Path, columns: Sequence[str], last: float) -> None:
    """Leave out rows that are not whole, as a full disk leaves them, and those after step `last`.

    A run goes on from its checkpoint, which may be older than the log's end.
    """
    if not path.exists():
        return
    text = path.read_text(encoding="utf-8", errors="replace").replace("\0", "")
    rows = [row for row in csv.DictReader(io.StringIO(text)) if _whole(row, columns, last)]
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    temporary.replace(path)


def _whole(row: Mapping[Any, Any], columns: Sequence[str], last: float) -> bool:
    if set(row) != set(columns) or None in row.values():
        return False
    try:
        numbers = {name: float(value) for name, value in row.items() if value}
    except ValueError:
        return False
    return numbers.get("step", last + 1) <= last


def means(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return the mean of each number over rows that all have the same ones."""
    return {name: sum(row[name] for row in rows) / len(rows) for name in rows[0]}
