"""A style of one's own: how near a network comes in a given time, and how fast it paints.

    python -m benchmarks.train_style PHOTOS --style starry-night --minutes 10 --peer NAME=DIR

Needs IMPASTO_PICTURES (content/, style/) and VGG-19's weights, which judge. PHOTOS is a folder or
tar file to train on; none of the contents that are judged is in it. Each kind is trained for the
whole time and, anew, for a quarter of it; times are those of the whole call, with all that comes
before and after the steps. DIR holds a peer's results, CONTENT.png, made from the same pictures,
longest side 512, by its own training on the same photos.
"""

from __future__ import annotations

import csv
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

import impasto
from benchmarks.machine import save
from benchmarks.measure import timed
from benchmarks.realtime import CONTENTS, picture, summary
from impasto.images import load, save_picture
from impasto.methods.contract import Image
from impasto.metrics import Judge
from impasto.train.run import Run
from impasto.train.settings import StyleTraining
from impasto.train.style_run import NOTHING, train_style

MEASURES = ("content", "style", "moments", "ssim")
# what is trained: name -> kind, what it begins from, settings
TRAINED: dict[str, tuple[str, Path | None, dict[str, Any]]] = {
    "unet": ("unet", None, {}),
    "unet from nothing": ("unet", NOTHING, {"width": 0.5, "rate": 2e-3}),
    "residual": ("residual", None, {"rate": 2e-3}),
}
_BEFORE_AND_AFTER = 25.0  # seconds that are no steps: starting, trying, writing the graph


def main() -> None:
    """Train, judge, time, and write results/train-style.json."""
    parser = ArgumentParser()
    parser.add_argument("photos", type=Path)
    parser.add_argument("--style", default="starry-night")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--kinds", default=",".join(TRAINED))
    parser.add_argument("--peer", action="append", default=[], help="NAME=FOLDER of results")
    given = parser.parse_args()
    judged = _Judged(given.style)
    found: dict[str, Any] = {}
    for part in given.peer:
        name, folder = part.split("=", 1)
        results = {content: load(Path(folder) / f"{content}.png") for content in CONTENTS}
        found[name] = judged.table(results)
    found["the shipped network, nothing trained"] = judged.by(given.style)
    for name in given.kinds.split(","):
        for share in (0.25, 1.0):
            seconds = 60 * given.minutes * share
            found[f"{name}, {seconds / 60:g} minutes"] = _trained(name, given, seconds, judged)
    save("train-style", f"python -m benchmarks.train_style --style {given.style}", found)


class _Judged:
    """Judge what paints by its results on all contents."""

    def __init__(self, style: str) -> None:
        self.judge = Judge("vgg19")
        self.style = self.judge.look(picture("style", style))
        self.contents = {name: picture("content", name) for name in CONTENTS}
        self.seen = {name: self.judge.look(image) for name, image in self.contents.items()}

    def table(self, results: Mapping[str, Image]) -> dict[str, Any]:
        rows = []
        for name, result in results.items():
            found = self.judge.compare(self.judge.look(result), self.seen[name], self.style)
            rows.append([getattr(found, measure) for measure in MEASURES])
        return summary(np.array(rows))

    def by(self, style: str | Path) -> dict[str, Any]:
        paint = impasto.prepare(str(style))
        image = np.random.default_rng(0).random((512, 512, 3), np.float32)
        return self.table({name: paint(content) for name, content in self.contents.items()}) | {
            "milliseconds 512x512": timed(lambda: paint(image), 15)
        }


def _trained(name: str, given: Any, seconds: float, judged: _Judged) -> dict[str, Any]:
    kind, init, settings = TRAINED[name]
    with tempfile.TemporaryDirectory() as folder:
        run = Run(
            Path(folder) / "mine", given.photos, init=init, budget=seconds - _BEFORE_AND_AFTER
        )
        style = Path(folder) / f"{given.style}.png"
        save_picture(style, picture("style", given.style))
        started = time.monotonic()
        path = train_style([style], run, StyleTraining(**settings), kind)
        took = time.monotonic() - started
        with (run.out / "log.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        per_step = float(np.median([float(row["seconds_per_step"]) for row in rows]))
        found = judged.by(path)
    print(name, round(took), found, flush=True)
    batch = StyleTraining(**settings).batch
    return found | {"seconds": round(took), "images_per_second": round(batch / per_step, 1)}


if __name__ == "__main__":
    main()
