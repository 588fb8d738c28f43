"""`impasto export`: the real-time network as ONNX, for other programs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import click
import numpy as np

from impasto.cli.stylize import unused
from impasto.errors import MissingExtraError, WeightsError
from impasto.methods.realtime import model
from impasto.methods.realtime.engines import OnnxEngine, OpenVinoEngine
from impasto.methods.realtime.options import RealtimeOptions
from impasto.methods.realtime.stylizer import prepare


@click.command()
@click.option(
    "--onnx", "folder", type=click.Path(path_type=Path), required=True, help="Folder to write to."
)
@click.option("--force", is_flag=True, help="Overwrite files that exist.")
def export(folder: Path, force: bool) -> None:
    """Write the real-time network's graphs, and its table from codes to gains and shifts.

    The graphs are run by every engine that is installed and must agree within 1/255.
    """
    names = [*model.GRAPHS.values(), "realtime.json"]
    for name in names:
        unused(folder / name, force=force)
    folder.mkdir(parents=True, exist_ok=True)
    network = model.shipped_model()
    for name in model.GRAPHS.values():
        shutil.copyfile(model.checked(name), folder / name)
    table = {
        "weights_sha256": network.sha256,
        "layers": {scale: list(channels) for scale, channels in network.layers.items()},
        "strides": model.STRIDES,
        "weight": np.round(network.weight.astype(float), 6).tolist(),
        "bias": np.round(network.bias.astype(float), 6).tolist(),
    }
    (folder / "realtime.json").write_text(json.dumps(table))
    for name in names:
        click.echo(folder / name)
    click.echo(_agreement())


def _agreement() -> str:
    """Return how far engines differ.

    Raises:
        WeightsError: by more than 1/255.
    """
    content = np.random.default_rng(0).random((131, 173, 3), np.float32)
    style = content[::-1, :97]
    made = prepare([style], [1.0], RealtimeOptions(engine="openvino", precision="float32"))
    assert isinstance(made.engine, OpenVinoEngine)
    wanted = made(content)
    try:
        OnnxEngine()
    except MissingExtraError:
        return "parity not checked: onnxruntime is not installed"
    other = prepare([style], [1.0], RealtimeOptions(engine="onnxruntime", precision="float32"))
    most = float(np.abs(other(content) - wanted).max()) * 255
    if most > 1:
        raise WeightsError(f"openvino and onnxruntime differ by {most:.3f}/255: damaged graphs")
    return f"openvino and onnxruntime agree within {most:.4f}/255"
