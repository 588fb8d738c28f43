"""One case in this process: time it, and print the times as JSON.

    python -m benchmarks.case realtime 1920x1080 11 --engine openvino --precision int8
    python -m benchmarks.case optimize 512x512 5 --backbone vgg19 --precision float32

A stylizer's time is that of the whole call, picture in, picture out, style known; the engine's is
the sum of what its graphs take within. The picture is noise, which takes as long as any other.
"""

from __future__ import annotations

import json
import os
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.methods.contract import Image
from impasto.methods.realtime.engines import Engine

Array = NDArray[np.float32]

WARM_UP = 3  # as many as an engine lends outputs, and one


class Watched:
    """Pass all on to an engine, and sum the seconds that it runs graphs."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self.seconds = engine, 0.0
        self.name, self.precision = engine.name, engine.precision

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def run(
        self, graph: str, inputs: Mapping[str, Array], outputs: Sequence[str], **rest: Any
    ) -> list[Array]:
        """Return the outputs."""
        started = time.perf_counter()
        try:
            return self._engine.run(graph, inputs, outputs, **rest)
        finally:
            self.seconds += time.perf_counter() - started


def realtime(content: Image, given: Namespace) -> dict[str, list[float]]:
    """Return milliseconds of each pass, and of the engine in it."""
    from impasto.methods.realtime.network_file import read_network
    from impasto.methods.realtime.options import RealtimeOptions
    from impasto.methods.realtime.stylizer import prepare

    options = RealtimeOptions(engine=given.engine, precision=given.precision, device=given.device)
    style = _noise(512, 512) if given.network is None else read_network(given.network).style()
    stylizer = prepare([style], [1.0], options)
    engine = Watched(stylizer.engine)
    stylizer = replace(stylizer, engine=engine)
    found: dict[str, list[float]] = {"ms": [], "engine_ms": []}
    for _ in range(WARM_UP + given.repeats):
        engine.seconds, started = 0.0, time.perf_counter()
        stylizer(content)
        found["ms"].append(1e3 * (time.perf_counter() - started))
        found["engine_ms"].append(1e3 * engine.seconds)
    return {name: times[WARM_UP:] for name, times in found.items()}


def optimize(content: Image, given: Namespace) -> dict[str, list[float]]:
    """Return milliseconds of each step at one scale."""
    from impasto.job import Job
    from impasto.methods.optimize.options import resolve

    options = resolve(
        {
            "backbone": given.backbone,
            "precision": given.precision,
            "device": given.device,
            "steps": WARM_UP + given.repeats,
            "coarsest": 100_000,
        }
    )
    job = Job.open(content, _noise(*content.shape[:2]), None, options)
    times, last = [], time.perf_counter()
    for _ in job.iterate():
        times.append(1e3 * (time.perf_counter() - last))
        last = time.perf_counter()
    return {"ms": times[WARM_UP:]}


def _noise(height: int, width: int) -> Image:
    return np.random.default_rng(0).random((height, width, 3), np.float32)


def main() -> None:
    parser = ArgumentParser()
    parser.add_argument("method", choices=("realtime", "optimize"))
    parser.add_argument("size", help="WIDTHxHEIGHT")
    parser.add_argument("repeats", type=int)
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--network", help="a network file, in place of the one that ships")
    parser.add_argument("--backbone", default="vgg19")
    given = parser.parse_args()
    os.environ["IMPASTO_CACHE"] = "off"  # no trace of this in the user's folders
    width, height = map(int, given.size.split("x"))
    method = {"realtime": realtime, "optimize": optimize}[given.method]
    print(json.dumps(method(_noise(height, width), given)))


if __name__ == "__main__":
    main()
