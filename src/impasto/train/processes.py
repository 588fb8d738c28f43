"""Several processes that train one network, as torchrun starts them; one without it.

Each looks at pictures of its own and all take the mean of their gradients, so all hold the same
weights (data-parallel training). Only the first one writes files.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
import torch.distributed as dist
from torch import nn

from impasto.errors import OptionError


def rank() -> int:
    """Return the number of this process, from 0; also before they join, and afterwards."""
    return int(os.environ.get("RANK", 0))


def count() -> int:
    """Return how many processes train together."""
    return int(os.environ.get("WORLD_SIZE", 1))


@contextmanager
def joined(device: torch.device) -> Iterator[torch.device]:
    """Join the processes that torchrun has started, and give each its GPU, if there are any.

    Raises:
        OptionError: there are more processes than GPUs.
    """
    if "WORLD_SIZE" not in os.environ:
        yield device
        return
    if device.type == "cuda":
        number = int(os.environ["LOCAL_RANK"])
        if number >= torch.cuda.device_count():
            raise OptionError(f"{torch.cuda.device_count()} GPUs: each process needs one")
        device = torch.device("cuda", number)
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield device
    finally:
        dist.destroy_process_group()


def average_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """Give every process the mean of all processes' gradients."""
    if count() == 1:
        return
    gradients = []
    for parameter in parameters:
        if parameter.grad is None:  # what one process had no use for, another may have
            parameter.grad = torch.zeros_like(parameter)
        gradients.append(parameter.grad)
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    dist.all_reduce(flat)
    flat /= count()
    at = 0
    for gradient in gradients:
        gradient.copy_(flat[at : at + gradient.numel()].view_as(gradient))
        at += gradient.numel()


def share(values: Iterable[torch.Tensor]) -> None:
    """Give every process the first one's values."""
    if count() == 1:
        return
    for value in values:
        dist.broadcast(value.data, 0)


def any_of(happened: bool, device: torch.device) -> bool:
    """Return whether it happened in any process."""
    if count() == 1:
        return happened
    told = torch.tensor(float(happened), device=device)
    dist.all_reduce(told, dist.ReduceOp.MAX)
    return bool(told.item())


def mean_of(value: float, device: torch.device) -> float:
    """Return the mean of all processes' values, the same number in all of them."""
    if count() == 1:
        return value
    told = torch.tensor(value, dtype=torch.float64, device=device)
    dist.all_reduce(told)
    return float(told.item()) / count()
