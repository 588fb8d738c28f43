"""Batch normalisation comes, settles and goes without changing what the network computes."""

from __future__ import annotations

from dataclasses import replace

import torch

from impasto.backbones.vgg import CONFIGS, Vgg
from impasto.train.normalization import add_batch_norm, folded, settle


def small() -> Vgg:
    torch.manual_seed(0)
    compact = CONFIGS["compact"]
    return Vgg(replace(compact, widths=(8,) * 5, embed=dict.fromkeys(compact.embed, 12)))


def test_the_folded_network_computes_the_same() -> None:
    network, images = small(), torch.rand(4, 3, 64, 48)
    layers = network.layers
    add_batch_norm(network, skip=["embed1_1"])
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.1 * torch.rand_like(parameter))
    settle(lambda batch: network(batch, layers), network, images.split(2))
    network.eval()
    plain = small()
    plain.load_state_dict(folded(network))
    with torch.no_grad():
        normalised, found = network(images, layers), plain(images, layers)
    for name in layers:
        torch.testing.assert_close(found[name], normalised[name], rtol=1e-4, atol=1e-4)


def test_settling_measures_the_batches_it_is_given() -> None:
    network, images = small(), 3 + torch.rand(6, 3, 32, 32)
    add_batch_norm(network)
    norm = network.get_submodule("conv1_1")[1]  # type: ignore[index]
    settle(lambda batch: network(batch, ("relu2_1",)), network, images.split(2))
    before = network.get_submodule("conv1_1")[0](network.normalize(images))  # type: ignore[index]
    torch.testing.assert_close(norm.running_mean, before.mean((0, 2, 3)), rtol=1e-3, atol=1e-4)
    assert norm.momentum == 0.1
