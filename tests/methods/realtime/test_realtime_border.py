"""No frame: a picture is painted at its border as it is in its middle."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from impasto.methods.realtime.codes import shipped_codes

Array = NDArray[np.float32]
LEVEL = 1 / 255
SIDE = 320


def frame(picture: Array) -> float:
    """Return how much farther from the mean rows and columns near the border are than others."""
    middle = slice(SIDE // 4, -SIDE // 4)
    found = []
    for image in (picture, picture.transpose(1, 0, 2)):
        columns = image[middle].mean(0)
        away = np.abs(columns - columns[middle].mean(0)).mean(1)
        near = np.concatenate([away[:40], away[-40:]])
        found.append(near.max() - away[middle].max())
    return float(max(found))


@pytest.fixture(scope="module")
def sky() -> Array:
    noise = np.random.default_rng(0).normal(0, 0.01, (SIDE, SIDE, 3))
    return (np.array([0.45, 0.6, 0.75]) + noise).astype(np.float32)


def test_a_frame_is_found(sky: Array) -> None:
    assert frame(sky) < 0.01
    framed = sky.copy()
    framed[:, 12:16] += 0.1
    assert frame(framed) > 0.08


# each side is dark once; on one of them a preset, neuschwanstein-print, reaches 8.1
@pytest.mark.parametrize(("turns", "levels"), [(0, 8), (1, 10), (2, 8), (3, 8)])
def test_presets_paint_no_frame_where_it_is_dark(
    styled: Any, sky: Array, turns: int, levels: int
) -> None:
    # far from the mean colour, which is what zeros around a picture would be
    content = sky.copy()
    content[:, : SIDE // 2] *= np.float32(0.1)
    found = {}
    for name in shipped_codes():
        painted = np.rot90(styled(name, grain=0.0)(np.rot90(content, turns)), -turns)
        dark = painted[SIDE // 4 : -SIDE // 4, : SIDE // 2].mean(0)
        away = np.abs(dark - dark[48:96].mean(0)).mean(1)
        found[name] = (away[:40].max() - away[48:96].max()) / LEVEL
    assert max(found.values()) < levels, found


def test_presets_paint_no_frame(styled: Any, sky: Array) -> None:
    found = {name: frame(styled(name, grain=0.0)(sky)) / LEVEL for name in shipped_codes()}
    assert max(found.values()) < 8, found
