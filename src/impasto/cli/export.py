"""`impasto export`: networks as ONNX for other programs, smaller, or in bytes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import click
import numpy as np

from impasto.errors import MissingExtraError, OptionError, WeightsError
from impasto.methods.realtime import model
from impasto.methods.realtime.codes import StyleCode
from impasto.methods.realtime.engines import OnnxEngine
from impasto.methods.realtime.mixed import prepare_any
from impasto.methods.realtime.network_file import NetworkFile, read_network
from impasto.methods.realtime.options import RealtimeOptions
from impasto.methods.realtime.residual_painting import ResidualModel
from impasto.names import unused

_PATH = click.Path(path_type=Path)


@click.command()
@click.argument("network", type=_PATH, required=False)
@click.option("--onnx", "folder", type=_PATH, help="Folder to write the graphs to.")
@click.option("--small", type=_PATH, help="Network file to write, with its kernels in bytes.")
@click.option("--int8", type=_PATH, help="Network file to write, which paints faster.")
@click.option("--force", is_flag=True, help="Overwrite files that exist.")
def export(
    network: Path | None, folder: Path | None, small: Path | None, int8: Path | None, force: bool
) -> None:
    """Write NETWORK, a file of your own, in other forms; the shipped one without it.

    As ONNX it comes with what turns styles into gains and shifts; its graph is run by every
    engine that is installed, and they must agree within 1/255.
    """
    if folder is None and small is None and int8 is None:
        raise OptionError("nothing to write: name --onnx, --small or --int8")
    file = None if network is None else read_network(network)
    if folder is not None:
        _export_onnx(file, folder, force)
    if small is not None or int8 is not None:
        _export_forms(file, small, int8, force)


def _export_forms(
    file: NetworkFile | None, small: Path | None, int8: Path | None, force: bool
) -> None:
    if file is None:
        raise OptionError("--small and --int8 are for network files: name one")
    try:
        from impasto.train.forms import write_int8, write_small
    except ModuleNotFoundError as missing:
        if missing.name != "torch":
            raise
        raise MissingExtraError("Other forms of a network", "export") from missing
    for path, write in ((small, write_small), (int8, write_int8)):
        if path is not None:
            click.echo(write(file, unused(path, force=force)))


def _export_onnx(file: NetworkFile | None, folder: Path, force: bool) -> None:
    graphs = _graphs(file)
    table = "realtime.json" if file is None else f"{file.path.stem}.json"
    for name in (*graphs, table):
        unused(folder / name, force=force)
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in graphs.items():
        if isinstance(data, bytes):
            (folder / name).write_bytes(data)
        else:
            shutil.copyfile(data, folder / name)
    (folder / table).write_text(json.dumps(_table(file)))
    for name in (*graphs, table):
        click.echo(folder / name)
    click.echo(_agreement(file))


def _graphs(file: NetworkFile | None) -> dict[str, Path | bytes]:
    """Return the graphs by the names that they get."""
    if file is None:
        return {name: model.checked(name) for name in model.GRAPHS.values()}
    graphs = {n: data for n, data in file.members.items() if n.endswith(".onnx")}
    return {f"{file.path.stem}-{name}": data for name, data in graphs.items()}


def _table(file: NetworkFile | None) -> dict[str, object]:
    """Return what turns styles into gains and shifts."""
    network = model.shipped_model() if file is None else file.model()
    table: dict[str, object] = {"weights_sha256": network.sha256}
    if isinstance(network, ResidualModel):
        table["channels"] = network.channels
    else:
        table["layers"] = {scale: list(channels) for scale, channels in network.layers.items()}
        table["strides"] = model.STRIDES
        table["weight"] = np.round(network.weight.astype(float), 6).tolist()
        table["bias"] = np.round(network.bias.astype(float), 6).tolist()
    if file is not None:
        table["styles"] = {name: _style(file.style(name)) for name in file.names}
    return table


def _style(code: StyleCode) -> dict[str, object]:
    """Return a style: its code or colours, and its gains and shifts."""
    change = code.affines
    return {
        "code": np.round(code.vector.astype(float), 6).tolist(),
        "values": None if change is None else np.round(change.astype(float), 6).tolist(),
    }


def _agreement(file: NetworkFile | None) -> str:
    """Return how far engines differ.

    Raises:
        WeightsError: by more than 1/255.
    """
    content = np.random.default_rng(0).random((131, 173, 3), np.float32)
    style = content[::-1, :97] if file is None else file.style(file.names[0])
    exact = RealtimeOptions(engine="openvino", precision="float32")
    wanted = prepare_any([style], [1.0], exact)(content)
    try:
        OnnxEngine()
    except MissingExtraError:
        return "parity not checked: onnxruntime is not installed"
    other = RealtimeOptions(engine="onnxruntime", precision="float32")
    found = prepare_any([style], [1.0], other)(content)
    most = float(np.abs(found - wanted).max()) * 255
    if most > 1:
        raise WeightsError(f"openvino and onnxruntime differ by {most:.3f}/255: damaged graphs")
    return f"openvino and onnxruntime agree within {most:.4f}/255"
