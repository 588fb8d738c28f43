"""Make the shipped files of the real-time network from its weights: graphs, presets, manifest.

    python -m tools.realtime runs/realtime/realtime.safetensors pictures/style photos paintings

The folder holds the public-domain pictures of `PAINTINGS`; drawn styles are drawn. Photos and
paintings, as the network was trained on, say which values its layers take: the graph in bytes
is made from them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from impasto.drawn import DRAWINGS, draw
from impasto.engine.openvino import load_openvino
from impasto.images import load_picture
from impasto.methods.contract import Image
from impasto.methods.realtime import codes, model
from impasto.methods.realtime.encoding import encode_style
from impasto.methods.realtime.export import export_onnx
from impasto.methods.realtime.network import Realtime
from impasto.methods.realtime.openvino_engine import OpenVinoEngine
from impasto.methods.realtime.weights import load_realtime, save_realtime
from impasto.train.data import Pictures
from impasto.train.pairs import noise_map
from impasto.train.quantize import quantize
from impasto.weights import read_weights, weights_sha256
from tools.equalize import equalize

PAINTINGS = {
    "great-wave": "The Great Wave off Kanagawa, after Katsushika Hokusai",
    "fine-wind-clear-weather": "Fine Wind, Clear Weather, Katsushika Hokusai",
    "ninth-wave": "The Ninth Wave, Ivan Aivazovsky",
    "neuschwanstein-print": "Neuschwanstein, photochrom print, Library of Congress",
    "starry-night": "The Starry Night, Vincent van Gogh",
    "the-scream": "The Scream, Edvard Munch",
    "shipwreck": "The Shipwreck, J. M. W. Turner",
    "woman-with-hat-matisse": "Woman with a Hat, Henri Matisse (public domain in the US)",
}


_CALIBRATED_ON = 288  # pairs


def main(weights: Path, styles: Path, photos: Path, paintings: Path) -> None:
    """Write all files of `impasto.methods.realtime.data`."""
    model.DATA.mkdir(exist_ok=True)
    network = load_realtime(weights)
    _write_graphs(network, weights)
    known = presets(styles)
    contents, shown = (_pictures(root) for root in (photos, paintings))
    given: list[Image | codes.StyleCode] = [*known * 3, *shown[3 * len(known) :]]
    equalize(network, lambda: _paint_all(network, contents, given))
    _write_graphs(network, weights)
    codes.save_codes(model.DATA / codes.CODES, known)
    engine = OpenVinoEngine("float32")
    styled = [
        s if isinstance(s, codes.StyleCode) else codes.StyleCode("", encode_style(engine, s))
        for s in given
    ]
    graph = model.DATA / model.GRAPHS["content"]
    quantized = model.DATA / model.QUANTIZED
    load_openvino().save_model(quantize(graph, model.shipped_model(), contents, styled), quantized)
    files = quantized.name, quantized.with_suffix(".bin").name
    _write_manifest([model.WEIGHTS, *model.GRAPHS.values(), codes.CODES, *files])


def _write_graphs(network: Realtime, trained: Path) -> None:
    """Write the weights, with what their file says of their training, and the graphs."""
    training = json.loads(read_weights(trained)[1]["training"])
    path = model.DATA / model.WEIGHTS
    save_realtime(path, network.state_dict(), network.config, training)
    about = {"license": "Apache-2.0", "weights_sha256": weights_sha256(path)}
    export_onnx(network, model.DATA, about)
    _write_manifest([model.WEIGHTS, *model.GRAPHS.values()])


@torch.no_grad()
def _paint_all(
    network: Realtime, contents: list[Image], styles: list[Image | codes.StyleCode]
) -> None:
    rng = np.random.default_rng(0)
    for content, style in zip(contents, styles, strict=True):
        image = _tensor(content)
        if isinstance(style, codes.StyleCode):
            code = torch.from_numpy(style.vector)[None]
        else:
            code = network.style(_tensor(style))
        network.paint(image, code, noise=noise_map(image, rng, quiet=0))


def _tensor(image: Image) -> Tensor:
    return torch.from_numpy(image).permute(2, 0, 1)[None]


def _pictures(root: Path, size: int = 256) -> list[Image]:
    """Return squares of training pictures."""
    squares = Pictures(root).crops(np.random.default_rng(0), _CALIBRATED_ON, size)
    return [np.ascontiguousarray(square.permute(1, 2, 0).numpy()) for square in squares]


def presets(paintings: Path) -> list[codes.StyleCode]:
    """Return the codes of the paintings and of our own drawings."""
    engine = OpenVinoEngine("float32")
    found = []
    for name, source in PAINTINGS.items():
        path = next(p for p in sorted(paintings.iterdir()) if p.stem == name)
        picture = load_picture(path)
        code = encode_style(engine, picture.pixels)
        found.append(codes.StyleCode(name, code, source, "public domain", picture.sha256))
    for name in DRAWINGS:
        code = encode_style(engine, draw(name, size=512))
        source = f"drawn by Impasto: draw({name!r}, size=512)"
        found.append(codes.StyleCode(name, code, source, "Apache-2.0"))
    return found


def _write_manifest(names: list[str]) -> None:
    table = {name: weights_sha256(model.DATA / name) for name in sorted(names)}
    (model.DATA / model.MANIFEST).write_text(json.dumps(table, indent=2) + "\n")
    for cached in (model.shipped_model, model._manifest, codes.shipped_codes):
        cached.cache_clear()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:5]))
