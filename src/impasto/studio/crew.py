"""The worker processes: started, watched, started anew when they die, and ended with the server."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import sys
from contextlib import suppress

from impasto.engine import usable_cores
from impasto.studio.pool import end
from impasto.studio.queue import Queue
from impasto.studio.settings import Settings

_NICE = 10
_PATIENCE = 10.0  # seconds that a worker has to put its job back
_MOST_PAUSED = 4  # workers that may wait at paused jobs while others take their place
_SOON, _LATER = 0.2, 10.0  # seconds before one is started anew, that died at work or at once


class Crew:
    """Keep so many workers at work; while one waits at a paused job, there is one more.

    Each has its share of the cores. They run at low priority, as what is painted at once is waited
    for.
    """

    def __init__(self, settings: Settings, queue: Queue) -> None:
        self.settings, self.queue = settings, queue
        self.threads = max(1, usable_cores() // settings.workers)
        self.deaths = 0
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._surplus: set[str] = set()
        self._numbers, self._closing = itertools.count(1), False

    @property
    def pids(self) -> list[int]:
        """Return the numbers of the processes that run."""
        return [process.pid for process in self._processes.values()]

    async def start(self) -> None:
        """Start all workers; what workers before had is to be done again."""
        await asyncio.to_thread(self.queue.release)
        for _ in range(self.settings.workers):
            self._hire()
        self._tasks.append(asyncio.create_task(self._watch()))

    def _hire(self) -> None:
        self._tasks.append(asyncio.create_task(self._keep()))

    async def _keep(self) -> None:
        """Have one worker, and another one when it dies."""
        loop = asyncio.get_running_loop()
        while not self._closing:
            name, began = f"{os.getpid()}-{next(self._numbers)}", loop.time()
            process = await self._started(name)
            self._processes[name] = process
            await process.wait()
            del self._processes[name]
            await asyncio.to_thread(self.queue.release, name)
            if name in self._surplus:
                self._surplus.discard(name)
                return
            if not self._closing:
                self.deaths += 1
                await asyncio.sleep(_SOON if loop.time() - began > 5 else _LATER / 5)

    async def _started(self, name: str) -> asyncio.subprocess.Process:
        about = {
            "root": str(self.settings.folder.resolve()), "name": name, "threads": self.threads,
            "pixels": self.settings.max_pixels, "nice": _NICE,
        }  # fmt: skip
        # threads that wait in a loop would take the others' cores
        own = {"OMP_NUM_THREADS": str(self.threads), "OMP_WAIT_POLICY": "passive"}
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "impasto.studio.worker", json.dumps(about)),
            stdin=asyncio.subprocess.PIPE,
            env=os.environ | own,
            start_new_session=True,  # so that Ctrl-C is the server's to handle
        )

    async def _watch(self) -> None:
        """Have one worker more for each that waits at a paused job, and no longer than that."""
        while not self._closing:
            await asyncio.sleep(0.5)
            sql = "SELECT worker, state FROM jobs WHERE worker IS NOT NULL"
            busy = {row["worker"]: row["state"] for row in self.queue.database.all(sql)}
            paused = sum(state == "paused" for state in busy.values())
            wanted = self.settings.workers + min(paused, _MOST_PAUSED)
            there = len(self._processes) - len(self._surplus)
            if there < wanted and self._all_run():
                self._hire()
            idle = [
                name for name in self._processes if name not in busy | dict.fromkeys(self._surplus)
            ]
            if there > wanted and idle:
                self._surplus.add(idle[0])
                self._send_home(idle[0])

    def _all_run(self) -> bool:
        """Return whether no worker is just being started."""
        keepers = sum(not task.done() for task in self._tasks) - 1
        return keepers == len(self._processes)

    def _send_home(self, name: str) -> None:
        stdin = self._processes[name].stdin
        if stdin is not None:
            with suppress(ConnectionError, RuntimeError):
                stdin.write(b"stop\n")

    async def close(self) -> None:
        """Let every worker put its job back, and end it."""
        self._closing = True
        for name in list(self._processes):
            self._send_home(name)
        tasks = [task for task in self._tasks if not task.done()]
        _, left = await asyncio.wait(tasks, timeout=_PATIENCE) if tasks else (None, set())
        for process in list(self._processes.values()):
            end(process)
        if left:
            await asyncio.wait(left, timeout=_PATIENCE)
