"""Processes of `live`, as the server sees them: started, asked, and started anew when they die."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
import sys
from contextlib import suppress
from typing import Any

from impasto.errors import ImageError
from impasto.studio import problems

_LINE = 2**24  # bytes of an answer


class BusyError(Exception):
    """Say that too much waits; `seconds` is when to come back."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds


class _DiedError(Exception):
    """The process ended before it answered."""


class Pool:
    """Ask a process for things; several may be asked for at once.

    A process that dies, or takes longer than `seconds` at something, is started anew. What else it
    was at is then asked for once more: it was another task's fault.
    """

    def __init__(self, about: dict[str, Any], seconds: float, most: int) -> None:
        self.about, self.seconds, self.most = about, seconds, most
        self.restarts = 0
        self._process: asyncio.subprocess.Process | None = None
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._numbers, self._starting = itertools.count(), asyncio.Lock()
        self._listening: asyncio.Task[None] | None = None
        self._mean = 0.2  # seconds that an answer took lately

    @property
    def waiting(self) -> int:
        """Return how many tasks wait for an answer."""
        return len(self._waiting)

    @property
    def pid(self) -> int | None:
        """Return the number of the process, if there is one."""
        return self._process.pid if self._process else None

    async def ask(self, do: str, **task: Any) -> dict[str, Any]:
        """Return what the process answers.

        Raises:
            BusyError: too many others wait.
            ImpastoError: what the task raised, or that it took too much time or memory.
        """
        if self.waiting >= self.most:
            raise BusyError(max(1.0, self._mean * self.waiting / 4))
        loop = asyncio.get_running_loop()
        started = loop.time()
        for attempt in (1, 2):
            try:
                answer = await asyncio.wait_for(
                    self._once({"do": do, **task}), self.seconds * (1 + self.waiting / 8)
                )
            except TimeoutError:
                self.kill()
                raise ImageError(
                    f"this took more than {self.seconds:g} seconds: use a smaller picture, or make"
                    " a job of it"
                ) from None
            except _DiedError:
                if attempt == 1:
                    continue
                raise ImageError(
                    "the process that read this picture ended: it is damaged, or takes more memory"
                    " than the server gives to one"
                ) from None
            break
        self._mean += 0.1 * (loop.time() - started - self._mean)
        if "error" in answer:
            raise problems.from_plain(answer["error"])
        result: dict[str, Any] = answer["result"]
        return result

    async def _once(self, task: dict[str, Any]) -> dict[str, Any]:
        process = await self._started()
        number = next(self._numbers)
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            assert process.stdin is not None
            process.stdin.write(json.dumps({"id": number, **task}).encode() + b"\n")
            with suppress(ConnectionError):
                await process.stdin.drain()
            return await answer
        finally:
            self._waiting.pop(number, None)

    async def _started(self) -> asyncio.subprocess.Process:
        async with self._starting:
            if self._process is None or self._process.returncode is not None:
                self._process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-m", "impasto.studio.live", json.dumps(self.about)),
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    limit=_LINE,
                    env=os.environ | {"PYTHONUNBUFFERED": "1"},
                    start_new_session=True,
                )
                self._listening = asyncio.create_task(self._listen(self._process))
            return self._process

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        with suppress(ValueError):  # a line that is too long
            async for line in process.stdout:
                answer = json.loads(line)
                future = self._waiting.get(answer["id"])
                if future is not None and not future.done():
                    future.set_result(answer)
        end(process)
        await process.wait()
        self.restarts += 1
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(_DiedError())

    async def start(self) -> None:
        """Start the process, so that the first task need not wait for it."""
        await self._started()

    def kill(self) -> None:
        """End the process, whatever it is at."""
        if self._process is not None:
            end(self._process)

    async def close(self) -> None:
        """End the process, and wait for that."""
        self.kill()
        if self._listening is not None:
            await self._listening


def end(process: asyncio.subprocess.Process) -> None:
    """Kill a process so that asyncio learns of its end, which its own `kill` may take away."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.kill(process.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
