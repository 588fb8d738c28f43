"""The networks of a few styles by the name of their architecture, and their graphs as ONNX."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from impasto.methods.realtime.export import content_onnx, finished, traced
from impasto.methods.realtime.graph import ContentGraph
from impasto.methods.realtime.residual import Residual, ResidualConfig
from impasto.methods.realtime.residual_graph import ResidualGraph
from impasto.methods.realtime.style_table import StyleTable
from impasto.methods.realtime.unet import UNetConfig

StyleNetwork = StyleTable | Residual
ARCHS = ("unet", "residual")


def make_network(arch: str, config: Mapping[str, Any], count: int) -> StyleNetwork:
    """Return an untrained network of an architecture, with room for `count` styles."""
    plain: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in config.items()}
    if arch == "residual":
        return Residual(ResidualConfig(**plain), count)
    return StyleTable(UNetConfig(**plain), count)


def arch_of(network: StyleNetwork) -> str:
    """Return the name of a network's architecture."""
    return "residual" if isinstance(network, Residual) else "unet"


def painting_of(network: StyleNetwork) -> dict[str, Any]:
    """Return what is needed to paint with a network beside its graph and its configuration."""
    if isinstance(network, Residual):
        return {"channels": network.config.channels(), "halo": network.config.halo()}
    return {}


def graph_of(network: StyleNetwork) -> ContentGraph | ResidualGraph:
    """Return a network as a graph of plain tensors."""
    return ResidualGraph(network) if isinstance(network, Residual) else ContentGraph(network)


def network_onnx(network: StyleNetwork, about: Mapping[str, str]) -> bytes:
    """Return the graph that paints, as ONNX."""
    if isinstance(network, StyleTable):
        return content_onnx(network, about)
    count = 2 * sum(network.config.channels())
    example = {
        "content": torch.rand(1, 96, 80, 3),
        "white": torch.rand(3, 4),
        "color": torch.rand(3, 4),
        "limits": torch.tensor([0.0, 1.0]),
        "values": torch.rand(1, network.values, 1, 1),
        "statistics": torch.rand(1, count, 1, 1),
        "given": torch.zeros(1),
    }
    auto = torch.export.Dim.AUTO
    shapes: dict[str, Any] = dict.fromkeys(example) | {"content": {1: auto, 2: auto}}
    model = traced(ResidualGraph(network.eval()), example, shapes, list(ResidualGraph.outputs))
    return finished(model, network.config, "content", about)
