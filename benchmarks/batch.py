"""Many pictures at once: pictures a second on all cores, beside one core and one process for each.

    python -m benchmarks.batch

Each case runs in a process of its own that may use so many cores. It paints `COUNT` JPEG photos of
1280x960 for each core into JPEG files by `impasto.stylize_many`, after some to warm up; cases
alternate. Cores at work together are slower than one alone, whatever the program: so all cores are
also compared with as many processes, one on each, at the same time.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import impasto
from benchmarks.machine import quietest, save
from benchmarks.pictures import photo
from impasto.images import save_picture

COUNT, ROUNDS, WIDTH, HEIGHT = 24, 5, 1280, 960


def measure(cores: Sequence[int], folder: Path) -> dict[str, float]:
    """Return pictures a second, and a picture's processor time, in this process on these cores."""
    os.sched_setaffinity(0, cores)
    photos = sorted(folder.glob("*.jpg"))[: COUNT * len(cores)]
    with tempfile.TemporaryDirectory() as out:
        impasto.stylize_many(photos[: 2 * len(cores)], ["ink"], out)
        started, spent = time.perf_counter(), time.process_time()
        done = impasto.stylize_many(photos, ["starry-night"], out)
        took, spent = time.perf_counter() - started, time.process_time() - spent
    assert not any(outcome.error for outcome in done)
    return {"rate": len(done) / took, "processor_ms": 1000 * spent / len(done)}


def together(groups: Sequence[Sequence[int]], folder: str) -> dict[str, float]:
    """Measure in as many processes at the same time as there are groups of cores."""
    command = [sys.executable, "-m", "benchmarks.batch", folder]
    given = {"stdout": subprocess.PIPE, "text": True}
    running = [subprocess.Popen([*command, *map(str, g)], **given) for g in groups]  # type: ignore[call-overload]
    found = [json.loads(process.communicate()[0]) for process in running]
    return {
        "rate": sum(each["rate"] for each in found),
        "processor_ms": statistics.mean(each["processor_ms"] for each in found),
    }


def main() -> None:
    if len(sys.argv) > 2:
        print(json.dumps(measure([int(core) for core in sys.argv[2:]], Path(sys.argv[1]))))
        return
    cores = sorted(os.sched_getaffinity(0))
    cases = {
        "one core": [cores[:1]],
        "all cores, one process": [cores],
        "all cores, a process for each": [[core] for core in cores],
    }
    found: dict[str, list[dict[str, float]]] = {name: [] for name in cases}
    with tempfile.TemporaryDirectory() as folder:
        one = save_picture(Path(folder) / "photo-000.jpg", photo(WIDTH, HEIGHT)).read_bytes()
        for i in range(1, COUNT * len(cores)):
            (Path(folder) / f"photo-{i:03d}.jpg").write_bytes(one)
        for _ in range(ROUNDS):
            for name, groups in cases.items():
                rate, stolen = quietest(partial(together, groups, folder))
                found[name].append(rate | {"stolen": stolen})
                print(name, found[name][-1], flush=True)
    save("batch", "python -m benchmarks.batch", _summary(found, len(cores)))


def _summary(found: Mapping[str, Sequence[Mapping[str, float]]], cores: int) -> dict[str, Any]:
    one, many, apart = ([each["rate"] for each in runs] for runs in found.values())
    return {
        "pictures_for_each_core": COUNT,
        "size": f"{WIDTH}x{HEIGHT}",
        "cores": cores,
        "pictures_per_second": {
            name: [round(each["rate"], 3) for each in runs] for name, runs in found.items()
        },
        "processor_ms_per_picture": {
            name: round(statistics.median(each["processor_ms"] for each in runs), 1)
            for name, runs in found.items()
        },
        "stolen_at_most": max(each["stolen"] for runs in found.values() for each in runs),
        "share_of_cores_times_one": _share(many, [cores * rate for rate in one]),
        "share_of_a_process_for_each_core": _share(many, apart),
    }


def _share(rates: Sequence[float], others: Sequence[float]) -> dict[str, float]:
    shares = [rate / other for rate, other in zip(rates, others, strict=True)]
    found = {"median": statistics.median(shares), "lowest": min(shares), "highest": max(shares)}
    return {name: round(share, 3) for name, share in found.items()}


if __name__ == "__main__":
    main()
