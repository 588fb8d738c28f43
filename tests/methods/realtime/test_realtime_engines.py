"""Every engine paints the same picture, or says why it cannot."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from impasto.engine.cache import GraphCache
from impasto.engine.openvino import openvino_core
from impasto.errors import MissingExtraError, OptionError
from impasto.methods.realtime import engines, openvino_engine
from impasto.methods.realtime.codes import StyleCode
from impasto.methods.realtime.colors import coloring
from impasto.methods.realtime.encoding import encode_style
from impasto.methods.realtime.engines import Engine, OnnxEngine, make_engine
from impasto.methods.realtime.model import DATA, GRAPHS, QUANTIZED, ShippedGraphs, shipped_model
from impasto.methods.realtime.openvino_engine import OpenVinoEngine
from impasto.methods.realtime.options import ENGINES, PRECISIONS, RealtimeOptions
from impasto.methods.realtime.painting import Painter, Region
from impasto.methods.realtime.stylizer import RealtimeStylizer, prepare

LEVEL = 1 / 255
PLAIN = RealtimeOptions()
NAMES = ("openvino", "onnxruntime", "torch")
needs_onnxruntime = pytest.mark.skipif(
    find_spec("onnxruntime") is None, reason="onnxruntime is not installed"
)


def painter(
    engine: Engine, *styles: StyleCode, options: RealtimeOptions = PLAIN, **guides: Any
) -> RealtimeStylizer:
    """Return a stylizer by this engine, its styles alike."""
    blend = (1 / len(styles),) * len(styles)
    return RealtimeStylizer(shipped_model(), engine, styles, blend=blend, options=options, **guides)


@pytest.fixture(scope="module")
def made() -> dict[str, Engine]:
    names = [name for name in NAMES if name != "onnxruntime" or find_spec(name)]
    return {name: make_engine(name, "float32", "cpu", 1) for name in names}


@pytest.mark.parametrize("other", [pytest.param("onnxruntime", marks=needs_onnxruntime), "torch"])
@pytest.mark.parametrize("shape", [(75, 113), (131, 66)])
def test_engines_agree(made: dict[str, Engine], draw: Any, shape: Any, other: str) -> None:
    content, style, seen = draw(*shape), draw(97, 141, 3), {}
    for name in ("openvino", other):
        stylizer = prepare([style], (1.0,), RealtimeOptions(engine=name, precision="float32"))
        seen[name] = stylizer(content), stylizer.codes[0].vector
        assert stylizer.made_with()["engine"] == name
        assert stylizer.made_with()["precision"] == "float32"
    (first, code), (second, same) = seen.values()
    assert np.allclose(code, same, atol=2e-3)
    assert first.shape == content.shape
    assert np.abs(first - second).max() < LEVEL


@pytest.mark.parametrize("other", [pytest.param("onnxruntime", marks=needs_onnxruntime), "torch"])
def test_engines_agree_in_tiles_and_places(
    made: dict[str, Engine], codes: Any, draw: Any, other: str
) -> None:
    share = np.linspace(0, 1, 48 * 80, dtype=np.float32).reshape(48, 80)
    options, pair = RealtimeOptions(local=0.4), (codes["ink"], codes["batik"])
    painted = []
    for name in ("openvino", other):
        stylizer = painter(made[name], *pair, options=options, masks=(share, 1 - share))
        painted.append(stylizer(draw(48, 80)))
    assert np.abs(painted[0] - painted[1]).max() < LEVEL


@pytest.mark.parametrize("name", ["openvino", "torch"])
def test_half_precision_is_near(made: dict[str, Engine], codes: Any, draw: Any, name: str) -> None:
    half, painted = make_engine(name, "bfloat16", "cpu", 1), []
    for engine in (made[name], half):
        stylizer = painter(engine, codes["ink"])
        painted.append(stylizer(draw(64, 96)))
    assert half.precision == "bfloat16"
    assert np.abs(painted[0] - painted[1]).mean() < 2 * LEVEL
    found, exact = (encode_style(e, draw(64, 96, 3)) for e in (half, made[name]))
    assert np.abs(found - exact).mean() < 0.1 * np.abs(exact).mean()


def test_auto_is_openvino_on_a_cpu_and_what_the_hardware_has() -> None:
    engine = make_engine("auto", "auto", "auto", None)
    assert engine.name == "openvino"
    assert engine.precision in ("float32", "int8")


@pytest.mark.parametrize("half", [True, False])
@pytest.mark.parametrize("vector", [True, False])
def test_auto_takes_bytes_where_the_cpu_multiplies_them(
    monkeypatch: pytest.MonkeyPatch, vector: bool, half: bool
) -> None:
    monkeypatch.setattr(openvino_engine, "_multiplies_bytes", lambda: vector)
    core = type("Core", (), {"get_property": lambda *_: ["FP32", "INT8", *["BF16"] * half]})
    monkeypatch.setattr(openvino_engine, "openvino_core", core)
    engine = OpenVinoEngine()
    assert engine.precision == ("int8" if vector or half else "float32")
    assert engine._settings["INFERENCE_PRECISION_HINT"] == ("bf16" if half else "f32")
    assert OpenVinoEngine("float32")._settings["INFERENCE_PRECISION_HINT"] == "f32"


def test_most_convolutions_multiply_bytes() -> None:
    model = openvino_core().read_model(DATA / QUANTIZED)
    convolutions = [op for op in model.get_ops() if op.get_type_name() == "Convolution"]
    inputs = [op.input_value(0).get_node().get_type_name() for op in convolutions]
    assert (len(inputs), inputs.count("FakeQuantize")) == (16, 10)
    assert ShippedGraphs().file("content", "int8").name == QUANTIZED
    assert ShippedGraphs().file("style", "int8").name == GRAPHS["style"]


@pytest.mark.parametrize("name", ["starry-night", "ink", "pointillism", "mosaic"])
def test_bytes_are_near(made: dict[str, Engine], codes: Any, scene: Any, name: str) -> None:
    painted = [
        painter(engine, codes[name])(scene)
        for engine in (made["openvino"], make_engine("openvino", "int8", "cpu", 1))
    ]
    error = np.mean((painted[0] - painted[1]) ** 2)
    assert 0 < error < 10**-3.8  # a ratio of signal to noise of 38 dB


def test_bytes_in_tiles_and_places(codes: Any, scene: Any) -> None:
    engine, model, code = make_engine("openvino", "int8", "cpu", 1), shipped_model(), codes["ink"]
    regions = [Region(model.affines(code.vector), coloring(code.vector))]
    whole, tiles = (Painter(model, engine, side)(scene, regions) for side in (4096, 32))
    assert np.abs(whole - tiles).mean() < LEVEL
    assert np.mean((whole - tiles) ** 2) < 10**-3.8
    local = Painter(model, engine)(scene, regions, 0.3)
    assert np.abs(local - whole).mean() > LEVEL


@pytest.mark.parametrize("name", ["torch", pytest.param("onnxruntime", marks=needs_onnxruntime)])
def test_bytes_are_for_openvino(name: str) -> None:
    with pytest.raises(OptionError, match=r"int8|float32"):
        make_engine(name, "int8", "cpu", None)


def test_without_an_engine_the_next_is_taken_or_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(MissingExtraError, match="OpenVINO engine needs"):
        make_engine("openvino", "auto", "cpu", None)
    if find_spec("onnxruntime"):
        assert make_engine("auto", "auto", "cpu", None).name == "onnxruntime"
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtraError, match="ONNX Runtime engine needs"):
        make_engine("auto", "auto", "cpu", None)


@pytest.mark.parametrize(("option", "choices"), [("engine", ENGINES), ("precision", PRECISIONS)])
def test_unknown_names_are_told_with_the_choices(option: str, choices: Any) -> None:
    with pytest.raises(OptionError, match=f"{option} 'float16'") as caught:
        RealtimeOptions(**{option: "float16"})
    assert all(choice in str(caught.value) for choice in choices)
    assert getattr(engines, f"{option.upper()}S") == choices


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_an_engine_of_the_cpu_takes_no_gpu(engine: str) -> None:
    for device in ("cuda", "mps"):
        with pytest.raises(OptionError, match=f"device {device} needs engine torch"):
            RealtimeOptions(engine=engine, device=device)


@needs_onnxruntime
def test_onnxruntime_computes_in_float32() -> None:
    with pytest.raises(OptionError, match="onnxruntime computes in float32"):
        make_engine("onnxruntime", "bfloat16", "cpu", None)
    assert OnnxEngine().precision == "float32"


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
@pytest.mark.parametrize("name", ["torch", "auto"])
def test_a_gpu_that_is_not_there_is_told(name: str) -> None:
    with pytest.raises(OptionError, match="device cuda: not available"):
        make_engine(name, "auto", "cuda", None)


def test_openvino_keeps_a_few_shapes(
    codes: Any, draw: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openvino_engine, "_KEPT", 4)
    engine = OpenVinoEngine("float32", 1)
    stylizer = painter(engine, codes["ink"])
    first = stylizer(draw(16, 17))
    for width in (32, 48, 64, 80):
        stylizer(draw(16, width))
    assert len(engine._shapes) == openvino_engine._KEPT
    assert np.array_equal(stylizer(draw(16, 17)), first)


NUMBERS_OF_64 = 29_230  # of all inputs for 64x64 pixels, with the margin


@pytest.mark.parametrize("streams", [1, 3])
def test_openvino_keeps_no_more_than_there_is_memory_for(
    codes: Any, draw: Any, streams: int
) -> None:
    room = 4.1 * openvino_engine._BYTES_PER_NUMBER * streams / 0.7
    engine = OpenVinoEngine("float32", 1, None, streams, free=int(room * NUMBERS_OF_64))
    stylizer = painter(engine, codes["ink"])

    def paint(width: int) -> None:
        stylizer(draw(64, width))

    paint(64)
    ((_, _, shapes, _),) = engine._shapes
    assert openvino_engine._numbers(shapes) == NUMBERS_OF_64
    for width in (80, 96):
        paint(width)
    assert len(engine._shapes) == 3
    paint(640)  # alone larger than all that may be kept
    assert len(engine._shapes) == 1
    paint(64)
    assert len(engine._shapes) == 1


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_another_process_need_not_compile(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, codes: Any, scene: Any, precision: str
) -> None:
    monkeypatch.setenv("IMPASTO_CACHE", str(tmp_path))
    compiled: list[str] = []
    real = OpenVinoEngine._model

    def counted(self: OpenVinoEngine, graph: str, *wanted: Any) -> Any:
        compiled.append(graph)
        return real(self, graph, *wanted)

    monkeypatch.setattr(OpenVinoEngine, "_model", counted)

    def painted(threads: int = 1) -> bytes:
        engine = make_engine("openvino", precision, "cpu", threads)
        options = RealtimeOptions(local=0.3)
        stylizer = painter(engine, codes["ink"], options=options)
        return stylizer(scene).tobytes()

    first = painted()
    assert (len(compiled), len(list(tmp_path.iterdir()))) == (2, 2)  # statistics, and the picture
    assert painted() == first
    assert len(compiled) == 2
    painted(threads=2)  # which decides what is compiled
    assert len(compiled) == 4
    for path in tmp_path.iterdir():
        path.write_bytes(path.read_bytes()[:-1000])
    assert painted() == first
    assert len(compiled) == 6
    assert painted() == first
    assert len(compiled) == 6
    # whole, and no graph
    for path in tmp_path.iterdir():
        GraphCache(tmp_path).store(path.name, b"something else")
    assert painted() == first


@pytest.mark.parametrize(("name", "precision"), [("tensorrt", "auto"), ("openvino", "float16")])
def test_make_engine_refuses_unknown_names(name: str, precision: str) -> None:
    with pytest.raises(OptionError, match=r"tensorrt|float16"):
        make_engine(name, precision, "cpu", None)


@pytest.mark.parametrize("name", NAMES)
def test_a_result_stays_when_the_next_is_painted(
    made: dict[str, Engine], codes: Any, draw: Any, name: str
) -> None:
    if name not in made:
        pytest.skip("onnxruntime is not installed")
    stylizer = painter(made[name], codes["ink"])
    # an engine may use its memory again for the next picture of this size
    first = stylizer(draw(32, 48))
    before = first.copy()
    second = stylizer(draw(32, 48, 5))
    assert not np.shares_memory(first, second)
    assert np.array_equal(first, before)


def test_memory_that_nobody_holds_is_written_again(codes: Any, draw: Any) -> None:
    engine = OpenVinoEngine("float32", 1)
    stylizer = painter(engine, codes["ink"])
    result = stylizer(draw(32, 48))
    for seed in range(4):  # as in a film: the last frame is held until the next is there
        result = stylizer(draw(32, 48, seed))
    (shape,) = engine._shapes.values()
    (request,) = shape._free
    kept = [arrays[0] for arrays, _ in request._outputs]
    assert len(kept) == request._LENT
    assert sum(np.shares_memory(result, array) for array in kept) == 1
    held = [stylizer(draw(32, 48, seed)) for seed in range(5)]
    assert not any(np.shares_memory(a, b) for a, b in combinations(held, 2))
    assert not np.array_equal(held[0], held[1])


@pytest.mark.parametrize("streams", [1, 3])
def test_many_threads_share_a_stylizer(codes: Any, draw: Any, streams: int) -> None:
    engine = OpenVinoEngine("float32", streams, streams=streams)
    stylizer = painter(engine, codes["ink"])
    contents = [draw(32, 48, seed) for seed in range(40)]
    expected = [stylizer(content).copy() for content in contents]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(stylizer, contents))
    for one, other in zip(found, expected, strict=True):
        assert np.array_equal(one, other)
    (shape,) = engine._shapes.values()
    assert 1 <= len(shape._free) <= streams


def test_the_same_shape_with_other_statistics_is_another_graph(
    made: dict[str, Engine], codes: Any, draw: Any
) -> None:
    model, code = shipped_model(), codes["ink"].vector
    regions = [Region(model.affines(code), coloring(code))]
    engine = OpenVinoEngine("float32", 1)
    # first a whole picture of the shape that tiles will have
    side = 32 + 3 * 16 + 2 * model.halo
    Painter(model, engine)(draw(side - 32, side - 32), regions)
    content = draw(side + 64, side + 64, 5)
    painted = [Painter(model, e, 32)(content, regions) for e in (engine, made["torch"])]
    assert np.abs(painted[0] - painted[1]).max() < LEVEL


def test_tiles_do_not_depend_on_the_engines_memory(
    made: dict[str, Engine], codes: Any, draw: Any
) -> None:
    model, code = shipped_model(), codes["ink"].vector
    regions = [Region(model.affines(code), coloring(code))]
    painted = [Painter(model, made[n], 64)(draw(48, 400), regions) for n in ("openvino", "torch")]
    assert np.abs(painted[0] - painted[1]).max() < LEVEL


@pytest.mark.parametrize(
    ("name", "threads", "each"),
    [
        ("torch", 8, 2),
        ("torch", 2, 1),
        ("openvino", 8, 2),
        ("openvino", 2, 1),
        ("onnxruntime", 8, 5),  # which callers share, and compute as well
    ],
)
def test_threads_are_shared_by_streams(name: str, threads: int, each: int) -> None:
    assert make_engine(name, "float32", "cpu", threads, None, 4).threads == each
