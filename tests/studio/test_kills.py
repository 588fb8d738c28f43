"""A short form of `kills`, and of the queue's promises by itself."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from impasto.errors import OptionError
from impasto.studio import queue as queues
from impasto.studio.database import Database
from impasto.studio.queue import LostError, Queue, QueueFullError
from tests.studio.kills import attack, examine
from tests.studio.servers import stop

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")


def test_nothing_is_lost_when_processes_are_killed(tmp_path: Path) -> None:
    server, load, hits = attack(tmp_path / "data", 3, seed=1, optimize=False, most=6, apart=0.5)
    try:
        assert set(hits) == {"serve", "worker", "live"}
        left = examine(server, load, 60)
        assert left["jobs"] >= 1
    finally:
        stop(server)


@pytest.fixture
def jobs(tmp_path: Path) -> Queue:
    return Queue(Database(tmp_path / "jobs.db"), most=3)


def test_a_lease_that_ran_out_is_the_next_ones(
    jobs: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    (job,), _ = jobs.submit("stylize", [{"n": 1}])
    first = jobs.claim("first")
    assert first is not None
    assert first["id"] == job["id"]
    assert jobs.claim("second") is None
    monkeypatch.setattr(queues, "LEASE", -1.0)
    jobs.give_back(job["id"], "first")
    assert jobs.claim("first") is not None  # its lease has run out at once
    monkeypatch.undo()
    assert jobs.claim("second") is not None
    with pytest.raises(LostError):
        jobs.beat(job["id"], "first")
    with pytest.raises(LostError):
        jobs.finish(job["id"], "first", "done", {"id": "a"})
    jobs.finish(job["id"], "second", "done", {"id": "b"})
    with pytest.raises(LostError):
        jobs.finish(job["id"], "second", "done", {"id": "c"})
    assert jobs.get(job["id"])["result"] == '{"id": "b"}'


def test_a_job_at_which_workers_die_fails(jobs: Queue) -> None:
    (job,), _ = jobs.submit("stylize", [{}])
    for number in range(10):
        assert jobs.get(job["id"])["state"] == "queued"
        assert jobs.claim(f"w{number}") is not None
        jobs.release(f"w{number}")
    assert jobs.get(job["id"])["state"] == "failed"
    assert "10 workers died" in jobs.get(job["id"])["error"]


def test_servers_that_end_are_not_the_jobs_fault(jobs: Queue) -> None:
    (job,), _ = jobs.submit("stylize", [{}])
    for number in range(9):
        assert jobs.claim(f"w{number}") is not None
        jobs.release()
    assert jobs.get(job["id"])["state"] == "queued"


def test_all_or_none(jobs: Queue) -> None:
    jobs.submit("stylize", [{}, {}])
    with pytest.raises(QueueFullError):
        jobs.submit("stylize", [{}, {}])
    assert jobs.waiting == 2
    one, new = jobs.submit("video", [{}], key="k")
    assert new
    assert jobs.submit("video", [{}], key="k")[0][0]["id"] == one[0]["id"]
    with pytest.raises(OptionError, match="Idempotency-Key"):
        jobs.submit("video", [{"other": 1}], key="k")


def test_what_is_wanted(jobs: Queue) -> None:
    (first, second), _ = jobs.submit("stylize", [{}, {}])
    assert jobs.position(second["id"]) == 1
    jobs.want(first["id"], "pause")
    assert jobs.get(first["id"])["state"] == "paused"
    taken = jobs.claim("w")
    assert taken is not None
    assert taken["id"] == second["id"]
    jobs.want(second["id"], "cancel")
    assert jobs.beat(second["id"], "w") == "cancel"
    jobs.release("w")  # which died before it could
    assert jobs.get(second["id"])["state"] == "cancelled"
    jobs.want(second["id"], "resume")
    assert jobs.get(second["id"])["state"] == "cancelled"
    jobs.want(first["id"], "resume")
    assert jobs.get(first["id"])["state"] == "queued"
