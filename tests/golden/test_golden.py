"""Golden pictures: the shipped network still paints what we looked at.

By Gram matrices alone: matches of places jump, and processors differ in which.

To renew them after a wanted change: IMPASTO_RENEW_GOLDEN=1 pytest tests/golden, then look.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import impasto
from impasto.drawn import draw
from impasto.images import save_picture
from impasto.methods.optimize.options import PRESETS

HERE = Path(__file__).parent
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "halftone": ("halftone", {}),
    "mosaic-keep-colors": ("mosaic", {"preset": "keep-colors"}),
    "stained-glass-adam": ("stained-glass", {"optimizer": "adam"}),
}
# of 255: processors round differently, and every step of L-BFGS amplifies it: after 24 steps two of
# them were 2.8 levels apart, after 12 the most different instructions of one are 0.15
MEAN_LEVELS = 0.5


@pytest.mark.parametrize("name", CASES)
def test_golden(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IMPASTO_WEIGHTS", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))  # the shipped network, no other
    style, options = CASES[name]
    content = draw("watercolor", size=96)
    result = impasto.stylize(
        content, draw(style, size=96), steps=12, coarsest=32, precision="float32", threads=1,
        **{**PRESETS["gatys"][1], **options},
    )  # fmt: skip
    path = HERE / f"{name}.png"
    if os.environ.get("IMPASTO_RENEW_GOLDEN"):
        save_picture(path, result.image)
    expected = impasto.load(path)
    difference = 255 * np.abs(result.image - expected)
    if difference.mean() > MEAN_LEVELS:
        folder = Path(os.environ.get("IMPASTO_FAILURES", tmp_path))
        save_picture(folder / f"{name}-actual.png", result.image)
        save_picture(folder / f"{name}-expected.png", expected)
        save_picture(folder / f"{name}-difference.png", np.clip(difference / 64, 0, 1))
        pytest.fail(f"{name} is {difference.mean():.2f} levels off on average; look in {folder}")
    assert np.abs(result.image - content).mean() > 0.03, "nothing was painted"
