"""Quantise the content graph to bytes, by what its layers see while it paints pictures."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import nncf
import numpy as np
import openvino
from nncf.quantization.range_estimator import RangeEstimatorParametersSet
from openvino.passes import ConstantFolding, Manager

from impasto.methods.contract import Image
from impasto.methods.realtime.codes import StyleCode
from impasto.methods.realtime.colors import coloring
from impasto.methods.realtime.encoding import encode_style
from impasto.methods.realtime.engines import Array, Engine, OpenVinoEngine
from impasto.methods.realtime.model import MARGIN, QUANTIZED, RealtimeModel
from impasto.methods.realtime.painting import Painter, Region

_EXACT = ("encoder.stem", "encoder.down", "painter.up_coarse", "painter.fine_blocks.0.first")


def quantize(
    graph: Path,
    model: RealtimeModel,
    contents: Sequence[Image],
    styles: Sequence[Image | StyleCode],
) -> Path:
    """Write the graph beside itself, its convolutions in bytes, and return where.

    Each content is painted in the style of its number; the least and the largest value that a
    layer sees in all of them are the ends of its range, as one style makes another's outliers.
    """
    nncf.set_log_level(logging.ERROR)
    whole = openvino.Core().read_model(graph)
    manager = Manager()
    manager.register_pass(ConstantFolding())  # or halves of a weight are no weights
    manager.run_passes(whole)
    # what is no convolution stays as it is: statistics, affines and colours want to be exact;
    # and so do these convolutions and the two that read what the last block leaves: that is
    # worth 10 dB, for 10 ms, and tiles agree with the whole
    nodes = whole.get_ordered_ops()
    convolutions = [op for op in nodes if op.get_type_name() == "Convolution"]
    named = {_weights(op).removesuffix(".weight"): op for op in convolutions}
    last_readers = named["painter.mid"].input_value(0).get_target_inputs()
    exact = [named[name] for name in _EXACT] + [reader.get_node() for reader in last_readers]
    assert len(exact) == len(_EXACT) + 2
    inner = {op.get_friendly_name() for op in convolutions if op not in exact}
    kept = [name for name in (op.get_friendly_name() for op in nodes) if name not in inner]
    seen = list(_seen(model, contents, styles))
    quantized = nncf.quantize(
        whole,
        nncf.Dataset(seen),
        subset_size=len(seen),
        preset=nncf.QuantizationPreset.MIXED,
        ignored_scope=nncf.IgnoredScope(kept, validate=False),
        advanced_parameters=nncf.AdvancedQuantizationParameters(
            activations_range_estimator_params=RangeEstimatorParametersSet.MINMAX
        ),
    )
    path = graph.with_name(QUANTIZED)
    openvino.save_model(quantized, path)
    return path


def _weights(convolution: openvino.Node) -> str:
    name: str = convolution.input_value(1).get_node().get_friendly_name()
    return name


def _seen(
    model: RealtimeModel, contents: Sequence[Image], styles: Sequence[Image | StyleCode]
) -> Iterator[dict[str, Array]]:
    """Yield what goes into the content graph when contents are painted in styles."""
    engine = OpenVinoEngine("float32")
    for content, style in zip(contents, styles, strict=True):
        recorder = _Recorder(engine)
        if not isinstance(style, StyleCode):
            style = StyleCode("picture", encode_style(engine, style))
        region = Region(model.affines(style.vector, style.affines), coloring(style.vector))
        Painter(model, recorder)(content, [region])
        yield recorder.inputs


class _Recorder:
    """Stand in for an engine and keep what it was given."""

    def __init__(self, engine: Engine) -> None:
        self.name, self.precision = engine.name, engine.precision
        self.inputs: dict[str, Array] = {}

    def run(self, graph: str, inputs: Mapping[str, Array], outputs: Sequence[str]) -> list[Array]:
        self.inputs = dict(inputs)
        _, height, width, _ = inputs["content"].shape
        return [np.zeros((1, height - 2 * MARGIN, width - 2 * MARGIN, 3), np.float32)]
