"""What this machine could do, and what the network asks of it: the two ends of a roofline.

    python -m benchmarks.roofline

Peaks are the fastest of products of square matrices (torch) and of 3x3 convolutions (OpenVINO, by
its own counters) in each precision; the bandwidth is that of a copy of a large array, by all
cores. Work is that of the content graph's convolutions, for a pixel: multiply-adds, and the
numbers that go in and out of each once, as if no cache kept any.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from impasto.engine import usable_cores
from impasto.engine.openvino import load_openvino
from impasto.methods.realtime.model import COLOR, DATA, MARGIN, WEIGHTS
from impasto.methods.realtime.network import Realtime
from impasto.methods.realtime.weights import load_realtime

PRECISIONS = ("float32", "bfloat16", "int8")
BYTES = {"float32": 4, "bfloat16": 2, "int8": 1}
SIDES = (1024, 2048, 4096)  # of matrices
MAPS = ((256, 64), (512, 64), (256, 128))  # channels and side of what is convolved
REPEATS = 9


def machine() -> dict[str, Any]:
    """Return multiply-adds a second in each precision, and the bytes a second of a copy."""
    torch.set_num_threads(usable_cores())
    products = {p: max(_product(p, side) for side in SIDES) for p in PRECISIONS}
    convolutions = {p: max(_convolution(p, *shape) for shape in MAPS) for p in PRECISIONS}
    return {
        "products_gmacs": {p: round(v / 1e9, 1) for p, v in products.items()},
        "convolutions_gmacs": {p: round(v / 1e9, 1) for p, v in convolutions.items()},
        "peak_gmacs": {p: round(max(products[p], convolutions[p]) / 1e9, 1) for p in PRECISIONS},
        "copy_gbs": round(_copy() / 1e9, 1),
    }


def _product(precision: str, side: int) -> float:
    """Return the multiply-adds a second of a product of matrices."""
    if precision == "int8":
        a, b = (torch.randint(-127, 128, (side, side), dtype=torch.int8) for _ in range(2))
        return side**3 / _best(lambda: torch._int_mm(a, b))
    x, y = (torch.rand(side, side).to(getattr(torch, precision)) for _ in range(2))
    return side**3 / _best(lambda: x @ y)


def _copy(count: int = 2**26) -> float:
    """Return the bytes a second that a copy of a large array reads and writes."""
    source = torch.rand(count)
    target = torch.empty_like(source)
    return 8 * count / _best(lambda: target.copy_(source))


def _best(call: Callable[[], Any]) -> float:
    """Return the fewest seconds: a peak is what can be reached, not what usually is."""
    call()
    times = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return min(times)


def _convolution(precision: str, channels: int, side: int) -> float:
    """Return the multiply-adds a second of a convolution, the faster of two in a row."""
    openvino = load_openvino()

    settings = {
        "INFERENCE_PRECISION_HINT": "f32" if precision == "float32" else "bf16",
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": usable_cores(),
        "PERF_COUNT": True,
    }
    model = _model(channels, side, in_bytes=precision == "int8")
    request = openvino.Core().compile_model(model, "CPU", settings).create_infer_request()
    content = np.random.default_rng(0).random((1, channels, side, side), np.float32)
    times = []
    for _ in range(1 + REPEATS):
        request.infer([content], share_inputs=True)
        nodes = [node for node in request.profiling_info if node.node_type == "Convolution"]
        kinds = {node.exec_type for node in nodes}
        if precision == "int8" and not any(kind.endswith("I8") for kind in kinds):
            return 0.0  # this CPU multiplies no bytes
        times.append(min(node.real_time.total_seconds() for node in nodes))
    return float(channels**2 * 9 * side**2 / min(times[1:]))


def _model(channels: int, side: int, *, in_bytes: bool) -> Any:
    """Return two convolutions in a row, so that what is between them is in their precision."""
    openvino = load_openvino()
    from openvino import opset13 as op

    def quantized(x: Any, low: float, high: float, levels: int) -> Any:
        ends = [op.constant(np.float32(value)) for value in (low, high)]
        return op.fake_quantize(x, *ends, *ends, levels) if in_bytes else x

    rng = np.random.default_rng(0)
    content = op.parameter([1, channels, side, side], np.float32)
    x: Any = content
    for _ in range(2):
        kernel = op.constant(rng.random((channels, channels, 3, 3), np.float32) - np.float32(0.5))
        kernel = quantized(kernel, -0.5, 0.5, 255)
        x = quantized(x, 0.0, 2.55, 256)
        x = op.relu(op.convolution(x, kernel, [1, 1], [1, 1], [1, 1], [1, 1]))
    return openvino.Model([x], [content], "peak")


def work(network: Realtime, side: int = 256) -> dict[str, float]:
    """Return the content's multiply-adds and numbers moved, for a pixel."""
    found = {"multiply_adds": 0.0, "numbers": 0.0}

    def count(layer: nn.Conv2d, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        places = output.shape[2] * output.shape[3]
        found["multiply_adds"] += layer.weight.numel() * places / side**2
        found["numbers"] += sum(x.numel() for x in (*inputs, output)) / side**2

    layers = [m for part in (network.content, network.painter) for m in part.modules()]
    hooks = [m.register_forward_hook(count) for m in layers if isinstance(m, nn.Conv2d)]
    with torch.no_grad():
        inner = side - 2 * MARGIN
        network.paint(torch.rand(1, 3, inner, inner), torch.zeros(1, network.config.code + COLOR))
    for hook in hooks:
        hook.remove()
    return {name: round(value, 1) for name, value in found.items()}


def main() -> None:
    print(json.dumps({"machine": machine(), "work": work(load_realtime(DATA / WEIGHTS))}))


if __name__ == "__main__":
    main()
