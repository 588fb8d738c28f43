"""Seconds a step and peak memory of the optimiser, by backbone and size.

    python -m benchmarks.steps

Each case runs in a process of its own: 3 steps to warm up, then `STEPS` timed ones at a single
scale; the peak is the process's largest resident set.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import time
from typing import Any

from benchmarks.machine import save
from impasto.drawn import draw
from impasto.images import fit
from impasto.job import Job
from impasto.methods.optimize.options import resolve

BACKBONES = ("compact", "vgg19")
SIZES = (256, 512, 1024)
WARM_UP, STEPS = 3, 10


def measure(backbone: str, size: int) -> dict[str, Any]:
    """Time steps of one case in this process."""
    before = _peak()
    content, style = fit(draw("watercolor", size=512), size), draw("brushwork", size=512)
    total = WARM_UP + STEPS
    options = resolve({"backbone": backbone, "steps": total, "coarsest": 100_000})
    times, last = [], time.perf_counter()
    for _ in Job.open(content, style, None, options).iterate():
        times.append(time.perf_counter() - last)
        last = time.perf_counter()
    timed = times[WARM_UP:]
    return {
        "backbone": backbone,
        "size": size,
        "seconds_per_step": round(statistics.median(timed), 4),
        "fastest": round(min(timed), 4),
        "slowest": round(max(timed), 4),
        "peak_mb": round(_peak() / 2**20),
        "bytes_per_pixel": round((_peak() - before) / size**2),
    }


def main() -> None:
    if len(sys.argv) == 3:
        print(json.dumps(measure(sys.argv[1], int(sys.argv[2]))))
        return
    results = []
    for backbone in BACKBONES:
        for size in SIZES:
            command = [sys.executable, "-m", "benchmarks.steps", backbone, str(size)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            results.append(json.loads(done.stdout.splitlines()[-1]))
            print(results[-1], flush=True)
    save("steps", "python -m benchmarks.steps", results)


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
