"""What a training will take, time and memory, found by taking a few steps of it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import suppress

import torch

from impasto.engine import available_memory
from impasto.train.learner import UnsoundStepError
from impasto.train.painting import PaintingTask
from impasto.train.processes import count, mean_of

_TRIED = 4  # steps whose time tells the rest's


class Trial:
    """Take a few steps of a task, and tell what all of them will take.

    `seconds` is what a step takes, with its share of looking at held-out pictures every
    `looks_every` steps. The task's network is afterwards as it was, but the task has gone on: make
    another one, and let go of this.
    """

    def __init__(self, task: PaintingTask, looks_every: int) -> None:
        before = {k: v.clone() for k, v in task.painting.state_dict().items()}
        steps = sum(share * _seconds_per_step(task, first) for first, share in task.config.parts)
        looking = _seconds(lambda: (task.evaluate(), task.sheet()))
        self.seconds = mean_of(steps + looking / looks_every, task.device)
        task.painting.load_state_dict(before)
        self._device, self._used = task.device, _peak(task.device)
        self._kept = [(buffer.group_bytes, buffer.size) for buffer in task.buffers]

    def tell_memory(self, steps: int, note: Callable[[str], None]) -> None:
        """Say what memory so many steps take, and whether it is there."""
        if self._used is None:
            return
        more = sum(each * min(steps, size) for each, size in self._kept)
        note(f"memory: about {(self._used + more) / 1e9:.1f} GB")
        there = _free(self._device)
        if there is not None and more > there:
            most = (self._used + there) / 1e9
            note(f"only {most:.1f} GB are there: lower --memory, --batch or --size")


def _seconds_per_step(task: PaintingTask, first: int) -> float:
    def take(step: int) -> None:
        with suppress(UnsoundStepError):  # it takes as long, and the loop will meet it again
            task.train_step(step, 1.0)

    def take_some() -> None:
        for step in range(first + 1, first + 1 + _TRIED):
            take(step)

    take(first)
    return _seconds(take_some) / _TRIED


def _seconds(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def _free(device: torch.device) -> float | None:
    """Return the bytes that are free for this process, None where that is not told."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    there = available_memory()
    return None if there is None else there / count()  # the others take as much


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
