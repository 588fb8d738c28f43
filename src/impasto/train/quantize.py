"""Quantise a content graph to bytes, by what its layers see while it paints pictures."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from impasto.engine.openvino import load_openvino, openvino_core
from impasto.errors import MissingExtraError
from impasto.methods.contract import Image
from impasto.methods.realtime.codes import StyleCode
from impasto.methods.realtime.model import MARGIN, RealtimeModel
from impasto.methods.realtime.openvino_engine import Array, OpenVinoEngine
from impasto.methods.realtime.options import RealtimeOptions
from impasto.methods.realtime.residual_painting import ResidualModel
from impasto.methods.realtime.stylizer import RealtimeStylizer

# convolutions that stay exact, beside the first and the last ones that a network has
_EXACT = ("encoder.stem", "encoder.down", "painter.up_coarse", "painter.fine_blocks.0.first")
_EXACT_RESIDUAL = ("network.stem", "network.out")


def quantize(
    graph: Path | bytes,
    model: RealtimeModel | ResidualModel,
    contents: Sequence[Image],
    styles: Sequence[StyleCode],
) -> Any:
    """Return a graph (ONNX) with its convolutions in bytes, as OpenVINO's model.

    Each content is painted in the style of its number; the least and the largest value that a
    layer sees in all of them are the ends of its range, as one style makes another's outliers.

    Raises:
        MissingExtraError: nncf is not installed.
    """
    load_openvino()  # before nncf, which would import it whole
    try:
        import nncf
        from nncf.quantization.range_estimator import RangeEstimatorParametersSet
    except ModuleNotFoundError as error:
        raise MissingExtraError("A graph in bytes", "int8") from error
    from openvino.passes import ConstantFolding, Manager

    nncf.set_log_level(logging.ERROR)
    whole = openvino_core().read_model(graph)
    manager = Manager()
    manager.register_pass(ConstantFolding())  # or halves of a weight are no weights
    manager.run_passes(whole)
    # what is no convolution stays as it is: statistics, affines and colours want to be exact
    nodes = whole.get_ordered_ops()
    convolutions = [op for op in nodes if op.get_type_name() == "Convolution"]
    exact = _exact({_weights(op): op for op in convolutions})
    inner = {op.get_friendly_name() for op in convolutions if op not in exact}
    kept = [name for name in (op.get_friendly_name() for op in nodes) if name not in inner]
    seen = list(_seen(model, contents, styles))
    return nncf.quantize(
        whole,
        nncf.Dataset(seen),
        subset_size=len(seen),
        preset=nncf.QuantizationPreset.MIXED,
        ignored_scope=nncf.IgnoredScope(kept, validate=False),
        advanced_parameters=nncf.AdvancedQuantizationParameters(
            activations_range_estimator_params=RangeEstimatorParametersSet.MINMAX
        ),
    )


def _exact(named: Mapping[str, Any]) -> list[Any]:
    """Return the convolutions that stay as they are.

    Of a U-Net these and the two that read what the last block leaves: that is worth 10 dB, for
    10 ms, and tiles agree with the whole.
    """
    if "painter.mid" not in named:
        return [named[name] for name in _EXACT_RESIDUAL]
    last_readers = named["painter.mid"].input_value(0).get_target_inputs()
    exact = [named[name] for name in _EXACT] + [reader.get_node() for reader in last_readers]
    assert len(exact) == len(_EXACT) + 2
    return exact


def _weights(convolution: Any) -> str:
    name: str = convolution.input_value(1).get_node().get_friendly_name()
    return name.removesuffix(".weight")


def _seen(
    model: RealtimeModel | ResidualModel, contents: Sequence[Image], styles: Sequence[StyleCode]
) -> Iterator[dict[str, Array]]:
    """Yield what goes into the content graph when contents are painted in styles."""
    for content, style in zip(contents, styles, strict=True):
        # a residual network gives its margin back, for its painter to cut off
        recorder = _Recorder(0 if isinstance(model, ResidualModel) else MARGIN)
        RealtimeStylizer(model, recorder, (style,), blend=(1.0,), options=RealtimeOptions())(
            content
        )
        yield recorder.inputs


class _Recorder:
    """Stand in for an engine and keep what it was given."""

    name, precision, threads = OpenVinoEngine.name, "float32", 1

    def __init__(self, margin: int) -> None:
        self.margin = margin
        self.inputs: dict[str, Array] = {}

    def run(self, graph: str, inputs: Mapping[str, Array], outputs: Sequence[str]) -> list[Array]:
        self.inputs = dict(inputs)
        _, height, width, _ = inputs["content"].shape
        cut = 2 * self.margin
        return [np.zeros((1, height - cut, width - cut, 3), np.float32)]
