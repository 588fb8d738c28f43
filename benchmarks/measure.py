"""Times and their spread; commands in processes of their own, with the memory they took."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WATCH = Path(__file__).with_name("watch.py")


def spread(times: Sequence[float]) -> dict[str, float]:
    """Return median, tenth and ninetieth percentile."""
    low = high = times[0]
    if len(times) > 1:
        low, *_, high = statistics.quantiles(times, n=10, method="inclusive")
    found = {"median": statistics.median(times), "p10": low, "p90": high}
    return {name: significant(value) for name, value in found.items()}


def significant(value: float, digits: int = 4) -> float:
    """Return a number with so many digits that say something."""
    return float(f"{value:.{digits}g}")


def timed(call: Callable[[], Any], repeats: int, warm_up: int = 3) -> dict[str, float]:
    """Return median and spread of a call's milliseconds, after some that do not count."""
    for _ in range(warm_up):
        call()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        call()
        times.append(1e3 * (time.perf_counter() - started))
    return spread(times)


@dataclass(frozen=True)
class Ran:
    """Hold what a command printed, how long it took, and its largest resident memory."""

    output: str
    seconds: float
    peak_mb: float


class CommandError(Exception):
    """A command failed; says how."""


def run(command: Sequence[str]) -> Ran:
    """Run a command under a small watcher, as memory of who starts a process counts as its own.

    Raises:
        CommandError: it failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        note = Path(folder) / "note.json"
        watched = [sys.executable, "-S", "-E", str(WATCH), str(note), *command]
        done = subprocess.run(watched, capture_output=True, text=True)
        if done.returncode:
            last = done.stderr.strip().splitlines()[-1:] or [f"exit status {done.returncode}"]
            raise CommandError(last[0])
        return Ran(output=done.stdout, **json.loads(note.read_text()))


def interleaved(
    commands: Mapping[str, Sequence[str]], rounds: int
) -> dict[str, list[Ran] | CommandError]:
    """Run all commands in turn, `rounds` times; one that fails is not run again."""
    found: dict[str, list[Ran] | CommandError] = {name: [] for name in commands}
    for number in range(rounds):
        for name, command in commands.items():
            runs = found[name]
            if isinstance(runs, CommandError):
                continue
            started = time.monotonic()
            try:
                runs.append(run(command))
            except CommandError as error:
                found[name] = error
                print(f"  {name}: FAILED: {error}", flush=True)
                continue
            took = time.monotonic() - started
            print(f"  round {number + 1}: {name}: took {took:.1f} s", flush=True)
    return found


def ratio(theirs: Sequence[float], ours: Sequence[float]) -> dict[str, float]:
    """Return how many times as long they took, by round: median, least and most."""
    found = [a / b for a, b in zip(theirs, ours, strict=True)]
    values = {"median": statistics.median(found), "least": min(found), "most": max(found)}
    return {name: significant(value, 3) for name, value in values.items()}
