"""One core for each process that tests: threads that all take every core wait for each other.

Imported before numpy, whose libraries count the cores once: with more threads than cores they spin,
and solving takes ten times as long.
"""

from __future__ import annotations

import os

worker = os.environ.get("PYTEST_XDIST_WORKER", "")
if worker and hasattr(os, "sched_setaffinity"):
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[int(worker.removeprefix("gw")) % len(cores)]})
