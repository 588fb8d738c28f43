"""One core for each process that tests: threads that all take every core wait for each other.

Imported before numpy, whose libraries count the cores once: with more threads than cores they spin,
and solving takes ten times as long. Two threads of OpenMP on one core were seen to wait for each
other for ten minutes; so none waits by spinning, here or in processes that tests start.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")
worker = os.environ.get("PYTEST_XDIST_WORKER", "")
if worker and hasattr(os, "sched_setaffinity"):
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[int(worker.removeprefix("gw")) % len(cores)]})
