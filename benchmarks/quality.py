"""How good pictures are: qualities, presets and peers on the same pairs, judged by VGG-19.

    python -m benchmarks.quality OUT --every 12 --case best --case 'best vgg19' --peer MicroAST=DIR

OUT keeps all results as CONTENT__STYLE__CASE.png, so that a run that was stopped goes on; a sheet
of them all is OUT/sheet.jpg, and OUT/quality.png the plot. A peer is a folder of its results,
CONTENT__STYLE.png, made from the same pictures: longest side 512, sides cut to multiples of 4.
With `--size 256` all that is smaller, and results/quality-256.json is written. Needs
IMPASTO_PICTURES and VGG-19.
"""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import torch
from torch import Tensor

import impasto
from benchmarks.machine import save
from benchmarks.realtime import CONTENTS, STYLES, picture
from impasto.images import fit, load, resize, save_picture
from impasto.losses import CONTENT_LAYERS, STYLE_LAYERS
from impasto.losses.likeness import self_similarity
from impasto.losses.transport import directions, quantiles, sorted_distance
from impasto.methods.contract import Image
from impasto.methods.optimize.options import PRESETS
from impasto.metrics import Judge

CASES: Mapping[str, Mapping[str, Any]] = {
    "fast": {"quality": "fast"},
    "balanced": {"quality": "balanced"},
    "best": {"quality": "best"},
    "best vgg19": {"quality": "best", "backbone": "vgg19"},
    # neural-style's objective and search
    "gatys vgg19": {"backbone": "vgg19", "preset": "gatys", "init": "content"},
    # the objective of crowsonkb's style-transfer-pytorch
    "transport vgg19": {"backbone": "vgg19", "preset": "transport", "init": "content"},
    **{f"preset {name}": {"quality": "best", "preset": name} for name in PRESETS},
}
MEASURES = ("content", "style", "moments", "ssim", "sliced", "self_similarity")
PLACES = 1024  # of each picture for the last two measures


class Measure:
    """Judge results by `Judge`, and by two measures more, in the same network."""

    def __init__(self) -> None:
        self.judge = Judge("vgg19")

    def __call__(self, result: Image, content: Image, style: Image) -> dict[str, float]:
        """Return all measures by name; 0 is best but for ssim."""
        found = self.judge(result, content, style)
        seen = [self._features(image) for image in (result, content, style)]
        return {name: getattr(found, name) for name in MEASURES[:4]} | {
            "sliced": fmean(_sliced(seen[0][n], seen[2][n]) for n in STYLE_LAYERS),
            "self_similarity": fmean(_apart(seen[0][n], seen[1][n]) for n in CONTENT_LAYERS),
        }

    @torch.no_grad()
    def _features(self, image: Image) -> dict[str, Tensor]:
        pixels = torch.from_numpy(image).permute(2, 0, 1)[None]
        found = self.judge.backbone(pixels, dict.fromkeys((*STYLE_LAYERS, *CONTENT_LAYERS)))
        return {name: value.flatten(2).float() for name, value in found.items()}


def _sliced(features: Tensor, target: Tensor) -> float:
    """Return the root of the sliced Wasserstein distance's share of the style's energy."""
    axes = directions(features.shape[1], torch.Generator().manual_seed(0))
    wanted = quantiles(axes @ target, features.shape[2])
    return float(sorted_distance(axes @ features, wanted).sqrt())


def _apart(features: Tensor, target: Tensor) -> float:
    """Return how differently the same places resemble each other, in [0, 2]."""
    step = -(-features.shape[2] // PLACES)
    found, wanted = (self_similarity(f[:, :, ::step]) for f in (features, target))
    return float((found - wanted).abs().sum(1).mean())


@dataclass(frozen=True)
class Pair:
    """Name a content and a style; pictures of both have a longest side of `size` pixels."""

    content: str
    style: str
    size: int

    def pictures(self) -> tuple[Image, Image]:
        """Return both."""
        found = picture("content", self.content), picture("style", self.style)
        return fit(found[0], self.size), fit(found[1], self.size)


def results(case: str, options: Mapping[str, Any], pairs: Sequence[Pair], out: Path) -> list[float]:
    """Make what is missing of a case's results; return the seconds of those that were made."""
    seconds = []
    for pair in pairs:
        path = out / f"{pair.content}__{pair.style}__{case}.png"
        if path.exists():
            continue
        started = time.perf_counter()
        made = impasto.stylize(*pair.pictures(), **options)
        seconds.append(time.perf_counter() - started)
        save_picture(path, made.image)
    return seconds


def compare(cases: Mapping[str, Any], pairs: Sequence[Pair], out: Path) -> dict[str, Any]:
    """Return means, errors and seconds by program; `cases` have options, or a peer's folder."""
    measure, found = Measure(), {}
    for name, case in cases.items():
        seconds = [] if isinstance(case, Path) else results(name, case, pairs, out)
        table = []
        for pair in pairs:
            table.append(
                list(measure(load(_path(name, case, pair, out)), *pair.pictures()).values())
            )
        found[name] = _summary(np.array(table), seconds)
        print(name, json.dumps(found[name]), flush=True)
    return found


def _path(name: str, case: Any, pair: Pair, out: Path) -> Path:
    both = f"{pair.content}__{pair.style}"
    return case / f"{both}.png" if isinstance(case, Path) else out / f"{both}__{name}.png"


def _summary(table: Any, seconds: Sequence[float]) -> dict[str, Any]:
    error = table.std(0, ddof=1) / len(table) ** 0.5
    rows = zip(MEASURES, table.mean(0), error, strict=True)
    return {
        "pairs": len(table),
        **{name: {"mean": round(m, 4), "error": round(e, 4)} for name, m, e in rows},
        "seconds": round(float(np.median(seconds)), 2) if seconds else None,
    }


def sheet(cases: Mapping[str, Any], pairs: Sequence[Pair], out: Path, side: int = 320) -> None:
    """Write a sheet: a row for each pair, with content, style and all results."""
    rows = []
    for pair in pairs:
        row = [*pair.pictures()]
        row += [load(_path(name, case, pair, out)) for name, case in cases.items()]
        height = round(side * row[0].shape[0] / row[0].shape[1])
        rows.append(np.concatenate([resize(each, height, side) for each in row], 1))
    save_picture(out / "sheet.jpg", np.concatenate(rows))


def plot(found: Mapping[str, Any], path: Path) -> None:
    """Draw the style's distance over the content's, with standard errors: left and low is best."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.2, 5), layout="constrained")
    axes = figure.subplots()
    for name, row in found.items():
        (x, dx), (y, dy) = ((row[m]["mean"], row[m]["error"]) for m in ("content", "style"))
        ours = name in CASES
        axes.errorbar(
            x,
            y,
            dy,
            dx,
            fmt="o" if ours else "s",
            capsize=2,
            color="#b3261e" if ours else "#1f4e79",
        )
        axes.annotate(name, (x, y), textcoords="offset points", xytext=(6, 4), fontsize=9)
    axes.set(xlabel="content distance", ylabel="style distance")
    axes.grid(color="0.9")
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    figure.savefig(path, dpi=110, metadata={"Software": None})


def main() -> None:
    """Make, judge, and write results/quality.json."""
    parser = ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--every", type=int, default=12)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--case", action="append", choices=tuple(CASES), default=[])
    parser.add_argument("--peer", action="append", default=[], help="NAME=FOLDER of results")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    pairs = [
        Pair(content, style, given.size)
        for i, content in enumerate(CONTENTS)
        for j, style in enumerate(STYLES)
        if (5 * i + j) % given.every == 0
    ]
    cases: dict[str, Any] = {name: CASES[name] for name in given.case or CASES}
    cases |= {name: Path(folder) for name, folder in (p.split("=", 1) for p in given.peer)}
    found = compare(cases, pairs, given.out)
    sheet(cases, pairs, given.out)
    plot(found, given.out / "quality.png")
    name = "quality" if given.size == 512 else f"quality-{given.size}"
    save(name, f"python -m benchmarks.quality OUT --every {given.every} --size {given.size}", found)


if __name__ == "__main__":
    main()
