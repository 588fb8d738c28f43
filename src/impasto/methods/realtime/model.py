"""The shipped network without torch: where its files are, and from a code to gains and shifts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from impasto.errors import WeightsError
from impasto.weights import read_weights, weights_sha256

if TYPE_CHECKING:
    from torch import nn

Array = NDArray[np.float32]

DATA = Path(__file__).parent / "data"
WEIGHTS = "realtime.safetensors"
GRAPHS = {"style": "realtime-style.onnx", "content": "realtime-content.onnx"}
QUANTIZED = "realtime-content-int8.xml"  # the content graph in OpenVINO's format, beside a .bin
MANIFEST = "manifest.json"
COLOR = 12  # the last numbers of a code: the colours' mean and the root of their covariance
STRIDES = {"fine": 4, "coarse": 8, "deep": 16}
GRAINY = "deep"  # the scale with noise
CELL = 16
MARGIN = CELL  # pixels around a content that the content graph takes and does not paint


class Graphs(Protocol):
    """Say where a network's graphs "style" and "content" are, and make it for torch."""

    @property
    def precisions(self) -> tuple[str, ...]:
        """Return in what the content graph can be computed."""
        ...

    def file(self, graph: str, precision: str) -> Path | bytes | tuple[bytes, bytes]:
        """Return a graph for engines that read files: ONNX, or OpenVINO's own (of two parts)."""
        ...

    def modules(self) -> dict[str, nn.Module]:
        """Return the graphs as torch modules, by name."""
        ...


class ShippedGraphs:
    """Find the package's own graphs."""

    precisions = ("float32", "bfloat16", "int8")

    def file(self, graph: str, precision: str) -> Path:
        """Return a graph's file, after comparing its hash."""
        if graph == "style" or precision != "int8":
            return checked(GRAPHS[graph])
        checked(Path(QUANTIZED).with_suffix(".bin").name)
        return checked(QUANTIZED)

    def modules(self) -> dict[str, nn.Module]:
        """Return the graphs as torch modules, by name."""
        from impasto.methods.realtime.graph import ContentGraph, StyleGraph
        from impasto.methods.realtime.weights import load_realtime

        network = load_realtime(checked(WEIGHTS))
        return {"style": StyleGraph(network), "content": ContentGraph(network)}


@dataclass(frozen=True, eq=False)
class RealtimeModel:
    """Hold what is needed beside the graphs: layers by scale, and the map from code to affines.

    `layers` are the modulated layers' channels by scale; `sha256` is the hash of the weights.
    `halo` and `reach` are how many pixels around a place change what is painted there, and how
    many change the moments of its features.
    `identity` are the gains and shifts that give a content back, of networks without a style
    encoder, which would find them.
    """

    layers: Mapping[str, tuple[int, ...]]
    weight: Array
    bias: Array
    halo: int
    reach: int
    sha256: str
    graphs: Graphs = field(default_factory=ShippedGraphs)
    identity: Array | None = None

    @property
    def held(self) -> float:
        """Return about how many numbers an engine holds for each pixel at once."""
        return self.layers["fine"][0] / 4  # as measured: four maps at a quarter of the side

    @property
    def code_size(self) -> int:
        """Return how many numbers a code has, its colours among them."""
        return self.weight.shape[1] + COLOR  # type: ignore[no-any-return]

    def affines(self, code: Array, change: Array | None = None) -> dict[str, Array]:
        """Return gains and shifts of a code by scale, (1, 2K, 1, 1), at the end noise's scales.

        `change` (as many as `bias`) is added to them, as styles tuned beyond their code have it.
        """
        values = self.weight @ code[: self.weight.shape[1]] + self.bias
        if change is not None:
            values = values + change
        tables: dict[str, list[Array]] = {}
        start = 0
        for scale in ("deep", "coarse", "fine"):
            tables[scale] = []
            for channels in self.layers[scale]:
                part = values[start : start + 2 * channels].copy()
                part[:channels] += 1
                tables[scale].append(part)
                start += 2 * channels
        tables[GRAINY].append(values[start:])
        return {name: np.concatenate(parts).reshape(1, -1, 1, 1) for name, parts in tables.items()}


@lru_cache(maxsize=1)
def shipped_model() -> RealtimeModel:
    """Return the network that ships with Impasto.

    Raises:
        WeightsError: a file of the package is missing or damaged.
    """
    path = checked(WEIGHTS)
    tensors, metadata = read_weights(path)
    config = json.loads(metadata["config"])
    return RealtimeModel(
        layers=modulated_layers(config),
        weight=tensors["heads.weight"].astype(np.float32),
        bias=tensors["heads.bias"].astype(np.float32),
        halo=halo(config),
        reach=reach(config),
        sha256=weights_sha256(path),
    )


def modulated_layers(config: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """Return the channels of each modulated layer by scale, in the order of their use."""
    return {
        "deep": (config["deep"],) * (1 + config["deep_blocks"]),
        "coarse": (config["coarse"],) * (2 + config["coarse_blocks"]),
        "fine": (*(config["fine"],) * (2 + config["fine_blocks"]), config["last"]),
    }


def halo(config: Mapping[str, Any]) -> int:
    """Return how many pixels around a tile, a multiple of 16, change what is painted in it."""
    at_8 = 2 * config["encoder_blocks"] + 2 * config["coarse_blocks"] + 3  # down, up, up
    at_4 = 2 * config["fine_blocks"] + 4
    reach = 4 * at_4 + 8 * at_8 + 16 * 2 * config["deep_blocks"]
    return int(-(-(reach + CELL) // CELL) * CELL)  # a cell more, as its pixels go up together  # type: ignore[no-any-return]


def reach(config: Mapping[str, Any]) -> int:
    """Return how many pixels around a cell, a multiple of 16, change its features' moments."""
    return CELL * (1 + int(config["encoder_blocks"]))  # 4 at 1/4, 4 + 16 a block, 8 at 1/8


def checked(name: str) -> Path:
    """Return the path of a file of the package, after comparing its hash.

    Raises:
        WeightsError: it is missing, or not the file that was shipped.
    """
    path = DATA / name
    found, expected = weights_sha256(path), _manifest().get(name)
    if expected is None:
        raise WeightsError(f"{DATA / MANIFEST}: does not name {name}; reinstall")
    if found != expected:
        raise WeightsError(f"{path}: damaged, SHA-256 is {found}, expected {expected}; reinstall")
    return path


@lru_cache(maxsize=1)
def _manifest() -> dict[str, str]:
    try:
        return dict(json.loads((DATA / MANIFEST).read_text()))
    except (OSError, TypeError, ValueError) as error:
        raise WeightsError(f"{DATA / MANIFEST}: cannot be read ({error}); reinstall") from None
