"""The real-time network: how good, judged by VGG-19, beside its peers.

    python -m benchmarks.realtime quality --peer MicroAST=DIR --peer Magenta=DIR

Needs IMPASTO_PICTURES (content/, style/) and VGG-19's weights; a peer is a folder of its results,
CONTENT__STYLE.png, made from the same pictures: longest side 512, sides cut to multiples of 4.
`benchmarks.speed` says how fast it is.
"""

from __future__ import annotations

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.machine import save
from impasto.images import fit, load
from impasto.methods.contract import Image
from impasto.methods.realtime.options import RealtimeOptions
from impasto.methods.realtime.stylizer import prepare
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


def main() -> None:
    """Judge, and write results/realtime-quality.json."""
    parser = ArgumentParser()
    parser.add_argument("what", choices=("quality",))
    parser.add_argument("--peer", action="append", default=[], help="NAME=FOLDER of results")
    parser.add_argument("--every", type=int, default=1)
    given = parser.parse_args()
    peers = dict(part.split("=", 1) for part in given.peer)
    found = quality({name: Path(folder) for name, folder in peers.items()}, given.every)
    save("realtime-quality", "python -m benchmarks.realtime quality", found)


if __name__ == "__main__":
    main()
