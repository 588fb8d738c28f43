"""What one optimiser moves: parameters, AdamW's memory of them, and their running average."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from impasto.train.processes import average_gradients, share


class UnsoundStepError(Exception):
    """A gradient is not finite, or a loss has exploded; the loop steps back."""


class Learner:
    """Take steps of AdamW and keep an exponential average of the weights.

    `averaged` follows the parameters by 1 - `average` a step, faster in the beginning; it is what
    ships (Polyak & Juditsky 1992). Gradients are clipped at norm `clip`.
    """

    def __init__(
        self,
        parameters: Mapping[str, nn.Parameter],
        *,
        weight_decay: float = 0.0,
        average: float = 0.999,
        clip: float = 2.0,
        betas: tuple[float, float] = (0.9, 0.999),
    ) -> None:
        self.parameters, self.average, self.clip = dict(parameters), average, clip
        share(self.parameters.values())
        self.averaged = {k: v.detach().clone() for k, v in self.parameters.items()}
        self.optimizer = torch.optim.AdamW(
            self.parameters.values(), lr=0.0, weight_decay=weight_decay, betas=betas
        )

    def descend(self, loss: Tensor, rate: float, step: int) -> None:
        """Take step `step` (from 0) down the gradient of `loss`.

        Raises:
            UnsoundStepError: the gradient is not finite, in any process; the parameters are as
                they were.
        """
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        average_gradients(self.parameters.values())
        norm = nn.utils.clip_grad_norm_(self.parameters.values(), self.clip)
        if not torch.isfinite(norm):
            raise UnsoundStepError(f"the gradient's norm is {norm.item()}")
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self._follow(min(self.average, (2 + step) / (11 + step)))

    @torch.no_grad()
    def _follow(self, decay: float) -> None:
        for name, value in self.parameters.items():
            self.averaged[name].lerp_(value, 1 - decay)

    def round_average(self) -> None:
        """Round the averaged weights to float16, as they are kept in a file."""
        for value in self.averaged.values():
            value.copy_(value.half())

    @contextmanager
    def averaging(self) -> Iterator[None]:
        """Put the averaged weights in place for a while."""
        live = {k: v.detach().clone() for k, v in self.parameters.items()}
        self._put(self.averaged)
        try:
            yield
        finally:
            self._put(live)

    @torch.no_grad()
    def _put(self, values: Mapping[str, Tensor]) -> None:
        for name, value in self.parameters.items():
            value.copy_(values[name])

    def state_dict(self) -> dict[str, Any]:
        """Return parameters, their averages and the optimiser's memory."""
        return {
            "parameters": {k: v.detach() for k, v in self.parameters.items()},
            "averaged": self.averaged,
            "optimizer": self.optimizer.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from `state_dict`."""
        self._put(state["parameters"])
        for name, value in self.averaged.items():
            value.copy_(state["averaged"][name])
        self.optimizer.load_state_dict(state["optimizer"])
