"""Seconds a step and peak memory of the optimiser, by backbone and size, from 256 px to 8K.

    python -m benchmarks.steps [THREADS]

Each case runs in a process of its own, at a single scale: 2 steps to warm up, then timed ones.
The peak is the process's largest resident set. A pair of L-BFGS is added at each step, up to 20,
and large pictures take too long for so many: `peak_mb_20_pairs` is the peak and the bytes of the
pairs that are missing. `processor_seconds` are those of all threads; they bear a busy machine
better than the time does, and `load` says how busy it was. A case is repeated, up to four times,
while a virtual machine's host keeps more than 3 % of the time for others; `stolen` is that share.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

from benchmarks.machine import quietest, save
from impasto.drawn import draw
from impasto.engine import usable_cores
from impasto.images import resize
from impasto.job import Job
from impasto.methods.contract import Step
from impasto.methods.optimize.lbfgs import Lbfgs
from impasto.methods.optimize.options import resolve

# width, height and timed steps
SIZES = (
    (256, 256, 10),
    (512, 512, 10),
    (1024, 1024, 5),
    (1920, 1080, 3),
    (2048, 2048, 3),
    (3840, 2160, 2),
)
CASES = [
    *[("compact", *size) for size in SIZES],
    *[("vgg19", *size) for size in SIZES],
    ("compact", 7680, 4320, 1),
]
WARM_UP = 2


def measure(backbone: str, width: int, height: int, timed: int, threads: int) -> dict[str, Any]:
    """Time steps of one case in this process."""
    load, total = os.getloadavg()[0], WARM_UP + timed
    times, spent = [], []
    for wall, processor in _clocked(_job(backbone, width, height, total, threads).iterate()):
        times.append(wall)
        spent.append(processor)
    pixels, peak = width * height, _peak()
    solver = Lbfgs()
    missing = solver.bytes_per_pixel(pixels, 21) - solver.bytes_per_pixel(pixels, total - 1)
    seconds = statistics.median(times[WARM_UP:])
    return {
        "backbone": backbone,
        "width": width,
        "height": height,
        "threads": threads,
        "timed_steps": timed,
        "seconds_per_step": round(seconds, 4),
        "fastest": round(min(times[WARM_UP:]), 4),
        "slowest": round(max(times[WARM_UP:]), 4),
        "microseconds_per_pixel": round(1e6 * seconds / pixels, 3),
        "processor_seconds": round(min(spent[WARM_UP:]), 4),
        "processor_microseconds_per_pixel": round(1e6 * min(spent[WARM_UP:]) / pixels, 3),
        "peak_mb": round(peak / 2**20),
        "peak_mb_20_pairs": round((peak + missing * pixels) / 2**20),
        "load": round(load, 1),
    }


def _job(backbone: str, width: int, height: int, steps: int, threads: int) -> Job:
    content, style = draw("watercolor", size=512), draw("brushwork", size=512)
    options = {"backbone": backbone, "steps": steps, "coarsest": 100_000, "threads": threads}
    # of Gram matrices alone, as the peers' steps are
    chosen = resolve({"preset": "gatys", **options})
    return Job.open(resize(content, height, width), style, None, chosen)


def _clocked(steps: Iterator[Step]) -> Iterator[tuple[float, float]]:
    """Yield the seconds of each step, and those of all its threads."""
    last = time.perf_counter(), time.process_time()
    for _ in steps:
        now = time.perf_counter(), time.process_time()
        yield now[0] - last[0], now[1] - last[1]
        last = now


def main() -> None:
    if len(sys.argv) == 6:
        print(json.dumps(measure(sys.argv[1], *(int(value) for value in sys.argv[2:]))))
        return
    threads = int(sys.argv[1]) if len(sys.argv) == 2 else usable_cores()
    results = []
    for case in CASES:
        command = [sys.executable, "-m", "benchmarks.steps", *map(str, case), str(threads)]
        found, stolen = quietest(partial(_measured, command))
        results.append(found | {"stolen": stolen})
        print(results[-1], flush=True)
    save("steps", "python -m benchmarks.steps", results)


def _measured(command: list[str]) -> dict[str, Any]:
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
