"""What a real-time network knows before its training: the first stages of `compact`."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from impasto.backbones.vgg import Vgg
from impasto.methods.realtime.network import Realtime
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
