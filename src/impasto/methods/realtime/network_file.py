"""A trained network in one file that says what it is: `mystyle.impasto`.

It is a ZIP archive, so that anyone can look: `about.json` (kind, configuration, styles, training,
the hash of every other member), `network.safetensors` (weights, as torch trains them),
`content.onnx` (what engines run), `preview.jpg` and `README.md` (the model card). It may also
hold the graph in bytes, as OpenVINO's `content-int8.xml` and `.bin`. A small file has its graph's
kernels in bytes and of the weights only what is not in the graph; it cannot be trained on.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from impasto.errors import OptionError, WeightsError
from impasto.methods.realtime.codes import StyleCode
from impasto.methods.realtime.model import RealtimeModel, halo, modulated_layers, reach
from impasto.methods.realtime.residual_painting import ResidualModel
from impasto.options import suggest
from impasto.weights.store import write_whole

if TYPE_CHECKING:
    from torch import nn

    from impasto.methods.realtime.style_networks import AnyNetwork

Array = NDArray[np.float32]

SUFFIX = ".impasto"
FORMAT = "impasto-network-1"
_ABOUT, _WEIGHTS, _CONTENT = "about.json", "network.safetensors", "content.onnx"
INT8 = ("content-int8.xml", "content-int8.bin")
_GRAPHS_OF = {"unet": ("content",), "residual": ("content",), "realtime": ("content", "style")}
_MOST_BYTES = 2**28  # of a member; a network is a few megabytes
# a ZIP archive keeps times: the same one for all, so that equal networks are equal files
_TIME = (2000, 1, 1, 0, 0, 0)


@dataclass(frozen=True, eq=False)
class NetworkFile:
    """Hold a network file: what it says of itself, its weights, and its other members."""

    path: Path
    about: Mapping[str, Any]
    tensors: Mapping[str, Array]
    members: Mapping[str, bytes]

    @property
    def precisions(self) -> tuple[str, ...]:
        """Return in what the content graph can be computed."""
        return ("float32", "bfloat16", *(("int8",) if INT8[0] in self.members else ()))

    @property
    def sha256(self) -> str:
        """Return the hash of the weights."""
        return str(self.about["sha256"][_WEIGHTS])

    @property
    def names(self) -> list[str]:
        """Return the styles' names."""
        return [style["name"] for style in self.about["styles"]]

    def file(self, graph: str, precision: str) -> bytes | tuple[bytes, bytes]:
        """Return a graph as ONNX, or the content graph in bytes as OpenVINO has it."""
        if graph == "content" and precision == "int8":
            return self.members[INT8[0]], self.members[INT8[1]]
        return self.members[f"{graph}.onnx"]

    def modules(self) -> dict[str, nn.Module]:
        """Return the graphs as torch modules, by name."""
        from impasto.methods.realtime.style_networks import graphs_of

        return graphs_of(self.network())

    def network(self) -> AnyNetwork:
        """Return the network as a torch module.

        Raises:
            WeightsError: this is a small file, which has no weights for it.
        """
        if self.about.get("small"):
            raise WeightsError(f"{self.path}: a small file paints only, and not by torch")
        import torch

        from impasto.backbones.load import fill
        from impasto.methods.realtime.style_networks import make_network

        with torch.random.fork_rng(), _whole(self.path):
            network = make_network(self.about["arch"], self.about["config"], len(self.names))
        tensors = {name: values for name, values in self.tensors.items() if name != "codes"}
        fill(network, tensors, f"{self.path}: does not fit")
        return network.eval()

    def model(self) -> RealtimeModel | ResidualModel:
        """Return what painting needs beside the graph.

        Raises:
            WeightsError: the file's parts do not fit each other.
        """
        with _whole(self.path):
            return self._model()

    def _model(self) -> RealtimeModel | ResidualModel:
        config, arch = self.about["config"], self.about["arch"]
        if arch == "residual":
            known = self.about["painting"]
            return ResidualModel(
                tuple(known["channels"]),
                config["square"],
                known["halo"],
                self.sha256,
                self,
                self._table[0],
            )
        if arch == "realtime":
            weight, bias = (self._tensor(f"heads.{name}") for name in ("weight", "bias"))
        else:
            bias = np.zeros(self._table.shape[1], np.float32)
            weight = np.zeros((len(bias), 0), np.float32)
        return RealtimeModel(
            layers=modulated_layers(config),
            weight=weight,
            bias=bias,
            halo=halo(config),
            reach=reach(config),
            sha256=self.sha256,
            graphs=self,
            identity=None if arch == "realtime" else self._table[0],
        )

    def style(self, name: str = "") -> StyleCode:
        """Return a style; the only one without a name.

        Raises:
            OptionError: no style has this name, or it needs one.
            WeightsError: the file's parts do not fit each other.
        """
        names = self.names
        if not name and len(names) > 1:
            known = ", ".join(names)
            raise OptionError(f"{self.path.name} has {len(names)} styles, add #name: {known}")
        if name and name not in names:
            raise OptionError(f"style {self.path.name}#{name}: {suggest(name, names)}")
        number = names.index(name) if name else 0
        about = self.about["styles"][number]
        arbitrary = self.about["arch"] == "realtime"
        with _whole(self.path):
            return StyleCode(
                f"{self.path.stem}#{name}" if len(names) > 1 else self.path.stem,
                self._tensor("codes" if arbitrary else "colors")[number],
                about["source"],
                about["license"],
                self.sha256,
                affines=None if arbitrary else self._table[1 + number],
                network=self,
            )

    @property
    def _table(self) -> Array:
        return self._tensor("table")

    def _tensor(self, name: str) -> Array:
        return self.tensors[name].astype(np.float32)


def write_network(
    path: str | os.PathLike[str],
    about: Mapping[str, Any],
    tensors: Mapping[str, Array],
    members: Mapping[str, bytes],
) -> Path:
    """Write a network file; equal input gives equal bytes, and nobody sees half a file.

    `about` says kind, arch, config, painting (what a network of its arch needs to be painted
    with), styles (name, source and license of each) and training; `members` are the other files
    by name.
    """
    files = {_WEIGHTS: save_tensors(dict(sorted(tensors.items()))), **members}
    about = {
        "format": FORMAT,
        **about,
        "sha256": {name: hashlib.sha256(data).hexdigest() for name, data in files.items()},
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {_ABOUT: json.dumps(about, indent=1).encode(), **files}.items():
            archive.writestr(zipfile.ZipInfo(name, _TIME), data, zipfile.ZIP_DEFLATED)
    return write_whole(Path(path), [buffer.getvalue()])


def read_network(path: str | os.PathLike[str]) -> NetworkFile:
    """Read a network file; one that did not change is read once.

    Raises:
        WeightsError: it is missing, damaged, or no network.
    """
    path = Path(path)
    try:
        stamp = path.stat()
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read ({error.strerror or error})") from None
    return _read(path, stamp.st_mtime_ns, stamp.st_size)


@lru_cache(maxsize=8)
def _read(path: Path, changed: int, size: int) -> NetworkFile:
    with _whole(path):
        with zipfile.ZipFile(path) as archive:
            if any(item.file_size > _MOST_BYTES for item in archive.infolist()):
                raise WeightsError(f"{path}: no network, a part of it is too large")
            members = {name: archive.read(name) for name in archive.namelist()}
        about = json.loads(members.pop(_ABOUT))
        if about["format"] != FORMAT:
            raise WeightsError(f"{path}: {about['format']!r}, expected {FORMAT}")
        if about["arch"] not in _GRAPHS_OF:
            raise WeightsError(f"{path}: architecture {about['arch']!r} is none that is known here")
        for name, data in members.items():
            if hashlib.sha256(data).hexdigest() != about["sha256"][name]:
                raise WeightsError(f"{path}: damaged, {name} does not match its SHA-256")
        for style in about["styles"]:
            if not all(isinstance(style[key], str) for key in ("name", "source", "license")):
                raise WeightsError(f"{path}: a style's name, source or license is no text")
        network = NetworkFile(path, about, load_tensors(members.pop(_WEIGHTS)), members)
        for graph in _GRAPHS_OF[about["arch"]]:
            network.file(graph, "float32")
        network.style(network.names[0])
        return network


@contextmanager
def _whole(path: Path) -> Iterator[None]:
    """Say of whatever a file's damage makes go wrong that it is damaged."""
    try:
        yield
    except (WeightsError, OptionError):
        raise
    except (
        *(zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError),
        *(LookupError, ValueError, TypeError, AttributeError, SafetensorError),
    ) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise WeightsError(f"{path}: no whole network file ({reason})") from None
