"""Clean up by age and by size: what was used last stays longest, and jobs keep their files."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from impasto.studio.queue import ENDED
from impasto.studio.settings import Settings
from impasto.studio.shelf import Shelf

_DAY = 86400.0
_FRESH = 3600.0  # seconds that a file without an entry may be about to get one


def sweep(shelf: Shelf, settings: Settings) -> None:
    """Delete jobs that ended long ago, files that nothing refers to, and the oldest if full."""
    before = time.time() - settings.keep_days * _DAY
    for row in shelf.database.all(
        "SELECT id FROM jobs WHERE ended IS NOT NULL AND ended < ?", before
    ):
        forget(shelf, row["id"])
    _drop_files(shelf, before)
    _drop_strays(shelf)
    while _taken(shelf.store.root) > settings.kept_bytes:
        if not _drop_oldest(shelf):
            return


def forget(shelf: Shelf, job: str) -> None:
    """Delete a job for good, with its work, and its result if nothing else refers to that."""
    row = shelf.database.one("SELECT result FROM jobs WHERE id = ?", job)
    result = json.loads(row["result"])["id"] if row and row["result"] else None
    with shelf.database.transaction() as db:
        for table, column in (("jobs", "id"), ("events", "job"), ("losses", "job")):
            db.execute(f"DELETE FROM {table} WHERE {column} = ?", (job,))
    shelf.store.drop_work(job)
    if result is not None and result not in set(_used(shelf)):
        drop_file(shelf, result)


def drop_file(shelf: Shelf, sha256: str) -> None:
    """Delete a file."""
    with shelf.database.transaction() as db:
        db.execute("DELETE FROM files WHERE id = ?", (sha256,))
    shelf.store.remove(sha256)


def _used(shelf: Shelf) -> Iterator[str]:
    """Yield the files that jobs and styles refer to."""
    for row in shelf.database.all("SELECT files FROM styles"):
        yield from json.loads(row["files"])
    for row in shelf.database.all("SELECT request, result FROM jobs"):
        asked = json.loads(row["request"])
        content = asked.get("content") or []
        yield from [content] if isinstance(content, str) else content
        yield from (ref["file"] for ref in asked.get("styles", []) if ref.get("file"))
        yield from asked.get("masks", [])
        yield asked.get("strength_map") or ""
        if row["result"]:
            yield json.loads(row["result"])["id"]


def _drop_files(shelf: Shelf, before: float) -> None:
    used = set(_used(shelf))
    for row in shelf.database.all("SELECT id FROM files WHERE used < ?", before):
        if row["id"] not in used:
            drop_file(shelf, row["id"])


def _drop_strays(shelf: Shelf) -> None:
    """Delete what has no entry, as a process that died leaves it."""
    known = {row["id"] for row in shelf.database.all("SELECT id FROM files")} | set(_used(shelf))
    for path in (shelf.store.root / "blobs").glob("*/*"):
        with suppress(OSError):
            if path.name not in known and path.stat().st_mtime < time.time() - _FRESH:
                path.unlink()
    for path in [*shelf.store.made("").glob("*.part"), *(shelf.store.root / "spool").iterdir()]:
        with suppress(OSError):
            if path.stat().st_mtime < time.time() - _FRESH:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
    jobs = {row["id"] for row in shelf.database.all("SELECT id FROM jobs")}
    for path in (shelf.store.root / "jobs").iterdir():
        if path.name not in jobs:
            shutil.rmtree(path, ignore_errors=True)


def _drop_oldest(shelf: Shelf) -> bool:
    """Make room by one thing; return whether there was one."""
    used = set(_used(shelf))
    for row in shelf.database.all("SELECT id FROM files ORDER BY used"):
        if row["id"] not in used:
            drop_file(shelf, row["id"])
            return True
    marks = ", ".join("?" * len(ENDED))
    sql = f"SELECT id FROM jobs WHERE state IN ({marks}) ORDER BY ended LIMIT 1"
    oldest = shelf.database.one(sql, *ENDED)
    if oldest is None:
        return False
    forget(shelf, oldest["id"])
    return True


def _taken(root: Path) -> int:
    """Return the bytes that all files take; one with several names counts once."""
    seen: dict[int, int] = {}
    for folder in ("blobs", "made", "jobs"):
        for path in (root / folder).rglob("*"):
            with suppress(OSError):
                about = path.stat()
                if path.is_file():
                    seen[about.st_ino] = about.st_size
    return sum(seen.values())
