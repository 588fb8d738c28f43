"""What tells that a training goes wrong while its losses still fall."""

from __future__ import annotations

import torch
from torch import nn


def silent_channels(*parts: nn.Module) -> float:
    """Return the share of the channels of all convolutions that no gradient reached.

    A channel that no picture activates learns nothing any more, nor does what only leads to it.
    Layers that are frozen do not count.
    """
    convolutions = (m for part in parts for m in part.modules() if isinstance(m, nn.Conv2d))
    layers = [layer for layer in convolutions if layer.weight.requires_grad]
    silent = [
        torch.ones(layer.out_channels)
        if layer.weight.grad is None
        else (layer.weight.grad.flatten(1) == 0).all(1).float().cpu()
        for layer in layers
    ]
    return torch.cat(silent).mean().item() if silent else 0.0
