"""Which layer costs what: OpenVINO's own profile of the content graph.

    python -m benchmarks.counters 1920x1080 --precision int8

Times are medians over repeats, with the profile switched on, which itself costs a little. A layer
is a node of the graph as OpenVINO runs it, after it has fused and inserted what it thinks best.
"""

from __future__ import annotations

import json
import os
import statistics
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from impasto.engine.openvino import load_openvino
from impasto.methods.realtime.options import RealtimeOptions
from impasto.methods.realtime.stylizer import prepare

Table = list[dict[str, Any]]


@dataclass(frozen=True)
class Layer:
    """Name a node of the graph that runs: its type, and the kernel that was chosen for it."""

    name: str
    kind: str
    kernel: str


@contextmanager
def profiled() -> Iterator[list[Any]]:
    """Have OpenVINO count; yield the list that all requests made meanwhile come into."""
    openvino = load_openvino()

    requests: list[Any] = []
    compile_model = openvino.Core.compile_model
    create = openvino.CompiledModel.create_infer_request

    def compile_counting(core: Any, model: Any, device: str, settings: dict[str, Any]) -> Any:
        return compile_model(core, model, device, {**settings, "PERF_COUNT": True})

    def create_kept(compiled: Any) -> Any:
        requests.append(create(compiled))
        return requests[-1]

    os.environ["IMPASTO_CACHE"] = "off"  # what is kept from before does not count
    openvino.Core.compile_model = compile_counting
    openvino.CompiledModel.create_infer_request = create_kept
    try:
        yield requests
    finally:
        openvino.Core.compile_model = compile_model
        openvino.CompiledModel.create_infer_request = create


def counters(width: int, height: int, precision: str, repeats: int) -> Table:
    """Return milliseconds, share, type and kernel of each layer, largest first."""
    rng = np.random.default_rng(0)
    content = rng.random((height, width, 3), np.float32)
    times: dict[Layer, list[float]] = {}
    shapes: dict[str, str] = {}
    with profiled() as requests:
        options = RealtimeOptions(engine="openvino", precision=precision)
        stylizer = prepare([rng.random((512, 512, 3), np.float32)], [1.0], options)
        del requests[:]  # the style's
        for _ in range(3):
            stylizer(content)
        for _ in range(repeats):
            stylizer(content)
            for request in requests:
                shapes |= _shapes(request)
                for node in request.profiling_info:
                    layer = Layer(node.node_name, node.node_type, node.exec_type)
                    times.setdefault(layer, []).append(node.real_time.total_seconds() * 1e3)
    rows = {layer: statistics.median(found) for layer, found in times.items()}
    whole = sum(rows.values())
    return [
        {
            "ms": round(ms, 3),
            "share": round(ms / whole, 4),
            "kind": layer.kind,
            "kernel": layer.kernel,
            "shapes": shapes.get(layer.name, ""),
            "name": layer.name,
        }
        for layer, ms in sorted(rows.items(), key=lambda row: -row[1])
        if ms > 0
    ]


def _shapes(request: Any) -> dict[str, str]:
    """Return what goes into and comes out of each node, as 32x256x256 -> 64x128x128."""
    found = {}
    for node in request.get_compiled_model().get_runtime_model().get_ops():
        inputs = [value.get_shape() for value in node.input_values()[:1]]
        sides = [*inputs, *(port.get_shape() for port in node.outputs()[:1])]
        found[node.get_friendly_name()] = " -> ".join(
            "x".join(str(side) for side in list(shape)[1:]) for shape in sides
        )
    return found


def summed(rows: Table) -> Table:
    """Return the rows summed by type and kernel, largest first."""
    sums: dict[tuple[str, str], list[float]] = {}
    for row in rows:
        sums.setdefault((row["kind"], row["kernel"]), []).append(row["ms"])
    whole = sum(sum(found) for found in sums.values())
    table = [
        {
            "ms": round(sum(found), 3),
            "share": round(sum(found) / whole, 4),
            "kind": kind,
            "kernel": kernel,
            "shapes": "",
            "name": f"{len(found)} of them",
        }
        for (kind, kernel), found in sums.items()
    ]
    return sorted(table, key=lambda row: -row["ms"])


def text(rows: Table) -> str:
    """Return rows as lines of a table."""
    return "\n".join(
        f"{row['ms']:9.3f} {100 * row['share']:5.1f} %  {row['kind']:<18} {row['kernel']:<34}"
        f" {row['shapes']:<28} {row['name']}"
        for row in rows
    )


def main() -> None:
    """Print the table of one size and precision."""
    parser = ArgumentParser()
    parser.add_argument("size", nargs="?", default="1920x1080", help="WIDTHxHEIGHT")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--least", type=float, default=0.0, help="share below which none is shown")
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument("--largest", type=int, help="so many layers and kinds only")
    given = parser.parse_args()
    width, height = map(int, given.size.split("x"))
    rows = counters(width, height, given.precision, given.repeats)
    if given.json:
        kept = slice(given.largest)
        whole = round(sum(row["ms"] for row in rows), 3)
        print(json.dumps({"ms": whole, "kinds": summed(rows)[kept], "layers": rows[kept]}))
        return
    print(f"{given.size} {given.precision}: {sum(row['ms'] for row in rows):.2f} ms in all layers")
    print("\nby type and kernel, ms")
    print(text(summed(rows)))
    print("\nby layer, ms")
    print(text([row for row in rows[: given.largest] if row["share"] >= given.least]))


if __name__ == "__main__":
    main()
