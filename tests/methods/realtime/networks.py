"""Small networks with random weights, as files, for tests of what reads them."""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from impasto.methods.realtime.network_file import write_network
from impasto.methods.realtime.style_networks import (
    StyleNetwork,
    arch_of,
    make_network,
    network_onnx,
    painting_of,
)

CONFIGS: dict[str, dict[str, Any]] = {
    "unet": {"fine": 8, "coarse": 8, "deep": 8, "last": 4, "deep_blocks": 1},
    "residual": {"widths": (8, 16), "blocks": 2},
    "mobile": {"widths": (8, 16), "blocks": 2, "depthwise": True, "square": 4, "kernel": 3},
    "paper": {"widths": (8, 8, 16), "blocks": 1, "square": 1, "kernel": 9},
}


def random_network(name: str, count: int = 2) -> StyleNetwork:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        arch = "unet" if name == "unet" else "residual"
        network = make_network(arch, CONFIGS[name], count)
        with torch.no_grad():
            network.table.normal_(0, 0.3)
            network.colors.copy_(torch.rand(count, 12) * 0.3)
            network.even_out()
    return network.eval()


def written(path: Path, network: StyleNetwork, **changes: Any) -> Path:
    styles = [{"name": f"s{i}", "source": "", "license": ""} for i in range(len(network.colors))]
    about = {
        "kind": "test",
        "arch": arch_of(network),
        "config": asdict(network.config),
        "painting": painting_of(network),
        "styles": styles,
        "training": {},
    }
    state = {k: v.numpy() for k, v in network.state_dict().items()}
    members = {**graphs(network), "README.md": b"A test."}
    return write_network(path, {**about, **changes}, state, members)


def graphs(network: StyleNetwork) -> dict[str, bytes]:
    """Export networks that are alike once; it takes ten seconds, and styles are no part of it."""
    state = network.state_dict().items()
    inside = [v.numpy().tobytes() for k, v in state if k not in ("table", "colors")]
    key = hashlib.sha256(repr(network.config).encode() + b"".join(inside)).hexdigest()
    exported = Path(os.environ["EXPORTED_GRAPHS"])  # of all processes that test
    folder = exported / key
    if not folder.exists():
        # under a name of its own first, as another process may be at the same
        own = Path(tempfile.mkdtemp(dir=exported))
        for name, data in network_onnx(network, {}).items():
            (own / name).write_bytes(data)
        with suppress(OSError):  # it is there by now
            own.rename(folder)
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
