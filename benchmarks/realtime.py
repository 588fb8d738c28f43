"""The real-time network: how good, judged by VGG-19, and how fast, beside its peers.

    python -m benchmarks.realtime quality --peer MicroAST=DIR --peer Magenta=DIR
    python -m benchmarks.realtime speed --peers times.json

`quality` needs IMPASTO_PICTURES (content/, style/) and VGG-19's weights; a peer is a folder of
its results, CONTENT__STYLE.png, made from the same pictures: longest side 512, sides cut to
multiples of 4. `speed` measures this network on noise, content and result in memory, style
known; `times.json` holds peers' medians in milliseconds by size, measured in the same hour, and
is kept beside ours.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.machine import save
from impasto.images import fit, load, save_picture
from impasto.methods.contract import Image
from impasto.methods.realtime.encoding import encode_style
from impasto.methods.realtime.engines import make_engine
from impasto.methods.realtime.model import COLOR, DATA, MARGIN, WEIGHTS
from impasto.methods.realtime.network import Realtime
from impasto.methods.realtime.options import RealtimeOptions
from impasto.methods.realtime.stylizer import prepare
from impasto.methods.realtime.weights import load_realtime
from impasto.metrics import Judge

CONTENTS = (
    "golden_gate", "tubingen", "hoovertowernight", "chicago", "cornell", "sailboat",
    "london-rain", "moraine-lake", "budapest-parliament", "avril",
)  # fmt: skip
STYLES = (
    "great-wave", "fine-wind-clear-weather", "ninth-wave", "starry-night", "the-scream",
    "shipwreck", "woman-with-hat-matisse", "sketch", "en-campo-gris", "brushstrokes",
    "antimonocromatismo", "mondrian",
)  # fmt: skip
SIZES = ((512, 512), (1024, 1024), (1920, 1080), (3840, 2160))
MEASURES = ("content", "style", "moments", "ssim")


def quality(peers: dict[str, Path], every: int) -> dict[str, Any]:
    """Judge every so many of the 120 pairs; return means and standard errors by program."""
    judge = Judge("vgg19")
    styles = {name: picture("style", name) for name in STYLES}
    seen = {name: judge.look(style) for name, style in styles.items()}
    ready = {name: prepare([style], [1.0], RealtimeOptions()) for name, style in styles.items()}
    rows: dict[str, list[list[float]]] = {}
    for i, content_name in enumerate(CONTENTS):
        content = picture("content", content_name)
        kept = judge.look(content)
        for j, name in enumerate(STYLES):
            if (5 * i + j) % every:
                continue
            results = {"Impasto": ready[name](content), "copy of the content": content}
            for peer, folder in peers.items():
                results[peer] = load(folder / f"{content_name}__{name}.png")
            for program, result in results.items():
                found = judge.compare(judge.look(result), kept, seen[name])
                rows.setdefault(program, []).append([getattr(found, m) for m in MEASURES])
        print(content_name, {k: np.round(np.mean(v, 0), 3).tolist() for k, v in rows.items()})
    return {program: summary(np.array(table)) for program, table in rows.items()}


def picture(kind: str, name: str) -> Image:
    """Return a picture of IMPASTO_PICTURES, longest side 512, sides cut to multiples of 4."""
    folder = Path(os.environ["IMPASTO_PICTURES"]) / kind
    path = next(p for p in sorted(folder.iterdir()) if p.stem == name)
    image = fit(load(path), 512)
    height, width = (side // 4 * 4 for side in image.shape[:2])
    return np.ascontiguousarray(image[:height, :width])


def summary(table: Any) -> dict[str, Any]:
    """Return mean and standard error of each measure over pairs."""
    error = table.std(0, ddof=1) / len(table) ** 0.5
    return {"pairs": len(table)} | {
        name: {"mean": round(float(m), 4), "error": round(float(e), 4)}
        for name, m, e in zip(MEASURES, table.mean(0), error, strict=True)
    }


def speed(repeats: int) -> dict[str, Any]:
    """Return milliseconds by precision and size, of styles, and of the whole command."""
    rng = np.random.default_rng(0)
    style = rng.random((512, 512, 3), np.float32)
    found: dict[str, Any] = {}
    for precision in ("int8", "bfloat16", "float32"):
        stylizer = prepare([style], [1.0], RealtimeOptions(precision=precision))
        for width, height in SIZES:
            content = rng.random((height, width, 3), np.float32)
            found.setdefault(precision, {})[f"{width}x{height}"] = timed(
                lambda content=content, stylizer=stylizer: stylizer(content), repeats
            )
            print(precision, width, height, found[precision][f"{width}x{height}"], flush=True)
    engine = make_engine("auto", "auto", "cpu", None)
    found["style 512x512"] = timed(lambda: encode_style(engine, style), repeats)
    found["command 1920x1080"] = _command(repeats)
    found["roofline"] = roofline(found["bfloat16"]["1920x1080"]["median"])
    return found


def roofline(milliseconds: float) -> dict[str, float]:
    """Return what the network needs for a pixel, what this CPU can do, and the share reached.

    Bytes are those of every convolution's input and output in bfloat16, as if none were kept
    in a cache.
    """
    work = cost(load_realtime(DATA / WEIGHTS))
    peak, bandwidth = _peak(), _bandwidth()
    rate = 1920 * 1080 / (milliseconds / 1e3)
    return {
        "multiply_adds_per_pixel": work["multiply_adds"],
        "bytes_per_pixel": work["bytes"],
        "peak_gmacs": round(peak / 1e9, 1),
        "bandwidth_gbs": round(bandwidth / 1e9, 1),
        "share_of_peak": round(rate * work["multiply_adds"] / peak, 3),
        "share_of_bandwidth": round(rate * work["bytes"] / bandwidth, 3),
    }


def cost(network: Realtime, side: int = 256) -> dict[str, float]:
    """Return multiply-adds and bytes of the content's convolutions for a pixel."""
    work = {"multiply_adds": 0.0, "bytes": 0.0}

    def count(layer: nn.Conv2d, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        places = output.shape[2] * output.shape[3]
        work["multiply_adds"] += layer.weight.numel() * places / side**2
        work["bytes"] += 2 * sum(x.numel() for x in (*inputs, output)) / side**2

    layers = [m for part in (network.content, network.painter) for m in part.modules()]
    hooks = [m.register_forward_hook(count) for m in layers if isinstance(m, nn.Conv2d)]
    with torch.no_grad():
        inner = side - 2 * MARGIN
        network.paint(torch.rand(1, 3, inner, inner), torch.zeros(1, network.config.code + COLOR))
    for hook in hooks:
        hook.remove()
    return {name: round(value, 1) for name, value in work.items()}


def _peak(side: int = 2048) -> float:
    """Return the multiply-adds a second of a product of bfloat16 matrices."""
    a = torch.rand(side, side).bfloat16()
    return float(side**3 / (timed(lambda: a @ a, 9)["median"] / 1e3))


def _bandwidth(count: int = 2**26) -> float:
    """Return the bytes a second that a copy of a large array reads and writes."""
    source = torch.rand(count)
    target = torch.empty_like(source)
    return float(8 * count / (timed(lambda: target.copy_(source), 9)["median"] / 1e3))


def timed(call: Any, repeats: int) -> dict[str, float]:
    """Return median and spread of a call's milliseconds, after three that do not count."""
    for _ in range(3):
        call()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        call()
        times.append(1e3 * (time.perf_counter() - started))
    low, high = np.percentile(times, [10, 90])
    return {
        "median": round(statistics.median(times), 2),
        "p10": round(float(low), 2),
        "p90": round(float(high), 2),
    }


def _command(repeats: int) -> dict[str, float]:
    """Time the whole command on a JPEG of 1920x1080."""
    with tempfile.TemporaryDirectory() as folder:
        photo, out = Path(folder) / "photo.jpg", Path(folder) / "out.jpg"
        ramp = np.linspace(0, 1, 1920 * 1080 * 3, dtype=np.float32).reshape(1080, 1920, 3)
        save_picture(photo, (ramp + np.random.default_rng(0).random(ramp.shape) / 8).clip(0, 1))
        command = [sys.executable, "-m", "impasto", "stylize", str(photo), "-s", "starry-night"]
        command += ["-o", str(out), "--force", "--quiet"]
        return timed(lambda: subprocess.run(command, check=True, capture_output=True), repeats)


def main() -> None:
    """Run one of both and write its JSON."""
    parser = ArgumentParser()
    parser.add_argument("what", choices=("quality", "speed"))
    parser.add_argument("--peer", action="append", default=[], help="NAME=FOLDER of results")
    parser.add_argument("--peers", type=Path, help="JSON of peers' times")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=15)
    given = parser.parse_args()
    if given.what == "quality":
        peers = dict(part.split("=", 1) for part in given.peer)
        found = quality({name: Path(folder) for name, folder in peers.items()}, given.every)
    else:
        found = {"Impasto": speed(given.repeats)}
        if given.peers:
            found |= json.loads(given.peers.read_text())
    save(f"realtime-{given.what}", f"python -m benchmarks.realtime {given.what}", found)


if __name__ == "__main__":
    main()
