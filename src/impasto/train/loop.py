"""The one loop of all trainings: steps, checkpoints, the guard against explosions, the log.

All random choices of a step come from (seed, step), and the guard steps back to nothing but the
last checkpoint; so a run that was stopped at any moment goes on to the very same weights.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.utils.tensorboard import SummaryWriter

from impasto.errors import DivergedError, OptionError, WeightsError
from impasto.images import save_picture
from impasto.train import processes
from impasto.train.checkpoint import CHECKPOINT, load_checkpoint, save_checkpoint
from impasto.train.learner import UnsoundStepError
from impasto.train.log import append_row, means, mend
from impasto.train.plot import plot_log

Row = dict[str, float]

_EXPLODED = 30  # times the loss of the last sound rows
_SLOWER = 0.5  # the rate, after a step back
_MOST_STEPS_BACK = 6
_MAKE_ROOM = "make room and go on with --resume from the last checkpoint, which is whole"


class Task(Protocol):
    """Say what is trained: one step, and how it is judged. A row's `loss` is what it minimises."""

    device: torch.device

    @property
    def columns(self) -> Sequence[str]:
        """Return the names of all numbers that may be logged, `step` first."""
        ...

    def train_step(self, step: int, rate: float) -> Row:
        """Take step `step`, from 0, the rate multiplied by `rate`; return numbers to log."""
        ...

    def evaluate(self) -> Row:
        """Return what held-out pictures say, with the averaged weights."""
        ...

    def sheet(self) -> Tensor | None:
        """Return a picture (3, H, W) of results to look at."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """Return all that steps change."""
        ...

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from `state_dict`."""
        ...


@dataclass(frozen=True)
class Schedule:
    """Say how long a run is, and how often it is written down and looked at.

    `settings` are what a run may not change when it goes on; `steps` may be changed.
    """

    steps: int
    settings: Mapping[str, Any]
    every: int = 250
    look_every: int = 10

    def looks(self, step: int) -> bool:
        """Return whether held-out pictures are looked at after this step."""
        return step % (self.look_every * self.every) == 0 or step == self.steps


class Loop:
    """Run a task in a folder, from its checkpoint where there is one.

    Raises:
        OptionError: the folder's run was begun with other settings.
        DivergedError: even at a small rate the losses do not stay finite.
        WeightsError: the folder cannot be written to.
    """

    def __init__(
        self,
        task: Task,
        folder: Path,
        schedule: Schedule,
        *,
        report: Callable[[Row], None] = lambda row: None,
        note: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.task, self.folder, self.schedule = task, folder, schedule
        self.report, self.note = report, note
        self.step, self.steps_back, self.typical = 0, 0, 0.0

    def run(self) -> None:
        """Go on to the end."""
        if self._path.exists():
            self._go_on()
        else:
            with self._told("choose another folder"):
                self._save()
        in_a_row = 0
        while self.step < self.schedule.steps:
            try:
                row = self._stretch()
                in_a_row = 0
            except UnsoundStepError as error:
                in_a_row += 1
                self._step_back(str(error), in_a_row)
                continue
            if processes.rank() == 0:
                self.report(row)

    @contextmanager
    def _told(self, advice: str) -> Iterator[None]:
        """Say what to do about a folder that cannot be written to."""
        try:
            yield
        except OSError as error:
            reason = error.strerror or error
            raise WeightsError(f"{self.folder}: cannot be written ({reason}); {advice}") from None

    @property
    def _path(self) -> Path:
        return self.folder / CHECKPOINT

    @property
    def _settings(self) -> dict[str, Any]:
        return {**self.schedule.settings, "processes": processes.count()}

    def _stretch(self) -> Row:
        """Go on to the next checkpoint, write it, and return the means of its numbers."""
        schedule, rows, started = self.schedule, [], time.monotonic()
        stop = min(schedule.steps, (self.step // schedule.every + 1) * schedule.every)
        while self.step < stop:
            rows.append(self.task.train_step(self.step, _SLOWER**self.steps_back))
            size = abs(rows[-1]["loss"])
            exploded = not math.isfinite(size) or 0 < _EXPLODED * self.typical < size
            if processes.any_of(exploded, self.task.device):
                loss = rows[-1]["loss"]
                raise UnsoundStepError(f"the loss rose from {self.typical:.3g} to {loss:.3g}")
            self.step += 1
        row = {"step": float(self.step)} | means(rows)
        row["seconds_per_step"] = (time.monotonic() - started) / len(rows)
        # not of the mean: an adversarial loss has either sign
        typical = sum(abs(one["loss"]) for one in rows) / len(rows)
        self.typical = processes.mean_of(typical, self.task.device)
        if schedule.looks(self.step):
            row |= self.task.evaluate()
        with self._told(_MAKE_ROOM):
            self._save()
            if processes.rank() == 0:
                self._log(row)
        return row

    def _step_back(self, reason: str, in_a_row: int) -> None:
        at = self.step
        if in_a_row > _MOST_STEPS_BACK:
            raise DivergedError(f"after {at} steps {reason}, whatever the rate: lower --rate")
        self._load(load_checkpoint(self._path))
        self.steps_back += 1
        rate = _SLOWER**self.steps_back
        if processes.rank() == 0:
            self.note(f"step {at}: {reason}; back to step {self.step}, the rate times {rate:g}")

    def _go_on(self) -> None:
        state = load_checkpoint(self._path)
        known, now = state["settings"], self._settings
        other = [name for name in {**known, **now} if known.get(name) != now.get(name)]
        if other:
            each = (f"{n} {_short(known.get(n))}, not {_short(now.get(n))}" for n in other)
            raise OptionError(
                f"{self.folder} was begun with other settings: {'; '.join(each)}. Give it the same"
                " again, or choose another folder"
            )
        if state["step"] > self.schedule.steps:
            raise OptionError(
                f"{self.folder}: {state['step']} steps are taken, more than {self.schedule.steps}"
            )
        self._load(state)
        if processes.rank() == 0:
            mend(self.folder / "log.csv", self.task.columns, self.step)

    def _load(self, state: dict[str, Any]) -> None:
        self.task.load_state_dict(state["task"])
        self.step, self.typical = state["step"], state["typical"]
        self.steps_back = max(self.steps_back, state["steps_back"])

    def _save(self) -> None:
        if processes.rank() > 0:
            return
        state = {
            "settings": self._settings,
            "step": self.step,
            "steps": self.schedule.steps,
            "typical": self.typical,
            "steps_back": self.steps_back,
            "task": self.task.state_dict(),
        }
        save_checkpoint(self._path, state)

    def _log(self, row: Row) -> None:
        append_row(self.folder / "log.csv", row, self.task.columns)
        with SummaryWriter(str(self.folder / "tensorboard")) as writer:
            for name, value in row.items():
                writer.add_scalar(name, value, int(self.step))
            if not self.schedule.looks(self.step):
                return
            plot_log(self.folder / "log.csv", self.folder / "losses.png")
            sheet = self.task.sheet()
            if sheet is not None:
                writer.add_image("held out", sheet, self.step)
                save_picture(self.folder / "samples.png", sheet.permute(1, 2, 0).numpy())


def _short(value: object) -> str:
    text = "none" if value is None else str(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
