"""Read and write the weights of the real-time network."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from impasto.backbones.load import fill
from impasto.errors import WeightsError
from impasto.methods.realtime.network import Realtime, RealtimeConfig
from impasto.weights import read_weights, write_weights

ARCH = "realtime"


def load_realtime(path: str | os.PathLike[str]) -> Realtime:
    """Return the network of a weights file, in evaluation mode.

    Raises:
        WeightsError: the file is absent, damaged, or holds something else.
    """
    tensors, metadata = read_weights(path)
    if metadata.get("arch") != ARCH:
        raise WeightsError(f"{path}: holds {metadata.get('arch')!r}, expected {ARCH!r}")
    config = json.loads(metadata["config"])
    config = {k: tuple(v) if isinstance(v, list) else v for k, v in config.items()}
    network = Realtime(RealtimeConfig(**config))
    fill(network, tensors, f"{path}: does not fit {ARCH}")
    return network.eval()


def save_realtime(
    path: str | os.PathLike[str],
    state: Mapping[str, Tensor],
    config: RealtimeConfig,
    training: Mapping[str, Any],
) -> Path:
    """Write a state as float16 safetensors that says how it was trained."""
    arrays = {k: v.detach().cpu().float().numpy().astype(np.float16) for k, v in state.items()}
    metadata = {
        "name": "realtime",
        "arch": ARCH,
        "preprocessing": "none",
        "license": "Apache-2.0",
        "source": "Impasto; first stages of the style encoder from its perceptual network compact",
        "config": json.dumps(asdict(config)),
        "training": json.dumps(dict(training)),
    }
    return write_weights(path, arrays, metadata)
