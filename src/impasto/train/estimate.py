"""What a training will take, time and memory, found by taking a few steps of it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import torch

from impasto.engine import available_memory
from impasto.train.painting import PaintingTask

_TRIED = 4  # steps whose time tells the rest's


def seconds_per_step(task: PaintingTask) -> float:
    """Return the seconds that a step takes.

    The network is afterwards as it was, but the task has gone on: make another one.
    """
    before = {k: v.clone() for k, v in task.painting.state_dict().items()}
    task.train_step(0, 1.0)
    started = time.perf_counter()
    for step in range(1, 1 + _TRIED):
        task.train_step(step, 1.0)
    cost = (time.perf_counter() - started) / _TRIED
    task.painting.load_state_dict(before)
    return cost


def tell_memory(task: PaintingTask, steps: int, note: Callable[[str], None]) -> None:
    """Say what memory a training takes, by a task that was tried, and whether it is there."""
    used = _peak(task.device)
    if used is None:
        return
    needed = used + sum(buffer.bytes_after(steps) for buffer in task.buffers)
    note(f"memory: about {needed / 1e9:.1f} GB")
    there = available_memory() if task.device.type == "cpu" else None
    if there is not None and needed > used + there:
        note(f"only {(used + there) / 1e9:.1f} GB are there: lower --memory, --batch or --size")


def _peak(device: torch.device) -> int | None:
    """Return the most bytes that were in use so far, None where that is not told."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    try:
        import resource
    except ModuleNotFoundError:  # as on Windows
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
