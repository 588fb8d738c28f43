"""Write the network's graphs as ONNX, with half-precision weights and what they are."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from impasto.errors import MissingExtraError
from impasto.methods.realtime.graph import ContentGraph, StyleGraph
from impasto.methods.realtime.model import GRAINY, GRAPHS, STRIDES
from impasto.methods.realtime.network import Realtime
from impasto.methods.realtime.unet import UNet

OPSET = 18


def export_onnx(network: Realtime, folder: Path, about: Mapping[str, str]) -> dict[str, Path]:
    """Write both graphs into `folder` and return their paths, by `GRAPHS`' names.

    Heights and widths stay open; weights are float16 and widened when a graph is loaded.
    `about` goes into the files' metadata, beside the network's configuration.

    Raises:
        MissingExtraError: onnx and onnxscript are not installed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    graphs = {"style": style_onnx(network.eval(), about), "content": content_onnx(network, about)}
    for name, data in graphs.items():
        (folder / GRAPHS[name]).write_bytes(data)
    return {name: folder / file for name, file in GRAPHS.items()}


def style_onnx(network: Realtime, about: Mapping[str, str]) -> bytes:
    """Return the graph from a style to its code, as ONNX; see `export_onnx`."""
    check_export()
    return finished(_style(network), network.config, "style", about)


def content_onnx(network: UNet, about: Mapping[str, str], in_bytes: bool = False) -> bytes:
    """Return the graph that paints, as ONNX; see `finished`."""
    check_export()
    model = _content(network.eval())
    _shuffle_channels_last(model)
    return finished(model, network.config, "content", about, in_bytes)


def check_export() -> None:
    """Check that what writes ONNX is installed.

    Raises:
        MissingExtraError: it is not.
    """
    try:
        import onnx  # noqa: F401
        import onnxscript  # noqa: F401
    except ModuleNotFoundError as error:
        raise MissingExtraError("Export to ONNX", "export") from error


def finished(
    model: Any, config: Any, name: str, about: Mapping[str, str], in_bytes: bool = False
) -> bytes:
    """Return a graph with half-precision weights, open sizes, and what it is.

    With `in_bytes` the kernels of convolutions are stored as bytes, each channel by a scale of its
    own; they are widened when the graph is loaded, and computed with as before.
    """
    import onnx

    if in_bytes:
        _to_bytes(model)
    _halve(model)
    _open_shapes(model)
    _forget_where_it_was_made(model)
    what = {"config": json.dumps(asdict(config)), "graph": name}
    onnx.helper.set_model_props(model, {**about, **what})
    onnx.checker.check_model(model)
    data: bytes = model.SerializeToString(deterministic=True)
    return data


def _forget_where_it_was_made(model: Any) -> None:
    """Leave out stack traces, which hold paths of this machine."""
    graph = model.graph
    for named in (graph, *graph.node, *graph.value_info, *graph.input, *graph.output):
        del named.metadata_props[:]
    for node in graph.node:
        node.doc_string = ""


def content_example(network: UNet, height: int, width: int, maps: bool) -> dict[str, Tensor]:
    """Return random inputs of `ContentGraph`; `maps`: gains and statistics for every place."""
    layers = network.config.layers()
    example = {"content": torch.rand(1, height, width, 3)}
    example |= {"white": torch.rand(3, 4), "color": torch.rand(3, 4)}
    example["limits"] = torch.tensor([0.0, 1.0])
    sizes = {s: (height // n, width // n) if maps else (1, 1) for s, n in STRIDES.items()}
    for scale, size in sizes.items():
        grains = layers[scale][0] if scale == GRAINY else 0
        example[scale] = torch.rand(1, 2 * sum(layers[scale]) + grains, *size)
    for scale, size in sizes.items():
        example[f"{scale}_statistics"] = torch.rand(1, 2 * layers[scale][0], *size)
    stride = STRIDES[GRAINY]
    example[f"{GRAINY}_noise"] = torch.randn(1, 1, height // stride, width // stride)
    return example | {"given": torch.zeros(1)}


def _style(network: Realtime) -> Any:
    shape: Any = {"style": {1: torch.export.Dim.AUTO, 2: torch.export.Dim.AUTO}}
    return traced(StyleGraph(network), {"style": torch.rand(1, 80, 96, 3)}, shape, ["code"])


def _content(network: UNet) -> Any:
    example = content_example(network, 96, 80, maps=True)
    auto = torch.export.Dim.AUTO
    shapes: dict[str, Any] = {name: {2: auto, 3: auto} for name in example}
    shapes |= {"content": {1: auto, 2: auto}}
    shapes |= dict.fromkeys(("white", "color", "limits", "given"))
    return traced(ContentGraph(network), example, shapes, list(ContentGraph.outputs))


def traced(
    graph: nn.Module, example: dict[str, Tensor], shapes: dict[str, Any], outputs: list[str]
) -> Any:
    """Return a module as a graph of the names given, by an example of its inputs."""
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # of packages that are not needed
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter's own parts
        program = torch.onnx.export(
            graph,
            (),
            kwargs=example,
            dynamo=True,
            dynamic_shapes=shapes,
            opset_version=OPSET,
            input_names=list(example),
            output_names=outputs,
            verbose=False,
        )
    assert program is not None
    return program.model_proto


def _shuffle_channels_last(model: Any) -> None:
    """Let the pixel shuffle find the channels of a place together, which takes half the time.

    The convolution before it gives them in that order.
    """
    from onnx import helper, numpy_helper

    made = {node.output[0]: node for node in model.graph.node}
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    for shuffle in (node for node in model.graph.node if node.op_type == "DepthToSpace"):
        shares = {a.name: helper.get_attribute_value(a) for a in shuffle.attribute}
        assert shares["mode"] == b"CRD"
        del shuffle.attribute[:]
        size = shares["blocksize"]
        shuffle.attribute.extend(
            [helper.make_attribute("blocksize", size), helper.make_attribute("mode", "DCR")]
        )
        for name in made[shuffle.input[0]].input[1:]:
            values = numpy_helper.to_array(weights[name])
            places = values.reshape(-1, size**2, *values.shape[1:]).swapaxes(0, 1)
            weights[name].CopyFrom(numpy_helper.from_array(places.reshape(values.shape), name))


def _to_bytes(model: Any) -> None:
    """Store every kernel in bytes, with a node behind it that widens it again."""
    from onnx import helper, numpy_helper

    nodes = []
    kernels = {node.input[1] for node in model.graph.node if node.op_type == "Conv"}
    for tensor in [t for t in model.graph.initializer if t.name in kernels]:
        name, values = tensor.name, numpy_helper.to_array(tensor)
        scale = np.abs(values).max((1, 2, 3)).clip(1e-8) / 127
        rounded = np.round(values / scale[:, None, None, None]).astype(np.int8)
        tensor.CopyFrom(numpy_helper.from_array(rounded, f"{name}_bytes"))
        scales = numpy_helper.from_array(scale.astype(np.float32), f"{name}_scale")
        model.graph.initializer.append(scales)
        parts = [f"{name}_bytes", f"{name}_scale"]
        nodes.append(helper.make_node("DequantizeLinear", parts, [name], axis=0))
    _put_first(model, nodes)


def _halve(model: Any) -> None:
    """Store every large weight as float16, with a node behind it that widens it again."""
    from onnx import TensorProto, helper, numpy_helper

    nodes = []
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < 16 or tensor.name.endswith("_scale"):
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}_half"))
        nodes.append(helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT))
    _put_first(model, nodes)


def _put_first(model: Any, nodes: list[Any]) -> None:
    rest = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(nodes + rest)


def _open_shapes(model: Any) -> None:
    """Give every open side of inputs and outputs a name of its own, and forget all others.

    The exporter takes sides to be equal that were so in its example; here one may be 1.
    """
    del model.graph.value_info[:]
    for value in (*model.graph.input, *model.graph.output):
        for i, side in enumerate(value.type.tensor_type.shape.dim):
            if side.dim_param:
                side.dim_param = f"{value.name}_{i}"
