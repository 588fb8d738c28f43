"""The queue of jobs: leases with a heartbeat, so that a worker that dies loses none.

A job's way: queued -> running -> done, failed or cancelled; paused is between. Whoever works at a
job holds its lease and renews it. A lease that ran out is given to the next, and only its holder
may finish the job: there are never two results.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping, Sequence
from typing import Any

from impasto.errors import OptionError
from impasto.studio.database import Database
from impasto.studio.ids import new_id

LEASE = 15.0  # seconds
ENDED = ("done", "failed", "cancelled")
STATES = ("queued", "running", "paused", *ENDED)
_MOST_ATTEMPTS = 10  # a job at which so many workers died kills them
_TOLD = 100  # events of progress that are kept of a job


class QueueFullError(Exception):
    """Say that no job may wait any more."""


class Queue:
    """Hold jobs in the database."""

    def __init__(self, database: Database, most: int = 100) -> None:
        self.database, self.most = database, most

    def submit(
        self, kind: str, requests: Sequence[Mapping[str, Any]], key: str | None = None
    ) -> tuple[list[sqlite3.Row], bool]:
        """Add jobs, all or none; return them, and whether they are new or were there by their key.

        Raises:
            QueueFullError: too many wait.
            OptionError: there are other jobs of this key.
        """
        texts = [json.dumps(request, sort_keys=True) for request in requests]
        keys = [None if key is None else f"{key}/{number}" for number in range(len(texts))]
        with self.database.transaction() as db:
            known = _known(db, kind, texts, keys)
            if known:
                return known, False
            if self.waiting + len(texts) > self.most:
                raise QueueFullError
            jobs = []
            for text, one in zip(texts, keys, strict=True):
                jobs.append(new_id())
                db.execute(
                    "INSERT INTO jobs (id, kind, state, created, request, key)"
                    " VALUES (?, ?, 'queued', ?, ?, ?)",
                    (jobs[-1], kind, time.time(), text, one),
                )
                _tell_state(db, jobs[-1])
        return [self.get(job) for job in jobs], True

    def keep(self, origin: sqlite3.Row, step: int, result: Mapping[str, Any]) -> sqlite3.Row | None:
        """Add what a job had made at a step, as a job that is done; return that, new or not."""
        key, now = f"step {step} of {origin['id']}", time.time()
        row = (new_id(), origin["kind"], now, now, origin["request"], json.dumps(result), key)
        with self.database.transaction() as db:
            db.execute(
                "INSERT OR IGNORE INTO jobs (id, kind, state, created, ended, request, result, key)"
                " VALUES (?, ?, 'done', ?, ?, ?, ?, ?)",
                row,
            )
        return self.database.one("SELECT * FROM jobs WHERE key = ?", key)

    @property
    def waiting(self) -> int:
        """Return how many jobs wait."""
        return self.database.count("state = 'queued'")

    def find(self, job: str) -> sqlite3.Row | None:
        """Return a job, or None."""
        return self.database.one("SELECT * FROM jobs WHERE id = ?", job)

    def get(self, job: str) -> sqlite3.Row:
        """Return a job that is there."""
        found = self.find(job)
        if found is None:
            raise KeyError(job)
        return found

    def position(self, job: str) -> int:
        """Return how many wait before this one."""
        return self.database.count("state = 'queued' AND id < ?", job)

    def claim(self, worker: str) -> sqlite3.Row | None:
        """Take the job that has waited longest, or None."""
        if self.waiting == 0 and not self._expired():
            return None
        with self.database.transaction() as db:
            self._free(db, "lease < ?", time.time())
            row = db.execute(
                "SELECT id FROM jobs WHERE state = 'queued' ORDER BY id LIMIT 1"
            ).fetchone()
            if row is None:
                return None
            db.execute(
                "UPDATE jobs SET state = 'running', worker = ?, lease = ?, started = ?,"
                " wanted = NULL, attempts = attempts + 1 WHERE id = ?",
                (worker, time.time() + LEASE, time.time(), row["id"]),
            )
            _tell_state(db, row["id"])
        return self.get(row["id"])

    def beat(self, job: str, worker: str) -> str | None:
        """Renew the lease; return what somebody wants of the job: "cancel", "pause" or None.

        Raises:
            LostError: another worker has it by now, or nobody.
        """
        row = self.database.one("SELECT worker, lease, wanted FROM jobs WHERE id = ?", job)
        if row is None or row["worker"] != worker:
            raise LostError(job)
        if row["lease"] < time.time() + 0.7 * LEASE:
            with self.database.transaction() as db:
                _held(db, "lease = ?", (time.time() + LEASE,), job, worker)
        wanted: str | None = row["wanted"]
        return wanted

    def set_state(self, job: str, worker: str, state: str) -> None:
        """Say whether the job runs or is paused."""
        with self.database.transaction() as db:
            _held(db, "state = ?", (state,), job, worker)
            _tell_state(db, job)

    def report(
        self,
        job: str,
        worker: str,
        progress: Mapping[str, Any],
        losses: Mapping[int, Mapping[str, float]],
        preview: Mapping[str, Any] | None = None,
    ) -> None:
        """Keep how far a job is, the losses of its last steps, and say that there is a picture."""
        text = json.dumps(progress)
        with self.database.transaction() as db:
            _held(db, "progress = ?", (text,), job, worker)
            db.executemany(
                "INSERT OR REPLACE INTO losses VALUES (?, ?, ?)",
                [(job, step, json.dumps(dict(terms))) for step, terms in losses.items()],
            )
            _tell(db, job, "progress", text)
            if preview is not None:
                _tell(db, job, "preview", json.dumps(preview))
            db.execute(
                "DELETE FROM events WHERE job = ? AND kind = 'progress' AND id <= ("
                "SELECT id FROM events WHERE job = ? AND kind = 'progress'"
                " ORDER BY id DESC LIMIT 1 OFFSET ?)",
                (job, job, _TOLD),
            )

    def begin(self, job: str) -> None:
        """Forget what a worker before has told of a job."""
        with self.database.transaction() as db:
            db.execute("DELETE FROM losses WHERE job = ?", (job,))
            db.execute("DELETE FROM events WHERE job = ? AND kind != 'state'", (job,))
            db.execute("UPDATE jobs SET progress = NULL WHERE id = ?", (job,))

    def finish(
        self,
        job: str,
        worker: str,
        state: str,
        result: Mapping[str, Any] | None = None,
        error: str | None = None,
    ) -> None:
        """End a job.

        Raises:
            LostError: this worker does not hold it any more; what it has made is not the result.
        """
        text = None if result is None else json.dumps(result)
        with self.database.transaction() as db:
            _held(
                db,
                "state = ?, result = ?, error = ?, ended = ?, wanted = NULL, worker = NULL,"
                " lease = NULL",
                (state, text, error, time.time()),
                job,
                worker,
            )
            _tell_state(db, job)
            _tell(db, job, "end", json.dumps({"state": state, "error": error}))

    def release(self, worker: str | None = None) -> None:
        """Give back what a worker that ended had, or all of them."""
        with self.database.transaction() as db:
            if worker is None:  # when a server begins: it was not the jobs' fault that one ended
                db.execute("UPDATE jobs SET attempts = attempts - 1 WHERE state = 'running'")
                self._free(db, "worker IS NOT NULL")
            else:
                self._free(db, "worker = ?", worker)

    def give_back(self, job: str, worker: str) -> None:
        """Put a job back that did not fail: the server ends."""
        with self.database.transaction() as db:
            _held(db, "attempts = attempts - 1", (), job, worker)
            self._free(db, "id = ?", job)

    def want(self, job: str, what: str) -> None:
        """Ask for a job to be cancelled, paused or resumed; one that has ended stays as it is."""
        with self.database.transaction() as db:
            row = db.execute("SELECT state, worker FROM jobs WHERE id = ?", (job,)).fetchone()
            if row is None or row["state"] in ENDED:
                return
            if row["worker"] is not None:
                wanted = None if what == "resume" else what
                db.execute("UPDATE jobs SET wanted = ? WHERE id = ?", (wanted, job))
                return
            state = {"cancel": "cancelled", "pause": "paused", "resume": "queued"}[what]
            ended = time.time() if state in ENDED else None
            db.execute("UPDATE jobs SET state = ?, ended = ? WHERE id = ?", (state, ended, job))
            _tell_state(db, job)
            if state in ENDED:
                _tell(db, job, "end", json.dumps({"state": state, "error": None}))

    def remove(self, job: str) -> None:
        """Delete a job and what is known of it; whoever works at it finds that it is gone."""
        with self.database.transaction() as db:
            db.execute("DELETE FROM jobs WHERE id = ?", (job,))
            db.execute("DELETE FROM events WHERE job = ?", (job,))
            db.execute("DELETE FROM losses WHERE job = ?", (job,))

    def _expired(self) -> bool:
        return self.database.one("SELECT 1 FROM jobs WHERE lease < ?", time.time()) is not None

    def _free(self, db: sqlite3.Connection, where: str, *values: Any) -> None:
        """Take the leases of some jobs away; they wait again, but for those that were to end."""
        rows = db.execute(
            f"SELECT id, state, wanted, attempts FROM jobs WHERE worker IS NOT NULL AND {where}",
            values,
        ).fetchall()
        for row in rows:
            state, error = ("queued" if row["state"] == "running" else row["state"]), None
            if row["wanted"] == "cancel":
                state = "cancelled"
            elif row["attempts"] >= _MOST_ATTEMPTS:
                state, error = "failed", f"{row['attempts']} workers died at this job"
            ended = time.time() if state in ENDED else None
            db.execute(
                "UPDATE jobs SET state = ?, error = ?, ended = ?, worker = NULL, lease = NULL,"
                " wanted = NULL WHERE id = ?",
                (state, error, ended, row["id"]),
            )
            _tell_state(db, row["id"])
            if ended:
                _tell(db, row["id"], "end", json.dumps({"state": state, "error": error}))


class LostError(Exception):
    """Say that a worker does not hold a job any more."""


def _known(
    db: sqlite3.Connection, kind: str, texts: Sequence[str], keys: Sequence[str | None]
) -> list[sqlite3.Row]:
    """Return the jobs of these keys, if they are there.

    Raises:
        OptionError: they ask for something else.
    """
    if not keys or keys[0] is None:
        return []
    sql = "SELECT * FROM jobs WHERE key = ?"
    rows = [db.execute(sql, (key,)).fetchone() for key in keys]
    if rows[0] is None:
        return []
    found = [(row["kind"], row["request"]) for row in rows if row is not None]
    if found != [(kind, text) for text in texts]:
        raise OptionError("Idempotency-Key: another job has it; take a new one")
    return rows


def _held(
    db: sqlite3.Connection, what: str, values: tuple[Any, ...], job: str, worker: str
) -> None:
    """Change a job, if this worker holds it."""
    done = db.execute(f"UPDATE jobs SET {what} WHERE id = ? AND worker = ?", (*values, job, worker))
    if done.rowcount != 1:
        raise LostError(job)


def _tell(db: sqlite3.Connection, job: str, kind: str, data: str) -> None:
    db.execute("INSERT INTO events (job, kind, data) VALUES (?, ?, ?)", (job, kind, data))


def _tell_state(db: sqlite3.Connection, job: str) -> None:
    row = db.execute("SELECT state FROM jobs WHERE id = ?", (job,)).fetchone()
    _tell(db, job, "state", json.dumps({"state": row["state"]}))
