"""Run the network's graphs: OpenVINO, ONNX Runtime, or torch on a GPU."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from impasto.engine.device import usable_cores
from impasto.errors import MissingExtraError, OptionError
from impasto.methods.realtime.findings import Findings
from impasto.methods.realtime.memory import free_memory
from impasto.methods.realtime.model import Graphs, ShippedGraphs
from impasto.methods.realtime.openvino_engine import OpenVinoEngine
from impasto.methods.realtime.options import ENGINES, PRECISIONS, RealtimeOptions
from impasto.options import suggest

Array = NDArray[np.float32]


class Engine(Protocol):
    """Compute a graph's outputs from its inputs, by name; `threads` are those of each caller."""

    name: str
    precision: str
    threads: int

    def run(self, graph: str, inputs: Mapping[str, Array], outputs: Sequence[str]) -> list[Array]:
        """Return the outputs of the graph "style" or "content"."""
        ...


def make_engine(
    name: str,
    precision: str,
    device: str,
    threads: int | None,
    graphs: Graphs | None = None,
    streams: int = 1,
    free: int | None = None,
) -> Engine:
    """Return an engine; "auto" is torch where `device` is a GPU, else OpenVINO, else ONNX Runtime.

    `graphs` are those of a network of the user's own; the package's without them. The threads
    are shared by so many `streams`, that is callers at the same time. Compiled graphs are kept
    while they take no more than the `free` bytes of memory.

    Raises:
        OptionError: the engine cannot compute so; nothing else is taken in its place.
        MissingExtraError: the engine is not installed.
    """
    for what, value, choices in (("engine", name, ENGINES), ("precision", precision, PRECISIONS)):
        if value not in choices:
            raise OptionError(f"{what} {value!r}: {suggest(value, choices)}")
    if name == "auto":
        if device in ("cuda", "mps"):
            name = "torch"
        else:
            name = "openvino" if find_spec("openvino") else "onnxruntime"
    if name == "openvino":
        return OpenVinoEngine(precision, threads, graphs, streams, free)
    threads = threads or usable_cores()
    if name == "onnxruntime":  # whose threads all callers share, and callers compute as well
        return OnnxEngine(precision, max(1, threads - streams + 1), graphs)
    return TorchEngine(precision, device, max(1, threads // streams), graphs)


class OnnxEngine:
    """Compute with ONNX Runtime, float32."""

    name, precision = "onnxruntime", "float32"

    def __init__(
        self, precision: str = "auto", threads: int | None = None, graphs: Graphs | None = None
    ) -> None:
        self._graphs: Graphs = graphs or ShippedGraphs()
        if precision not in ("auto", "float32"):
            raise OptionError(f"precision {precision}: onnxruntime computes in float32 here")
        try:
            import onnxruntime
        except ModuleNotFoundError:
            raise MissingExtraError("The ONNX Runtime engine", "onnxruntime") from None
        self._options = onnxruntime.SessionOptions()
        self.threads = self._options.intra_op_num_threads = threads or usable_cores()
        self._runtime, self._sessions = onnxruntime, {}  # type: ignore[var-annotated]

    def run(self, graph: str, inputs: Mapping[str, Array], outputs: Sequence[str]) -> list[Array]:
        """Return the outputs."""
        if graph not in self._sessions:
            self._sessions[graph] = self._runtime.InferenceSession(
                self._graphs.file(graph, self.precision),
                self._options,
                providers=["CPUExecutionProvider"],
            )
        return self._sessions[graph].run(list(outputs), dict(inputs))  # type: ignore[no-any-return]


class TorchEngine:
    """Compute with torch, on a GPU where there is one."""

    name = "torch"

    def __init__(
        self, precision: str, device: str, threads: int | None, graphs: Graphs | None = None
    ) -> None:
        from impasto.engine import choose_device, choose_precision

        if precision == "int8":
            raise OptionError("precision int8: only openvino computes in it here")
        self._device = choose_device(device)
        self.precision = choose_precision(precision, self._device)
        self.threads = threads or usable_cores()
        modules = (graphs or ShippedGraphs()).modules()
        self._modules = {name: module.to(self._device) for name, module in modules.items()}

    def run(self, graph: str, inputs: Mapping[str, Array], outputs: Sequence[str]) -> list[Array]:
        """Return the outputs."""
        import torch

        from impasto.engine import cpu_threads

        # writable, as torch warns of an array that is not
        given = {k: torch.from_numpy(np.require(v, None, ["C", "W"])) for k, v in inputs.items()}
        half = torch.autocast(
            self._device.type, torch.bfloat16, enabled=self.precision == "bfloat16"
        )
        with torch.inference_mode(), cpu_threads(self.threads), half:
            found = self._modules[graph](**{k: v.to(self._device) for k, v in given.items()})
        named = [found] if graph == "style" else found
        names: Any = self._modules[graph].outputs
        by_name = dict(zip(names, named, strict=True))
        return [by_name[name].float().cpu().numpy() for name in outputs]


class Engines:
    """Make one engine for each network, for all stylizers that are prepared with it.

    `findings` are what they have found in contents, to be shared as well.
    """

    def __init__(self, streams: int = 1) -> None:
        self.streams, self.findings = streams, Findings()
        self._made: dict[Any, Engine] = {}
        self._room: dict[str | None, int | None] = {}

    def of(self, options: RealtimeOptions, sha256: str, graphs: Graphs) -> Engine:
        """Return the engine for a network of this hash.

        Raises:
            as `make_engine`.
        """
        chosen = options.engine, options.precision, options.device, options.threads
        key = (sha256, graphs.precisions, *chosen)
        if key not in self._made:
            keep = free_memory(options.memory)
            self._made[key] = make_engine(*chosen, graphs, self.streams, keep)
        return self._made[key]

    def room(self, amount: str | None) -> int | None:
        """Return the bytes of memory that each picture may take, of this amount asked for.

        Settled once, when engines are made and no picture is painted yet, so that what one
        picture takes, or an engine keeps of it, is not missed by the next. None: as many as are
        free when a picture is painted.
        """
        if amount is None and self.streams == 1:
            return None
        if amount not in self._room:
            self._room[amount] = free_memory(amount)
        room = self._room[amount]
        return None if room is None else room // self.streams
