"""Run the network's graphs with OpenVINO, compiled for each size of picture."""

from __future__ import annotations

import hashlib
import math
import sys
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from io import BytesIO
from pathlib import Path
from threading import Lock, Semaphore
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto import __version__
from impasto.engine.cache import GraphCache, user_cache_dir
from impasto.engine.device import processor_features, usable_cores
from impasto.engine.openvino import load_openvino, openvino_core
from impasto.errors import MissingExtraError, OptionError
from impasto.methods.realtime.model import Graphs, ShippedGraphs

Array = NDArray[np.float32]
_DEVICE = ("FULL_DEVICE_NAME", "OPTIMIZATION_CAPABILITIES")
_KEPT = 24  # compiled shapes
_KEPT_BYTES = 2**31  # that all of them may take: some ten pictures of 1080p, or one of any size
_BYTES_PER_NUMBER = 25  # of a request, for each number of its inputs


class OpenVinoEngine:
    """Compute on the CPU with OpenVINO; a graph is compiled anew for each size of picture."""

    name = "openvino"

    def __init__(
        self,
        precision: str = "auto",
        threads: int | None = None,
        graphs: Graphs | None = None,
        streams: int = 1,
        free: int | None = None,
    ) -> None:
        self._graphs: Graphs = graphs or ShippedGraphs()
        try:
            openvino = load_openvino()
        except ModuleNotFoundError:
            raise MissingExtraError("The OpenVINO engine", "all") from None
        self._openvino, self._core = openvino, openvino_core()
        half = "BF16" in self._core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        if precision == "auto":
            # whoever multiplies bfloat16 multiplies bytes too
            fastest = ("int8" if half or _multiplies_bytes() else "", "bfloat16" if half else "")
            precision = next((p for p in fastest if p in self._graphs.precisions), "float32")
        if precision not in self._graphs.precisions:
            raise OptionError(f"precision {precision}: this network has no graph for it")
        self.precision = precision
        exact = precision == "float32" or (precision == "int8" and not half)
        threads = threads or usable_cores()
        self.threads = max(1, threads // streams)
        self._settings: dict[str, Any] = {
            "INFERENCE_PRECISION_HINT": "f32" if exact else "bf16",
            "INFERENCE_NUM_THREADS": threads,
        }
        # a hint of latency may take other threads than these
        self._settings |= (
            {"NUM_STREAMS": streams} if streams > 1 else {"PERFORMANCE_HINT": "LATENCY"}
        )
        self._streams = streams
        self._most = _KEPT_BYTES if free is None else max(0, min(_KEPT_BYTES, int(0.7 * free)))
        self._cache, self._models = GraphCache(user_cache_dir()), {}  # type: ignore[var-annotated]
        self._shapes: OrderedDict[Any, _Shape] = OrderedDict()
        self._lock = Lock()

    def run(self, graph: str, inputs: Mapping[str, Array], outputs: Sequence[str]) -> list[Array]:
        """Return the outputs."""
        given = bool("given" in inputs and inputs["given"][0])
        shapes = tuple((name, array.shape) for name, array in inputs.items() if name != "given")
        key = (graph, given, shapes, tuple(outputs))
        with self._lock:
            if key not in self._shapes:
                self._make_room(_numbers(shapes))
                make = partial(self._compiled, graph, given, shapes, outputs)
                self._shapes[key] = _Shape(make, self._streams)
            self._shapes.move_to_end(key)
            shape = self._shapes[key]
        return shape(inputs)

    def _make_room(self, numbers: int) -> None:
        """Forget the shapes not seen for longest: each holds memory for its whole graph."""
        kept = [_numbers(shapes) for _, _, shapes, _ in self._shapes]
        most = self._most / (_BYTES_PER_NUMBER * self._streams)
        while kept and (len(kept) >= _KEPT or sum(kept) + numbers > most):
            self._shapes.popitem(last=False)
            kept.pop(0)

    def _compiled(
        self, graph: str, given: bool, shapes: Any, outputs: Sequence[str]
    ) -> Callable[[], _Request]:
        key = self._key(graph, given, shapes, tuple(outputs))
        compiled = self._kept(key)
        if compiled is None:
            model = self._model(graph, given, shapes, outputs)
            compiled = self._core.compile_model(model, "CPU", self._settings)
            self._cache.store(key, compiled.export_model().getvalue())
        return partial(_Request, self._openvino, compiled)

    def _key(self, *wanted: Any) -> str:
        """Return a hash of all that decides what a graph is compiled to."""
        device = [self._core.get_property("CPU", name) for name in _DEVICE]
        graph = _digest(self._graphs.file(wanted[0], self.precision))
        versions = (__version__, self._openvino.__version__)
        everything = (
            versions,
            device,
            processor_features(),
            graph,
            wanted,
            sorted(self._settings.items()),
        )
        return hashlib.sha256(repr(everything).encode()).hexdigest()

    def _kept(self, key: str) -> Any:
        """Return what an earlier process compiled, or None."""
        found = self._cache.load(key)
        if found is None:
            return None
        try:
            return self._core.import_model(BytesIO(found), "CPU", self._settings)
        except RuntimeError:  # OpenVINO's, of whatever kind
            return None

    def _model(self, graph: str, given: bool, shapes: Any, outputs: Sequence[str]) -> Any:
        """Return a graph for these shapes, without what other outputs need."""
        with self._lock:
            if graph not in self._models:
                found = self._graphs.file(graph, self.precision)
                parts = found if isinstance(found, tuple) else (found,)
                self._models[graph] = self._core.read_model(*parts)
            model = self._models[graph].clone()
        model.reshape({name: list(shape) for name, shape in shapes})
        for choice in (op for op in model.get_ops() if op.get_type_name() == "Select"):
            # between statistics that are given and the features' own
            choice.output(0).replace(choice.input_value(1 if given else 2))
        chosen = [model.output(name) for name in outputs]
        used = [p for p in model.get_parameters() if p.output(0).get_target_inputs()]
        return self._openvino.Model(chosen, used, graph)


class _Shape:
    """Hold a graph compiled for one shape, and a request for each stream."""

    def __init__(self, compile: Callable[[], Callable[[], _Request]], streams: int) -> None:
        self._compile, self._lock, self._turns = compile, Lock(), Semaphore(streams)
        self._make: Callable[[], _Request] | None = None
        self._free: list[_Request] = []

    def __call__(self, inputs: Mapping[str, Array]) -> list[Array]:
        with self._turns:
            with self._lock:  # who comes second waits for what the first has compiled
                if self._make is None:
                    self._make = self._compile()
                request = self._free.pop() if self._free else self._make()
            try:
                return request(inputs)
            finally:
                self._free.append(request)


def _digest(graph: Path | bytes | tuple[bytes, bytes]) -> str:
    """Return the hash of a graph; one in a file may have its numbers in a second file."""
    if isinstance(graph, Path):
        numbers = graph.with_suffix(".bin")
        parts = [path.read_bytes() for path in (graph, numbers) if path.is_file()]
    else:
        parts = list(graph) if isinstance(graph, tuple) else [graph]
    return "".join(hashlib.sha256(part).hexdigest() for part in parts)


def _numbers(shapes: Sequence[tuple[str, tuple[int, ...]]]) -> int:
    return sum(math.prod(shape) for _, shape in shapes)


class _Request:
    """Run one compiled graph; arrays go in and come out without a copy.

    Memory that came out and that nobody holds any more is written again: to clear fresh memory
    for a large picture takes the system as long as the last convolution takes.
    """

    _LENT = 2  # sets of outputs that are kept: one may be held while the next is computed

    def __init__(self, openvino: Any, compiled: Any) -> None:
        self._tensor, self._compiled = openvino.Tensor, compiled
        # a port may have the names of what a graph's optimisation put in its place as well
        self._wanted = [port.get_node().get_friendly_name() for port in compiled.inputs]
        self._request = compiled.create_infer_request()
        self._outputs: list[tuple[list[Array], list[Any]]] = []
        self._own_references = 0

    def __call__(self, inputs: Mapping[str, Array]) -> list[Array]:
        arrays, tensors = self._unheld()
        for i, tensor in enumerate(tensors):
            self._request.set_output_tensor(i, tensor)
        given = {i: inputs[name] for i, name in enumerate(self._wanted)}
        self._request.infer(given, share_inputs=True, share_outputs=True)
        return list(arrays)

    def _unheld(self) -> tuple[list[Array], list[Any]]:
        """Return outputs that nobody else holds, neither them nor a view of them."""
        for outputs in self._outputs:
            if _references(outputs[0]) == self._own_references:
                return outputs
        self._outputs = [*self._outputs[1 - self._LENT :], self._fresh()]
        self._own_references = _references(self._outputs[-1][0])
        return self._outputs[-1]

    def _fresh(self) -> tuple[list[Array], list[Any]]:
        arrays = [np.empty(tuple(port.shape), np.float32) for port in self._compiled.outputs]
        return arrays, [self._tensor(array, shared_memory=True) for array in arrays]


def _references(arrays: list[Array]) -> int:
    return max(map(sys.getrefcount, arrays))


def _multiplies_bytes() -> bool:
    """Return whether this CPU has instructions for products of bytes, as far as can be known."""
    return "vnni" in processor_features()
