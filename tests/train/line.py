"""A training that takes milliseconds: fit a line. Run as a program it trains in a folder."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from impasto.train import processes
from impasto.train.learner import Learner
from impasto.train.loop import Loop, Schedule


class Line:
    """Fit y = 3 x + 1; steps in `poisoned` have losses so much larger, `times` over."""

    columns = ("step", "loss", "seconds_per_step", "held")
    device = torch.device("cpu")

    def __init__(
        self, poisoned: Mapping[int, float] | None = None, times: int = 1, rate: float = 0.05
    ) -> None:
        torch.manual_seed(0)
        self.net, self.rate = torch.nn.Linear(1, 1), rate
        self.learner = Learner(dict(self.net.named_parameters()), average=0.9)
        self.poisoned = dict(poisoned or {})
        self.left = dict.fromkeys(self.poisoned, times)
        self.rates: list[tuple[int, float]] = []

    def train_step(self, step: int, rate: float) -> dict[str, float]:
        self.rates.append((step, rate))
        rng = np.random.default_rng([step, processes.rank()])
        x = torch.from_numpy(rng.normal(size=(8, 1)).astype(np.float32))
        loss = (self.net(x) - (3 * x + 1)).square().mean()
        if self.left.get(step, 0) > 0:
            self.left[step] -= 1
            loss = loss * self.poisoned[step]
        self.learner.descend(loss, rate * self.rate, step)
        return {"loss": loss.item()}

    def evaluate(self) -> dict[str, float]:
        with self.learner.averaging():
            return {"held": abs(self.net.weight.item() - 3)}

    def sheet(self) -> torch.Tensor:
        return torch.zeros(3, 8, 8)

    def state_dict(self) -> dict[str, Any]:
        return self.learner.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.learner.load_state_dict(state)


def weights(task: Line) -> list[torch.Tensor]:
    """Return all that the end depends on."""
    memory = task.learner.optimizer.state_dict()["state"]
    return [
        *(p.detach() for p in task.net.parameters()),
        *task.learner.averaged.values(),
        *(value for one in memory.values() for value in one.values()),
    ]


if __name__ == "__main__":
    folder, steps = Path(sys.argv[1]), int(sys.argv[2])
    with processes.joined(torch.device("cpu")):
        task = Line()
        schedule = Schedule(steps, {}, every=5)
        Loop(task, folder, schedule, report=lambda row: print(int(row["step"]), flush=True)).run()
        torch.save(weights(task), folder / f"weights-{processes.rank()}.pt")
