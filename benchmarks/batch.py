"""Many pictures at once: pictures a second on all cores, beside one core times their number.

    python -m benchmarks.batch

Each case runs in a process of its own that may use so many cores. It paints `COUNT` JPEG photos of
1280x960 for each core into JPEG files by `impasto.stylize_many`, after some to warm up; cases
alternate.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import impasto
from benchmarks.machine import save
from benchmarks.pictures import photo
from impasto.images import save_picture

COUNT, ROUNDS, WIDTH, HEIGHT = 24, 5, 1280, 960


def measure(cores: int, folder: Path) -> float:
    """Return pictures a second, in this process, on so many cores."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
    photos = sorted(folder.glob("*.jpg"))[: COUNT * cores]
    with tempfile.TemporaryDirectory() as out:
        impasto.stylize_many(photos[: 2 * cores], ["ink"], out)
        started = time.perf_counter()
        done = impasto.stylize_many(photos, ["starry-night"], out)
        took = time.perf_counter() - started
    assert not any(outcome.error for outcome in done)
    return len(done) / took


def main() -> None:
    if len(sys.argv) == 3:
        print(measure(int(sys.argv[1]), Path(sys.argv[2])))
        return
    cores = len(os.sched_getaffinity(0))
    found: dict[int, list[float]] = {1: [], cores: []}
    with tempfile.TemporaryDirectory() as folder:
        one = save_picture(Path(folder) / "photo-000.jpg", photo(WIDTH, HEIGHT)).read_bytes()
        for i in range(1, COUNT * cores):
            (Path(folder) / f"photo-{i:03d}.jpg").write_bytes(one)
        for _ in range(ROUNDS):
            for count, rates in found.items():
                command = [sys.executable, "-m", "benchmarks.batch", str(count), folder]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                rates.append(float(done.stdout))
                print(count, "cores:", round(rates[-1], 2), "pictures/s", flush=True)
    save("batch", "python -m benchmarks.batch", _summary(found, cores))


def _summary(found: dict[int, list[float]], cores: int) -> dict[str, Any]:
    shares = [many / (cores * one) for one, many in zip(found[1], found[cores], strict=True)]
    return {
        "pictures_for_each_core": COUNT,
        "size": f"{WIDTH}x{HEIGHT}",
        "pictures_per_second": {str(n): [round(r, 3) for r in rates] for n, rates in found.items()},
        "share_of_cores_times_one": round(statistics.median(shares), 3),
        "lowest": round(min(shares), 3),
        "highest": round(max(shares), 3),
    }


if __name__ == "__main__":
    main()
