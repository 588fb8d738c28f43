"""Real servers on this machine's own address, each with a folder of its own."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from PIL import Image


@dataclass
class Running:
    """A server that runs, and a client of it."""

    url: str
    data: Path
    process: subprocess.Popen[Any]
    http: httpx.Client

    def children(self) -> dict[int, str]:
        """Return the processes that the server has started, and what each is."""
        found = {}
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                command = (entry / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
            except OSError:
                continue
            if parent == self.process.pid:
                found[int(entry.name)] = " ".join(command)
        return found


def start(data: Path, *flags: str, **environment: str) -> Running:
    """Start a server; it answers when this returns."""
    command = [sys.executable, "-m", "impasto", "serve", "--port", "0", "--data", str(data), *flags]
    env = {k: v for k, v in os.environ.items() if not k.startswith("IMPASTO_TOKEN")} | environment
    with open(data.with_name(f"{data.name}.log"), "a+") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=env)
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"(http://\S+)", line)
        if found is None:
            process.wait()
            process.stdout.close()
            log.seek(0)
            raise AssertionError(f"the server did not start: {line}{log.read()}")
    url = found[1].partition("?")[0].rstrip("/")
    return Running(url, data, process, httpx.Client(base_url=url, timeout=60, trust_env=False))


def stop(server: Running, how: int = signal.SIGTERM) -> None:
    """End a server, and wait for that."""
    server.http.close()
    server.process.send_signal(how)
    try:
        server.process.wait(30)
    finally:
        server.process.kill()
        server.process.wait()
        assert server.process.stdout is not None
        server.process.stdout.close()


@contextmanager
def running(data: Path, *flags: str, **environment: str) -> Iterator[Running]:
    """Have a server."""
    server = start(data, *flags, **environment)
    try:
        yield server
    finally:
        stop(server)


def wait_for(http: httpx.Client, job: str, seconds: float = 60) -> dict[str, Any]:
    """Return a job when it has ended."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found: dict[str, Any] = http.get(f"/v1/jobs/{job}").json()
        if found["state"] in ("done", "failed", "cancelled"):
            return found
        time.sleep(0.1)
    raise AssertionError(f"still {found['state']}: {json.dumps(found)[:500]}")


def png(height: int = 48, width: int = 64, number: int = 0) -> bytes:
    """Draw a picture, another one for each number, and return it as a PNG file."""
    y, x = np.mgrid[0:height, 0:width]
    planes = [np.sin(x / (3 + number % 7 + c) + y * c / 9 + number) for c in range(3)]
    pixels = np.uint8(np.rint(127.5 + 110 * np.stack(planes, 2)))
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()
