"""Channels that learn nothing are counted."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from impasto.train.health import silent_channels


def trained(hidden_bias: float) -> nn.Sequential:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 1))
    with torch.no_grad():
        network[0].bias.fill_(0.1)
        network[0].bias[:2] = hidden_bias
    network(torch.rand(2, 3, 8, 8)).square().mean().backward()
    return network


def test_channels_that_no_picture_activates_are_silent() -> None:
    assert silent_channels(trained(0.1)) == 0
    assert silent_channels(trained(-100)) == pytest.approx(2 / 8)


def test_what_was_never_reached_is_silent() -> None:
    network = trained(0.1)
    assert silent_channels(network, nn.Conv2d(3, 8, 1)) == pytest.approx(8 / 16)
