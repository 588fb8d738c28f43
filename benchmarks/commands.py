"""Whole commands in fresh processes, from file to file: how long, and how much memory.

    python -m benchmarks.commands

prints them; benchmarks/speed.py runs them among all else. `phases` does what the command does, by
the same functions in a process of its own, and says what takes the time.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.measure import CommandError, Ran, interleaved, run, spread

STYLE = "starry-night"
FIRST, PHOTO, LARGE = "512x512", "1920x1080", "3840x2160"
_REST = "start and end of the process"
HUGE = 32768  # side of the picture of a thousand million pixels
IMPASTO = (sys.executable, "-m", "impasto")
PHASES = (sys.executable, "-m", "benchmarks.commands", "--phases")
UNKEPT = ", no graph kept"


def commands(rounds: int) -> dict[str, Any]:
    """Return seconds and memory by command.

    Graphs that an earlier process compiled are kept for the next; the commands that end in "no
    graph kept" do without.
    """
    with tempfile.TemporaryDirectory() as folder:
        wanted: dict[str, list[str]] = {
            "python alone": [sys.executable, "-c", "pass"],
            "--help": [*IMPASTO, "--help"],
        }
        inside: dict[str, list[str]] = {}
        for size in (FIRST, PHOTO, LARGE):
            photo = _written(Path(folder) / f"{size}.jpg", *map(int, size.split("x")))
            command = _stylize(photo, photo.with_name("out.jpg"))
            run(_with_cache(str(Path(folder) / "cache"), command))
            for what, cache in (("", str(Path(folder) / "cache")), (UNKEPT, "off")):
                name = f"{size} JPEG to JPEG{what}"
                wanted[name] = _with_cache(cache, command)
                if size != PHOTO:
                    inside[name] = _with_cache(cache, [*PHASES, folder, size])
        result = {name: _row(runs) for name, runs in interleaved(wanted, rounds).items()}
        for name, command in inside.items():
            result[name]["phases"] = _phases(command)
    return result


def _with_cache(where: str, command: Sequence[str]) -> list[str]:
    return ["env", f"IMPASTO_CACHE={where}", *command]


def gigapixel(side: int = HUGE, memory: str = "1.4GB", where: Path | None = None) -> dict[str, Any]:
    """Return seconds and memory of a picture too large to hold, from file to file."""
    with tempfile.TemporaryDirectory(dir=where) as folder:
        photo = _written(Path(folder) / "big.tif", side, side)
        command = [*_stylize(photo, photo.with_name("out.tif")), "--memory", memory]
        try:
            done = run(command)
        except CommandError as error:
            return {"failed": str(error)}
        return _row([done]) | {
            "size": f"{side}x{side}",
            "memory": memory,
            "mpx_per_s": round(side**2 / 1e6 / done.seconds, 2),
        }


def phases(photo: Path) -> dict[str, float]:
    """Return the milliseconds of each phase of the command."""
    found: dict[str, float] = {}

    @contextmanager
    def phase(name: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        found[name] = round(1e3 * (time.perf_counter() - started), 1)

    with phase("import"):
        from impasto import api
        from impasto.cli import stylize  # noqa: F401
        from impasto.job import Job
        from impasto.methods.realtime.options import RealtimeOptions
    with phase("load the photo, prepare the style"):
        job = Job.open(photo, [STYLE], None, RealtimeOptions())
    with phase("stylize, the graph compiled or read"):
        result = job.run()
    with phase("save"):
        api.save(photo.with_name("again.jpg"), result)
    with phase("stylize again"):
        job.run()
    return found


def _phases(command: Sequence[str], repeats: int = 3) -> dict[str, float]:
    """Return the medians of the phases of a command, and of what is before and after them."""
    rows: list[dict[str, float]] = []
    for _ in range(repeats):
        done = run(command)
        known = json.loads(done.output)
        rows.append({_REST: 1e3 * done.seconds - sum(known.values())} | known)
    return {name: round(statistics.median(row[name] for row in rows), 1) for name in rows[0]}


def _stylize(photo: Path, out: Path) -> list[str]:
    return [*IMPASTO, "stylize", str(photo), "-s", STYLE, "-o", str(out), "--force", "--quiet"]


def _written(path: Path, width: int, height: int) -> Path:
    """Write a photo in a process of its own, so that this one stays small."""
    command = [sys.executable, "-m", "benchmarks.pictures", str(width), str(height), str(path)]
    subprocess.run(command, check=True)
    return path


def _row(runs: list[Ran] | CommandError) -> dict[str, Any]:
    if isinstance(runs, CommandError):
        return {"failed": str(runs)}
    return {
        "seconds": spread([done.seconds for done in runs]),
        "peak_mb": max(done.peak_mb for done in runs),
    }


def main() -> None:
    parser = ArgumentParser()
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--gigapixel", action="store_true", help="the largest picture, and only it")
    parser.add_argument("--side", type=int, default=HUGE, help="of the largest picture")
    parser.add_argument("--phases", nargs=2, metavar=("FOLDER", "SIZE"), help="of one command")
    given = parser.parse_args()
    if given.phases:
        folder, size = given.phases
        print(json.dumps(phases(Path(folder) / f"{size}.jpg")))
    elif given.gigapixel:
        print(json.dumps(gigapixel(given.side), indent=1))
    else:
        print(json.dumps(commands(given.rounds), indent=1))


if __name__ == "__main__":
    main()
