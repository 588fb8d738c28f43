"""Cleaning up: what is old or too much goes, what is needed stays."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from impasto.studio.database import Database
from impasto.studio.queue import Queue
from impasto.studio.settings import Settings
from impasto.studio.shelf import NotThereError, Shelf
from impasto.studio.store import Store
from impasto.studio.sweep import forget, sweep

DAY = 86400.0


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(Database(tmp_path / "jobs.db"), Store(tmp_path))


def add(shelf: Shelf, data: bytes, days: float = 0) -> str:
    path = shelf.store.spooled()
    path.write_bytes(data)
    about = {"kind": "picture", "type": "image/png", "bytes": len(data), "name": "a.png"}
    sha256 = shelf.store.keep(path)
    shelf.add_file(about | {"id": sha256})
    with shelf.database.transaction() as db:
        used = time.time() - days * DAY
        db.execute("UPDATE files SET used = ? WHERE id = ?", (used, sha256))
    return sha256


def done(shelf: Shelf, content: str, result: str, days: float = 0) -> str:
    queue = Queue(shelf.database)
    (job,), _ = queue.submit("stylize", [{"content": content, "styles": [{"file": content}]}])
    assert queue.claim("w") is not None
    queue.finish(job["id"], "w", "done", {"id": result})
    with shelf.database.transaction() as db:
        db.execute("UPDATE jobs SET ended = ? WHERE id = ?", (time.time() - days * DAY, job["id"]))
    shelf.store.work(job["id"])
    return str(job["id"])


def test_old_things_go_and_what_is_needed_stays(shelf: Shelf) -> None:
    old, fresh = add(shelf, b"old", 40), add(shelf, b"fresh", 1)
    needed, result = add(shelf, b"needed", 40), add(shelf, b"result", 40)
    gone_content, gone_result = add(shelf, b"content", 40), add(shelf, b"gone", 40)
    job = done(shelf, needed, result, 2)
    past = done(shelf, gone_content, gone_result, 31)
    sweep(shelf, Settings(keep_days=30))
    kept = {
        sha256 for sha256 in (old, fresh, needed, result, gone_content) if shelf.store.has(sha256)
    }
    assert kept == {fresh, needed, result}
    assert not shelf.store.has(gone_result)
    assert [path.name for path in (shelf.store.root / "jobs").iterdir()] == [job]
    assert Queue(shelf.database).find(past) is None
    with pytest.raises(NotThereError):
        shelf.file(old)


def test_where_it_is_full_the_oldest_go(shelf: Shelf) -> None:
    files = [add(shelf, bytes([number]) * 1000, days) for number, days in enumerate((3, 1, 2))]
    sweep(shelf, Settings(keep_bytes="2KB"))
    assert [shelf.store.has(sha256) for sha256 in files] == [False, True, True]
    job = done(shelf, files[1], files[2])
    sweep(shelf, Settings(keep_bytes="0KB"))
    assert Queue(shelf.database).find(job) is None
    assert not any(shelf.store.has(sha256) for sha256 in files)


def test_strays_of_dead_processes_go_when_they_are_old(shelf: Shelf) -> None:
    known = add(shelf, b"known")
    stray = shelf.store.path("a" * 64)
    stray.parent.mkdir(exist_ok=True)
    spooled, part = shelf.store.spooled(), shelf.store.made("x.part")
    for path in (stray, spooled):
        path.write_bytes(b"half")
    part.mkdir()
    sweep(shelf, Settings())
    assert stray.exists()
    assert spooled.exists()
    for path in (stray, spooled, part):
        os.utime(path, (time.time() - 2 * 3600,) * 2)
    sweep(shelf, Settings())
    assert not any(path.exists() for path in (stray, spooled, part))
    assert shelf.store.has(known)


def test_a_result_that_is_another_jobs_content_stays(shelf: Shelf) -> None:
    content, result = add(shelf, b"content"), add(shelf, b"result")
    first = done(shelf, content, result)
    second = done(shelf, result, content)
    forget(shelf, first)
    assert shelf.store.has(result)
    forget(shelf, second)
    assert not shelf.store.has(content)
