"""Log numbers of a training as a CSV file."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path


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


def means(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return the mean of each number over rows that all have the same ones."""
    return {name: sum(row[name] for row in rows) / len(rows) for name in rows[0]}
