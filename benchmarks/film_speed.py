"""Films as whole commands: frames a second at 1280x720, and memory over a long film.

    python -m benchmarks.film_speed [--frames 300] [--rounds 3] [--long 10000]

A drawing moves, with a camera's noise and something that passes before it, in H.264. Decoding,
encoding and the start of the process are in the times. `--long` also paints a film of so many
frames at 320x180 and samples the memory that the process holds.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks.machine import quietest, save
from benchmarks.measure import CommandError, interleaved, spread
from impasto.drawn import draw
from impasto.metrics.moving import Moves, MovingPicture
from impasto.video import Frame, write_frames

RATE = 30
MOVES = Moves(shift=(0.8, 0.3), sway=2, disc=90)
LAYERS = {"without flow": "0", "with flow": "1"}


def moving(frames: int, height: int, width: int) -> Iterator[Frame]:
    """Yield so many frames; after a while they begin again, as a cut would."""
    film = MovingPicture(draw("watercolor", size=2048), height, width, MOVES)
    rng = np.random.default_rng(0)
    for number in range(frames):
        clean = film.frame(number % 240)
        pixels = np.float32(clean + rng.normal(0, 0.008, clean.shape)).clip(0, 1)
        yield Frame(pixels, Fraction(number, RATE), Fraction(1, RATE), number)


def command(film: Path, temporal: str) -> list[str]:
    """Return the command that paints a film."""
    out = str(film.with_name("out.mp4"))
    flags = ["-s", "starry-night", "-o", out, "--temporal", temporal, "--force", "-q"]
    return [sys.executable, "-m", "impasto", "video", str(film), *flags]


def speed(folder: Path, frames: int, rounds: int) -> dict[str, Any]:
    """Return frames a second of whole commands, by layer."""
    film = folder / "film.mp4"
    write_frames(film, moving(frames, 720, 1280))
    commands = {name: command(film, temporal) for name, temporal in LAYERS.items()}
    interleaved(commands, 1)
    runs, stolen = quietest(lambda: interleaved(commands, rounds), tries=2)
    found: dict[str, Any] = {"frames": frames, "stolen": stolen}
    for name, each in runs.items():
        if isinstance(each, CommandError):
            raise each
        rates = spread([frames / ran.seconds for ran in each])
        found[name] = {"frames_per_second": rates, "peak_mb": max(ran.peak_mb for ran in each)}
    return found


def memory(folder: Path, frames: int) -> dict[str, Any]:
    """Return the resident memory in MB while a long film is painted, every tenth of the time."""
    film = folder / "long.mp4"
    write_frames(film, moving(frames, 180, 320))
    started, samples = time.monotonic(), []
    with subprocess.Popen(command(film, "1")) as process:
        watched = psutil.Process(process.pid)
        while process.poll() is None:
            try:
                samples.append(watched.memory_info().rss / 2**20)
            except psutil.NoSuchProcess:
                break
            time.sleep(1)
    if process.returncode:
        raise SystemExit("the long film failed")
    tenths = [round(samples[i * (len(samples) - 1) // 10]) for i in range(11)]
    seconds = round(time.monotonic() - started, 1)
    return {"frames": frames, "seconds": seconds, "resident_mb": tenths}


def main() -> None:
    """Measure, and write results/film_speed.json."""
    parser = ArgumentParser()
    parser.add_argument("--frames", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--long", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = speed(Path(folder), given.frames, given.rounds)
        print(found, flush=True)
        if given.long:
            found["long"] = memory(Path(folder), given.long)
    save("film_speed", "python -m benchmarks.film_speed " + " ".join(sys.argv[1:]), found)


if __name__ == "__main__":
    main()
