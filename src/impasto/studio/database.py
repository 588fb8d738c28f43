"""The database: one SQLite file, written ahead (WAL), used by the server and its workers."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_PATIENCE = 30.0  # seconds that a process waits for another one's writing
_SCHEMA = """
CREATE TABLE IF NOT EXISTS files (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, type TEXT NOT NULL, bytes INTEGER NOT NULL,
    width INTEGER, height INTEGER, frames INTEGER, seconds REAL, name TEXT NOT NULL,
    used REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS styles (
    name TEXT PRIMARY KEY, title TEXT NOT NULL, files TEXT NOT NULL, network INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, state TEXT NOT NULL,
    created REAL NOT NULL, started REAL, ended REAL,
    request TEXT NOT NULL, key TEXT UNIQUE,
    progress TEXT, error TEXT, result TEXT,
    worker TEXT, lease REAL, wanted TEXT, attempts INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS jobs_by_state ON jobs (state, id);
CREATE TABLE IF NOT EXISTS events (
    id INTEGER PRIMARY KEY AUTOINCREMENT, job TEXT NOT NULL, kind TEXT NOT NULL, data TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS events_by_job ON events (job, id);
CREATE TABLE IF NOT EXISTS losses (
    job TEXT NOT NULL, step INTEGER NOT NULL, data TEXT NOT NULL, PRIMARY KEY (job, step)
);
"""


class Database:
    """Open the file anew in each thread, as SQLite wants it."""

    def __init__(self, path: Path) -> None:
        self.path, self._own = path, threading.local()
        with self.transaction() as db:
            for statement in _SCHEMA.split(";"):
                db.execute(statement)

    @property
    def connection(self) -> sqlite3.Connection:
        """Return this thread's connection; outside `transaction` it only reads."""
        found: sqlite3.Connection | None = getattr(self._own, "connection", None)
        if found is None:
            found = sqlite3.connect(self.path, timeout=_PATIENCE, isolation_level=None)
            found.row_factory = sqlite3.Row
            _patiently(found, "PRAGMA journal_mode=WAL")
            found.execute("PRAGMA synchronous=FULL")  # what was promised outlasts a power cut
            self._own.connection = found
        return found

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Write several things, all or none."""
        db = self.connection
        db.execute("BEGIN IMMEDIATE")
        try:
            yield db
        except BaseException:
            db.execute("ROLLBACK")
            raise
        db.execute("COMMIT")

    def one(self, sql: str, *values: Any) -> sqlite3.Row | None:
        """Return the first row, or None."""
        return self.connection.execute(sql, values).fetchone()  # type: ignore[no-any-return]

    def count(self, where: str, *values: Any) -> int:
        """Return how many jobs there are of which a condition holds."""
        row = self.one(f"SELECT COUNT(*) FROM jobs WHERE {where}", *values)
        return int(row[0]) if row else 0

    def all(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        """Return all rows."""
        return self.connection.execute(sql, values).fetchall()


def _patiently(db: sqlite3.Connection, statement: str) -> None:
    """Execute what SQLite refuses at once, whatever its patience, while another process writes."""
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            db.execute(statement)
            return
        except sqlite3.OperationalError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
