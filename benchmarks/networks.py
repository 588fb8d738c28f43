"""A network file of a user's own, untrained: what it paints means nothing, its time does.

python -m benchmarks.networks mine.impasto
"""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import torch

from impasto.methods.realtime.network_file import write_network
from impasto.methods.realtime.style_networks import make_network, network_onnx, painting_of


def write_residual(path: Path) -> Path:
    """Write a residual network of the default configuration, with random weights."""
    torch.manual_seed(0)
    network = make_network("residual", {}, 1).eval()
    about = {
        "kind": "residual",
        "arch": "residual",
        "config": asdict(network.config),
        "painting": painting_of(network),
        "styles": [{"name": "none", "source": "", "license": ""}],
        "training": {},
    }
    tensors = {name: value.numpy() for name, value in network.state_dict().items()}
    return write_network(path, about, tensors, network_onnx(network, {}))


if __name__ == "__main__":
    write_residual(Path(sys.argv[1]))
