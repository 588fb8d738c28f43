"""The networks of a few styles by the name of their architecture, and their graphs as ONNX."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from impasto.methods.realtime.export import content_onnx, finished, style_onnx, traced
from impasto.methods.realtime.graph import ContentGraph, StyleGraph
from impasto.methods.realtime.network import Realtime, RealtimeConfig
from impasto.methods.realtime.residual import Residual, ResidualConfig
from impasto.methods.realtime.residual_graph import ResidualGraph
from impasto.methods.realtime.style_table import StyleTable
from impasto.methods.realtime.unet import UNetConfig

StyleNetwork = StyleTable | Residual
AnyNetwork = StyleNetwork | Realtime


def make_network(arch: str, config: Mapping[str, Any], count: int) -> AnyNetwork:
    """Return an untrained network of an architecture, with room for `count` styles."""
    if arch == "realtime":
        return Realtime(RealtimeConfig(**_plain(config)))
    return make_table(arch, config, count)


def make_table(arch: str, config: Mapping[str, Any], count: int) -> StyleNetwork:
    """Return an untrained network with a table of `count` styles."""
    plain = _plain(config)
    if arch == "residual":
        return Residual(ResidualConfig(**plain), count)
    return StyleTable(UNetConfig(**plain), count)


def _plain(config: Mapping[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in config.items()}


def arch_of(network: AnyNetwork) -> str:
    """Return the name of a network's architecture."""
    if isinstance(network, Realtime):
        return "realtime"
    return "residual" if isinstance(network, Residual) else "unet"


def painting_of(network: AnyNetwork) -> dict[str, Any]:
    """Return what is needed to paint with a network beside its graph and its configuration."""
    if isinstance(network, Residual):
        return {"channels": network.config.channels(), "halo": network.config.halo()}
    return {}


def graphs_of(network: AnyNetwork) -> dict[str, nn.Module]:
    """Return a network as graphs of plain tensors, by name."""
    if isinstance(network, Residual):
        return {"content": ResidualGraph(network)}
    content: dict[str, nn.Module] = {"content": ContentGraph(network)}
    return content | ({"style": StyleGraph(network)} if isinstance(network, Realtime) else {})


def network_onnx(
    network: AnyNetwork, about: Mapping[str, str], in_bytes: bool = False
) -> dict[str, bytes]:
    """Return a network's graphs as ONNX, by the names of their files; see `export.finished`."""
    if isinstance(network, Residual):
        return {"content.onnx": _residual_onnx(network, about, in_bytes)}
    graphs = {"content.onnx": content_onnx(network, about, in_bytes)}
    if isinstance(network, Realtime):
        graphs["style.onnx"] = style_onnx(network, about)
    return graphs


def _residual_onnx(network: Residual, about: Mapping[str, str], in_bytes: bool) -> bytes:
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
    return finished(model, network.config, "content", about, in_bytes)
