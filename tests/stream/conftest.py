"""A folder to work in, where all is painted on the disk, in small tiles."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from impasto.images import save_picture
from impasto.methods.realtime.engines import Engines
from tests.stream.painting import TILE, waves


@pytest.fixture(scope="module")
def engines() -> Engines:
    """Return engines that all tests share, as they take a second to make."""
    return Engines()


@pytest.fixture(autouse=True)
def folder(engines: Engines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a folder with a photo and masks, where all is painted in small tiles."""
    monkeypatch.setenv("IMPASTO_STYLES", str(tmp_path / "styles"))
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setattr("impasto.stream.OnePass.tile_side", lambda *_: TILE)
    monkeypatch.setattr("impasto.methods.realtime.stylizer.Engines", lambda: engines)
    save_picture("photo.png", waves(34, 517))
    save_picture("paint.png", waves(40, 56, 3))
    left = np.tile(np.linspace(1, 0, 517, dtype=np.float32) ** 2, (34, 1))
    for name, grey in (("left", left), ("right", 1 - left), ("small", left[::2, ::2])):
        save_picture(f"{name}.png", np.dstack([grey] * 3))
    return folder
