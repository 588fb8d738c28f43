"""The real-time network by torch on a CUDA card: bfloat16, channels last, CUDA graphs.

    python -m benchmarks.cuda --peer 'MicroAST=COMMAND {width} {height} {repeats} cuda'

Says so and measures nothing where there is no card. `call` is the stylizer, picture in main memory
in and out; the other rows are the content graph alone, on the card throughout. A peer is a command
as in benchmarks/speed.py, run in turn with ours.
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.case import Array, Watched
from benchmarks.machine import HERE, save
from benchmarks.measure import interleaved
from benchmarks.speed import SIZES, peers, table
from impasto.methods.realtime.model import ShippedGraphs
from impasto.methods.realtime.options import RealtimeOptions
from impasto.methods.realtime.stylizer import prepare

KINDS = ("graph bfloat16", "eager bfloat16", "eager float32", "call bfloat16", "call float32")
WARM_UP = 5
Event: Any = torch.cuda.Event


class Recorded(Watched):
    """Keep what the content graph was given last."""

    given: Mapping[str, Array]

    def run(
        self, graph: str, inputs: Mapping[str, Array], outputs: Sequence[str], **rest: Any
    ) -> list[Array]:
        """Return the outputs."""
        self.given = dict(inputs)
        return super().run(graph, inputs, outputs, **rest)


def content_pass(size: str, kind: str, device: torch.device) -> Callable[[], Any]:
    """Return a call that paints a picture of noise on the device, or from and to main memory."""
    how, precision = kind.split()
    width, height = map(int, size.split("x"))
    rng = np.random.default_rng(0)
    content = rng.random((height, width, 3), np.float32)
    style = rng.random((512, 512, 3), np.float32)
    options = RealtimeOptions(engine="torch", precision=precision, device=device.type)
    stylizer = prepare([style], [1.0], options)
    if how == "call":
        return lambda: stylizer(content)
    engine = Recorded(stylizer.engine)
    replace(stylizer, engine=engine)(content)
    inputs = {name: torch.from_numpy(np.array(x)).to(device) for name, x in engine.given.items()}
    network = ShippedGraphs().modules()["content"].to(device)
    for parameter in network.parameters():
        if parameter.ndim == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    call = _painting(network, inputs, half=precision == "bfloat16")
    return _captured(call) if how == "graph" else call


def _painting(
    network: nn.Module, inputs: Mapping[str, Tensor], *, half: bool
) -> Callable[[], Tensor]:
    device = next(iter(inputs.values())).device.type

    def paint() -> Tensor:
        # a captured graph must not refer to casts that are kept elsewhere
        cast = torch.autocast(device, torch.bfloat16, enabled=half, cache_enabled=False)
        with torch.inference_mode(), cast:
            painted: Tensor = network(**inputs)[0]
            return painted

    return paint


def _captured(call: Callable[[], Tensor]) -> Callable[[], None]:
    """Return a call that replays all kernels of another."""
    aside = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for _ in range(WARM_UP):
            call()
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        call()
    return graph.replay


def milliseconds(call: Callable[[], Any], repeats: int) -> list[float]:
    """Return the times of a call by the card's own clock."""
    found = []
    for number in range(WARM_UP + repeats):
        begin, end = (Event(enable_timing=True) for _ in range(2))
        begin.record()
        call()
        end.record()
        torch.cuda.synchronize()
        if number >= WARM_UP:
            found.append(begin.elapsed_time(end))
    return found


def main() -> None:
    parser = ArgumentParser()
    parser.add_argument("--peer", action="append", default=[], help="as in benchmarks.speed")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=HERE / "results", help="folder of the JSON")
    parser.add_argument("--case", nargs=3, metavar=("KIND", "SIZE", "REPEATS"), help="one alone")
    given = parser.parse_args()
    if not torch.cuda.is_available():
        sys.exit("no CUDA card here: nothing was measured")
    if given.case:
        kind, size, repeats = given.case
        call = content_pass(size, kind, torch.device("cuda"))
        print(json.dumps({"ms": milliseconds(call, int(repeats))}))
        return
    rows = []
    for size, (repeats, _) in SIZES.items():
        own = [sys.executable, "-m", "benchmarks.cuda", "--case"]
        wanted = {f"realtime torch {kind}": [*own, kind, size, str(3 * repeats)] for kind in KINDS}
        wanted |= peers(given.peer, size, repeats)
        rows += table(interleaved(wanted, given.rounds), size)
    for row in rows:
        if "ms" in row:
            row["frames_per_s"] = round(1e3 / row["ms"]["median"], 1)
    card = torch.cuda.get_device_name()
    save("cuda", "python -m benchmarks.cuda", {"card": card, "rows": rows}, given.out)


if __name__ == "__main__":
    main()
