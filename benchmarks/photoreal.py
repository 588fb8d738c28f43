"""Photographs that stay photographs: how much of the edges is kept, how near the colours come.

    python -m benchmarks.photoreal

Needs IMPASTO_PICTURES (content/, style/): ten contents times twelve styles, longest side 512.
The fall is the share of the distance between the content's and the style's colours that is gone in
the result. Times are those of the whole call, the style known, the best of three.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from benchmarks.machine import save
from benchmarks.pictures import photo
from benchmarks.realtime import CONTENTS, STYLES, picture
from impasto.methods.contract import Image, Sample
from impasto.methods.photoreal.options import PhotorealOptions
from impasto.methods.photoreal.stylizer import PhotorealStylizer, prepare
from impasto.metrics import color_distance, edge_ssim

EDGES, FALL = 0.85, 0.7  # what is asked for


def quality() -> dict[str, Any]:
    """Return what is asked for and measured, and the pairs that miss it."""
    styles = {name: picture("style", name) for name in STYLES}
    pairs: dict[str, tuple[float, float]] = {}
    for content_name in CONTENTS:
        content = picture("content", content_name)
        for name, style in styles.items():
            result = prepare([Sample(style)], [1.0], PhotorealOptions())(content)
            fall = 1 - color_distance(result, style) / color_distance(content, style)
            pairs[f"{content_name} {name}"] = edge_ssim(result, content), fall
        print(content_name, np.round(np.mean(list(pairs.values()), 0), 3), flush=True)
    edges, falls = (np.array(column) for column in zip(*pairs.values(), strict=True))
    return {
        "pairs": len(pairs),
        "edge_ssim": _summary(edges) | {"asked": EDGES, "met": int((edges >= EDGES).sum())},
        "fall": _summary(falls) | {"asked": FALL, "met": int((falls >= FALL).sum())},
        "missed": {
            name: [round(edge, 3), round(fall, 3)]
            for name, (edge, fall) in pairs.items()
            if edge < EDGES or fall < FALL
        },
    }


def _summary(values: Any) -> dict[str, float]:
    found = {"mean": values.mean(), "median": np.median(values), "least": values.min()}
    return {name: round(float(value), 4) for name, value in found.items()}


def speed() -> dict[str, float]:
    """Return seconds at two sizes, without and with retouching."""
    style = photo(512, 384)[::-1]
    found = {}
    for width, height in ((512, 384), (3840, 2160)):
        content = photo(width, height)
        for retouch in (0.0, 0.5):
            stylizer = prepare([Sample(style)], [1.0], PhotorealOptions(retouch=retouch))
            name = f"{width}x{height}" + (" retouched" if retouch else "")
            found[name] = round(min(_seconds(stylizer, content) for _ in range(3)), 3)
    return found


def _seconds(stylizer: PhotorealStylizer, content: Image) -> float:
    started = time.perf_counter()
    stylizer(content)
    return time.perf_counter() - started


def main() -> None:
    found = {"quality": quality(), "seconds": speed()}
    save("photoreal", "python -m benchmarks.photoreal", found)


if __name__ == "__main__":
    main()
