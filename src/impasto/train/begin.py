"""What networks know before their training: stages of `compact`, or the shipped network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from impasto.backbones.vgg import Vgg
from impasto.methods.realtime.model import WEIGHTS, checked
from impasto.methods.realtime.network import Realtime
from impasto.methods.realtime.style_networks import StyleNetwork
from impasto.methods.realtime.style_table import StyleTable
from impasto.methods.realtime.weights import load_realtime
from impasto.train.builtin import scenes
from impasto.train.data import Pictures


@torch.no_grad()
def begin(network: Realtime, judge: Vgg, paintings: Pictures, seed: int) -> None:
    """Give the style encoder the judge's first stages, and its statistics a common scale."""
    encoder = network.style
    known = judge.state_dict()
    encoder.stages.load_state_dict({k: known[k] for k in encoder.stages.state_dict()})
    rng = np.random.default_rng([seed, 4])
    found = [encoder.found(*encoder.look(paintings.crops(rng, 8, 128))[:2]) for _ in range(16)]
    deviation, mean = torch.std_mean(torch.cat(found), 0)
    encoder.center.copy_(mean)
    encoder.scale.copy_(deviation.clamp_min(0.05 * deviation.mean()))
    nn.init.normal_(encoder.project.weight, std=len(mean) ** -0.5)


@torch.no_grad()
def begin_as_shipped(network: StyleNetwork, styles: Sequence[Sequence[Tensor]]) -> bool:
    """Give a network the shipped one's weights where they fit; return whether they do.

    Each style, some pictures (1, 3, H, W), begins as what the shipped network makes of it, and
    row 0 as what it makes of contents that are their own styles.
    """
    shipped = load_realtime(checked(WEIGHTS))
    if not isinstance(network, StyleTable) or network.channels != shipped.channels:
        return False
    network.content.load_state_dict(shipped.content.state_dict())
    network.painter.load_state_dict(shipped.painter.state_dict())
    own = [torch.from_numpy(p / np.float32(255)).permute(2, 0, 1)[None] for p in scenes(1)]
    for row, pictures in enumerate([own, *styles]):
        codes = torch.cat([shipped.style(picture) for picture in pictures])
        network.table[row] = shipped.modulation(codes).mean(0)
    return True
