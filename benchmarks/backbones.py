"""Which network guides best: pictures optimised through each, judged by the real VGG-19.

    python -m benchmarks.backbones

Same options for all, defaults otherwise; the judge pads with zeros, as VGG-19 was trained.
"""

from __future__ import annotations

import statistics
import time
from typing import Any

import impasto
from benchmarks.machine import save
from benchmarks.pictures import pairs
from impasto.metrics import Judge, Judgement

SIZE = 256
BACKBONES = ("compact", "distilled16x", "vgg19")


def main() -> None:
    judge, rows = Judge("vgg19"), []
    for name, content, style in pairs(SIZE, contents=3, styles=3):
        rows.append(_row("copy content", name, judge(content, content, style), 0.0))
        for backbone in BACKBONES:
            started = time.perf_counter()
            result = impasto.stylize(content, style, backbone=backbone, preset="gatys").image
            seconds = time.perf_counter() - started
            rows.append(_row(backbone, name, judge(result, content, style), seconds))
            print(rows[-1], flush=True)
    save("backbones", "python -m benchmarks.backbones", {"mean": _means(rows), "pairs": rows})


def _row(method: str, pair: str, judged: Judgement, seconds: float) -> dict[str, Any]:
    return {
        "backbone": method,
        "pair": pair,
        "content": round(judged.content, 4),
        "style": round(judged.style, 4),
        "seconds": round(seconds, 1),
    }


def _means(rows: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    means = {}
    for method in dict.fromkeys(row["backbone"] for row in rows):
        own = [row for row in rows if row["backbone"] == method]
        means[method] = {
            key: round(statistics.mean(row[key] for row in own), 4)
            for key in ("content", "style", "seconds")
        } | {"style_deviation": round(statistics.stdev(row["style"] for row in own), 4)}
    return means


if __name__ == "__main__":
    main()
