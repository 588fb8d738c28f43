"""Kill the server and its processes at random moments, under load, and look at what is left.

    python -m tests.studio.kills --moments 20

Jobs are asked for all the while, each by a key of its own until the server has said yes. At each
moment `kill -9` hits the server, a worker, or the process that paints at once; every second time
the server is asked to end instead. It is started again. In the end every job that was promised must
be done, once, with a whole result that is the same picture as any other run of the same job, and
nothing else may be left.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import signal
import sqlite3
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Any

import httpx

from tests.studio.servers import Running, png, start, stop

STYLES = ("ink", "neon", "mosaic")


@dataclass
class Load:
    """Ask for jobs all the while, from whichever server runs."""

    server: Running
    seed: int
    optimize: bool
    most: int
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)  # what was promised
    painted: int = 0
    ends: int = 0
    over: Event = field(default_factory=Event)

    def run(self) -> None:
        """Ask until it is over."""
        rng, number = random.Random(self.seed), 0
        while not self.over.is_set() and number < self.most:
            content = png(96, 128, number % 4)
            while not self.over.is_set():
                try:
                    self._ask(rng, number, content)
                    break
                except (httpx.HTTPError, RuntimeError, KeyError):  # it is closed, or full
                    time.sleep(0.1)
            number += 1

    def _ask(self, rng: random.Random, number: int, content: bytes) -> None:
        http = self.server.http
        file = http.post("/v1/files", files={"file": ("photo.png", content)}).json()["id"]
        request: dict[str, Any] = {"content": file, "styles": [{"name": rng.choice(STYLES)}]}
        if self.optimize and number % 2 == 0:
            request["styles"] = [{"file": file}]
            request["options"] = {"quality": "balanced", "steps": 40, "init": "content"}
        answer = http.post("/v1/jobs", json=request, headers={"Idempotency-Key": f"n{number}"})
        self.jobs[answer.json()["id"]] = request
        if number % 3 == 0:
            form = {"content_id": file, "style_name": "ink", "request": '{"longest": 64}'}
            self.painted += http.post("/v1/stylize", data=form).status_code == 200
        time.sleep(rng.random() * 0.3)


def attack(
    data: Path,
    moments: int,
    seed: int,
    *,
    optimize: bool = True,
    most: int = 10**6,
    apart: float = 2.0,
) -> tuple[Running, Load, Counter[str]]:
    """Kill something at so many moments; return the server that runs then, and what was killed."""
    rng, hits = random.Random(seed), Counter[str]()
    load = Load(start(data, "--workers", "2"), seed, optimize, most)
    thread = Thread(target=load.run)
    thread.start()
    targets = ["serve", "worker", "live"]
    try:
        while not load.jobs:
            time.sleep(0.05)
        for moment in range(moments):
            time.sleep(apart * (0.25 + rng.random()))
            # each at least once, however few moments there are
            target = targets[moment] if moment < len(targets) else rng.choice(targets)
            if _hit(load, target, rng):
                hits[target] += 1
    finally:
        load.over.set()
        thread.join()
    return load.server, load, hits


def _hit(load: Load, target: str, rng: random.Random) -> bool:
    server = load.server
    if target == "worker":  # at work, not before
        for _ in range(60):
            if _at_work(server.data):
                break
            time.sleep(0.05)
        time.sleep(rng.random() * 0.3)
    if target == "serve":
        children = server.children()
        # every second time it is asked to end, as by a system that is shut down
        load.ends += 1
        stop(server, signal.SIGKILL if load.ends % 2 else signal.SIGTERM)
        load.server = start(server.data, "--workers", "2")
        assert not [pid for pid in children if _lives(pid)], "a process outlived its server"
        return True
    pids = [pid for pid, command in server.children().items() if f"studio.{target}" in command]
    if not pids:
        return False  # it is just being started
    os.kill(rng.choice(pids), signal.SIGKILL)
    return True


def _at_work(data: Path) -> bool:
    with sqlite3.connect(data / "jobs.db") as db:
        sql = "SELECT 1 FROM jobs WHERE state = 'running'"
        return db.execute(sql).fetchone() is not None


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def examine(server: Running, load: Load, seconds: float = 300) -> dict[str, Any]:
    """Return what is left, when every job has ended.

    Raises:
        AssertionError: a job is lost, failed, was done twice, or its result is not whole.
    """
    http, end = server.http, time.monotonic() + seconds
    states: Counter[str] = Counter()
    while time.monotonic() < end:
        found = {job: _get(http, f"/v1/jobs/{job}").json() for job in load.jobs}
        states = Counter(job["state"] for job in found.values())
        if not states["queued"] + states["running"]:
            break
        time.sleep(0.3)
    assert states == {"done": len(load.jobs)}, (states, [j["error"] for j in found.values()])
    pixels: dict[str, set[str]] = {}
    for job, about in found.items():
        result = _get(http, f"/v1/jobs/{job}/result").content
        assert hashlib.sha256(result).hexdigest() == about["result"]["id"], "half a result"
        same = repr(sorted(load.jobs[job].items(), key=str))
        pixels.setdefault(same, set()).add(_pixels(result))
    assert all(len(each) == 1 for each in pixels.values()), "the same job, two pictures"
    with sqlite3.connect(server.data / "jobs.db") as db:
        kept = {row[0] for row in db.execute("SELECT id FROM jobs")}
        ends = Counter(row[0] for row in db.execute("SELECT job FROM events WHERE kind = 'end'"))
        begun = Counter(
            row[0]
            for row in db.execute(
                "SELECT job FROM events WHERE kind = 'state' AND data LIKE '%running%'"
            )
        )
    assert kept == set(load.jobs), "a job that nobody asked for, or one less"
    assert set(ends.values()) == {1}, "a job that ended twice"
    # what a request had under way when it was killed is gone with the next start
    assert len(list((server.data / "spool").iterdir())) <= 3
    again = sum(count - 1 for count in begun.values())
    return {"jobs": len(kept), "begun again": again, "painted at once": load.painted}


def _get(http: httpx.Client, url: str) -> httpx.Response:
    """Ask, and once more where a kept connection has ended: this process may have been stopped."""
    try:
        return http.get(url)
    except httpx.TransportError:
        return http.get(url)


def _pixels(data: bytes) -> str:
    import io

    from PIL import Image

    return hashlib.sha256(Image.open(io.BytesIO(data)).tobytes()).hexdigest()


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moments", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server, load, hits = attack(Path(folder) / "data", asked.moments, asked.seed)
        try:
            left = examine(server, load)
        finally:
            stop(server)
    killed = ", ".join(f"{name} {count} times" for name, count in sorted(hits.items()))
    print(f"killed: {killed}")
    print(", ".join(f"{name}: {count}" for name, count in left.items()) + "; nothing lost")


if __name__ == "__main__":
    main()
