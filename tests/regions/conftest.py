"""The network that ships, and pictures drawn of two textures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import impasto

Image = NDArray[np.float32]


@pytest.fixture(autouse=True)
def shipped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Use the weights that ship, whatever is installed."""
    data = Path(impasto.__file__).parent / "weights" / "data"
    if not (data / "compact.safetensors").exists():
        pytest.skip("the weights of compact are not in this checkout")
    monkeypatch.setenv("IMPASTO_WEIGHTS", str(data))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "no-user-weights"))


@pytest.fixture(scope="session")
def halves() -> Callable[..., Image]:
    """Return a function that draws a smooth light half and a striped dark one."""

    def drawn(height: int, width: int, *, upright: bool, seed: int = 0) -> Image:
        y, x = np.mgrid[0:height, 0:width]
        smooth = np.stack([0.70 + 0.1 * y / height, 0.75 + 0 * x, 0.85 + 0 * x], 2)
        stripes = 0.25 + 0.2 * np.sign(np.sin((x + 2 * y) / 2.5))
        striped = stripes[..., None] * np.array([1.0, 0.7, 0.4])
        first = x < width // 2 if upright else y < height // 2
        picture = np.where(first[..., None], smooth, striped)
        noise = np.random.default_rng(seed).normal(0, 0.01, picture.shape)
        return np.clip(picture + noise, 0, 1).astype(np.float32)

    return drawn
