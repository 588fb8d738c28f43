"""Batch normalisation for the time of the training (Ioffe & Szegedy 2015), folded away after.

Without it the deep layers of a student learn several times more slowly; with it folded into
the convolutions the network that ships is as plain and as fast as it would be without.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights


def add_batch_norm(network: nn.Module, skip: Iterable[str] = ()) -> None:
    """Put a batch normalisation behind each convolution that is a child of `network`."""
    for name, child in list(network.named_children()):
        if isinstance(child, nn.Conv2d) and name not in skip:
            setattr(network, name, nn.Sequential(child, nn.BatchNorm2d(child.out_channels)))


@torch.no_grad()
def settle(run: Callable[[Tensor], object], network: nn.Module, batches: Iterable[Tensor]) -> None:
    """Replace the running statistics of `network`, which `run` calls, by those over `batches`."""
    layers = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # a cumulative mean
    network.train()
    for batch in batches:
        run(batch)
    for layer in layers:
        layer.momentum = 0.1


@torch.no_grad()
def folded(network: nn.Module) -> dict[str, Tensor]:
    """Return the state that the plain network needs to do what `network` does in `eval` mode."""
    state: dict[str, Tensor] = {}
    for name, child in network.named_children():
        weight: Any
        bias: Any
        if isinstance(child, nn.Sequential):
            conv: Any = child[0]
            norm: Any = child[1]
            weight, bias = fuse_conv_bn_weights(
                conv.weight,
                conv.bias,
                norm.running_mean,
                norm.running_var,
                norm.eps,
                norm.weight,
                norm.bias,
            )
        else:
            weight, bias = child.weight, child.bias
        state |= {f"{name}.weight": weight, f"{name}.bias": bias}
    return {name: value.detach().cpu().contiguous().clone() for name, value in state.items()}
