"""Other forms of a network file: smaller to keep, or faster to paint with."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from impasto.engine.openvino import load_openvino
from impasto.errors import WeightsError
from impasto.methods.contract import Image
from impasto.methods.realtime.mixed import prepare_any
from impasto.methods.realtime.network_file import INT8, NetworkFile, write_network
from impasto.methods.realtime.options import RealtimeOptions
from impasto.methods.realtime.style_networks import network_onnx
from impasto.train.builtin import scenes
from impasto.train.quantize import quantize

_LEAST = 38.0  # dB: what differs more is no form of the same network
_CONTENTS = 24  # pictures by which a network is quantised, each in some of its styles
_KEPT = ("table", "colors", "codes", "heads.weight", "heads.bias")


@dataclass(frozen=True)
class Form:
    """Hold where another form was written, its bytes, and its PSNR to the network in float32."""

    path: Path
    size: int
    psnr: float

    def __str__(self) -> str:
        return f"{self.path}: {self.size / 1e6:.2f} MB, {self.psnr:.1f} dB to float32"


def write_small(file: NetworkFile, path: Path) -> Form:
    """Write a network with its kernels in bytes and without what only training needs.

    Raises:
        WeightsError: it paints something else then, or `file` is small already.
        MissingExtraError: onnx is not installed.
    """
    graphs = network_onnx(file.network(), {"name": path.stem}, in_bytes=True)
    tensors = {name: file.tensors[name] for name in _KEPT if name in file.tensors}
    small = replace(
        file,
        about={**file.about, "small": True},
        tensors=tensors,
        members={k: v for k, v in file.members.items() if k not in INT8} | graphs,
    )
    return _written(file, small, path, "float32")


def write_int8(file: NetworkFile, path: Path) -> Form:
    """Write a network with its graph in bytes beside that in float32: faster on most CPUs.

    Raises:
        WeightsError: it paints something else then, or `file` is a small one.
        MissingExtraError: nncf is not installed.
    """
    if file.about.get("small"):
        raise WeightsError(f"{file.path}: its kernels are in bytes already; name the whole file")
    openvino = load_openvino()

    styles = [file.style(name) for name in file.names]
    contents = _contents(_CONTENTS)
    chosen = [styles[i % len(styles)] for i in range(len(contents))]
    model = quantize(file.members["content.onnx"], file.model(), contents, chosen)
    with tempfile.TemporaryDirectory() as folder:
        openvino.save_model(model, Path(folder) / INT8[0])
        parts = {name: (Path(folder) / name).read_bytes() for name in INT8}
    faster = replace(file, members={**file.members, **parts})
    return _written(file, faster, path, "int8")


def _written(file: NetworkFile, other: NetworkFile, path: Path, precision: str) -> Form:
    psnr = _psnr(file, other, precision)
    if not psnr >= _LEAST:
        raise WeightsError(f"{file.path}: {psnr:.1f} dB in this form, expected {_LEAST:g}")
    about = {k: v for k, v in other.about.items() if k not in ("format", "sha256")}
    write_network(path, about, other.tensors, other.members)
    return Form(path, path.stat().st_size, psnr)


def _psnr(file: NetworkFile, other: NetworkFile, precision: str) -> float:
    """Return the PSNR in dB of what a form paints, over contents and styles."""
    errors = []
    for name in file.names[:4]:
        exact, found = (
            prepare_any([f.style(name)], [1.0], RealtimeOptions(precision=p, engine="openvino"))
            for f, p in ((file, "float32"), (other, precision))
        )
        errors += [float(np.square(exact(c) - found(c)).mean()) for c in _contents(4)]
    return float(-10 * np.log10(np.mean(errors) + 1e-12))


def _contents(count: int) -> list[Image]:
    known = [np.asarray(pixels / 255, np.float32) for pixels in scenes(1)]
    return [known[i % len(known)] for i in range(count)]
