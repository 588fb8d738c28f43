"""What the tests of this folder need: pictures, and runs from file to file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import impasto
from impasto.images import load_picture, read_recipe
from impasto.methods import Step
from impasto.stream import OnePass

OPTIONS: dict[str, Any] = {"engine": "torch", "device": "cpu", "precision": "float32", "threads": 1}
LEVEL = 1 / 255
TILE = 128
TILES = 4  # of the content
TILE_SIDE = OnePass.tile_side  # as it is where tests do not say how large tiles are


def waves(height: int, width: int, seed: int = 1) -> NDArray[np.float32]:
    """Return waves of other colours and contrast from left to right, with noise."""
    y, x = np.mgrid[0:height, 0:width]
    planes = [np.sin(x / (4 + c) + y * (seed + c) / 20) for c in range(3)]
    swell = np.linspace(0.1, 0.45, width)[None, :, None]
    noise = np.random.default_rng(seed).normal(0, 0.03, (height, width, 3))
    return (0.5 + swell * np.stack(planes, 2) + noise).clip(0, 1).astype(np.float32)


def hidden() -> list[str]:
    return sorted(path.name for path in Path().iterdir() if path.name.startswith("."))


def paint(out: str = "out.png", content: str = "photo.png", style: Any = "ink", **rest: Any) -> Any:
    # unsigned, as no two signatures are the same bytes
    return impasto.stylize_file(content, style, out, **OPTIONS | {"sign": False} | rest)


def check(content: str = "photo.png", style: Any = "ink", out: str = "out.png", **rest: Any) -> Any:
    """Compare what is painted on the disk with what is painted in memory; return it."""
    steps: list[Step] = []
    recipe = paint(out, content, style, progress=steps.append, **rest)
    found = load_picture(out)
    rest.pop("depth", None)
    expected = impasto.stylize(content, style, **OPTIONS | rest)
    assert found.pixels.shape == expected.image.shape
    difference = np.abs(found.pixels - expected.image).max(2)
    assert (found.alpha is None) == (expected.alpha is None)
    if found.alpha is not None:
        assert np.abs(found.alpha - expected.alpha).max() <= 0.51 * LEVEL
        difference[found.alpha == 0] = 0  # what is not seen gets another colour when it is read
    assert difference.max() <= 1.5 * LEVEL
    total = len(steps)
    assert [(step.number, step.total) for step in steps] == [(i + 1, total) for i in range(total)]
    assert total > 1
    assert steps[-1].done == 1
    plain, known = recipe.as_dict(), expected.recipe.as_dict()
    assert plain["made_with"].pop("tile") == TILE
    for part in ("output", "steps"):
        del plain[part], known[part]
    assert plain == known
    assert read_recipe(out) == recipe.as_dict()
    assert hidden() == []
    return found


def stop_at(number: int) -> Any:
    def progress(step: Step) -> None:
        if step.number == number:
            raise KeyboardInterrupt

    return progress
