"""Where the real weights may lie."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch

SHARED = Path(__file__).parents[2].parent / "shared" / "weights"


@pytest.fixture
def real_weights(monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make the real weights findable, or skip."""
    folders = [Path(f) for f in os.environ.get("IMPASTO_WEIGHTS", "").split(os.pathsep) if f]
    for folder in [*folders, SHARED]:
        if (folder / "vgg19-imagenet-caffe.safetensors").is_file():
            monkeypatch.setenv("IMPASTO_WEIGHTS", str(folder))
            return folder
    pytest.skip("no real weights: set IMPASTO_WEIGHTS to the folder that holds them")


@pytest.fixture
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the test a weights folder of its own and return it."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("IMPASTO_WEIGHTS", str(tmp_path / "own"))
    (tmp_path / "own").mkdir()
    return tmp_path / "own"


@pytest.fixture
def picture() -> torch.Tensor:
    """Draw a picture (1, 3, 64, 80) of waves and a disc, the same on every machine."""
    y, x = np.mgrid[0:64, 0:80].astype(np.float64)
    waves = [0.5 + 0.4 * np.sin(x / (3 + c) + y * c / 9) for c in range(3)]
    disc = ((x - 40) ** 2 + (y - 30) ** 2 < 250).astype(np.float64)
    image = np.stack([w * (1 - 0.7 * disc) + 0.6 * disc * (c == 0) for c, w in enumerate(waves)])
    return torch.from_numpy(image[None].astype(np.float32))
