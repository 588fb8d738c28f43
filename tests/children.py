"""Processes that do not outlive the test that started them, however it ends."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any


@contextmanager
def child(command: Sequence[str], **rest: Any) -> Iterator[subprocess.Popen[Any]]:
    """Start a process with pipes for what it says, and kill it if it still runs at the end."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | rest
    with subprocess.Popen(command, **pipes) as process:
        try:
            yield process
        finally:
            process.kill()
