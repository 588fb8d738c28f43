"""Which part of the style went where: copies are found where they came from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from impasto.backbones import load_backbone
from impasto.explanation.attribution import (
    LAYERS,
    PATCHES,
    attribution,
    most_used,
)
from impasto.explanation.distances import look
from impasto.explanation.findings import Attribution, half_share
from impasto.explanation.overlays import mosaic, position_code

Image = NDArray[np.float32]


def speckle(height: int, width: int, number: int = 0) -> Image:
    """Draw a picture of which no two places are alike."""
    rng = np.random.default_rng(number)
    fine = rng.random((height, width, 3))
    coarse = np.kron(rng.random((height // 8, width // 8, 3)), np.ones((8, 8, 1)))
    return (0.3 * fine + 0.7 * coarse).astype(np.float32)


def matched(layer: str, content: Image, style: Image, result: Image) -> Attribution:
    network = load_backbone("compact")
    seen = [look(network, picture) for picture in (content, style, result)]
    return attribution(layer, *seen)


@pytest.mark.parametrize("layer", LAYERS)
def test_the_style_itself_is_matched_with_itself(compact: Path, layer: str) -> None:
    style = speckle(96, 128)
    found = matched(layer, speckle(96, 128, 1), style, style)
    rows, columns = np.indices(found.rows.shape)
    assert (found.rows == rows).all()
    assert (found.columns == columns).all()
    assert found.used == 1
    assert found.half == 0.5
    assert found.likeness.min() > 0.9999
    assert found.likeness_before.mean() < found.likeness.mean()
    np.testing.assert_array_equal(mosaic(style, found, 96, 128), style)


@pytest.mark.parametrize("layer", LAYERS)
def test_pasted_patches_are_found_where_they_came_from(compact: Path, layer: str) -> None:
    style = speckle(128, 192)
    # halves that changed places: (rows, columns) of each in the style
    sources = {(0, 0): (64, 96), (0, 96): (0, 0), (64, 0): (0, 96), (64, 96): (64, 0)}
    result = np.empty_like(style)
    for (row, column), (top, left) in sources.items():
        result[row : row + 64, column : column + 96] = style[top : top + 64, left : left + 96]
    found = matched(layer, speckle(128, 192, 1), style, result)
    # of what sees nothing but one patch
    margin = {"relu3_1": 16, "relu4_1": 38 + 8}[layer] // found.cell + 1
    high, wide = 64 // found.cell, 96 // found.cell
    checked = 0
    for (row, column), (top, left) in sources.items():
        for y in range(margin, high - margin):
            for x in range(margin, wide - margin):
                at = (row // found.cell + y, column // found.cell + x)
                expected = (top // found.cell + y, left // found.cell + x)
                assert (found.rows[at], found.columns[at]) == expected
                checked += 1
    assert checked or layer == "relu4_1"


def test_a_pasted_region_is_found_by_regions(compact: Path) -> None:
    style, result = speckle(192, 192), speckle(192, 192, 1)
    result[32:176, 16:160] = style[40:184, 8:152]
    found = matched("relu4_1", speckle(192, 192, 2), style, result)
    inner = slice(10, 16), slice(8, 14)
    rows, columns = np.indices(found.rows.shape)
    np.testing.assert_array_equal(found.rows[inner], rows[inner] + 1)
    np.testing.assert_array_equal(found.columns[inner], columns[inner] - 1)


def test_sides_that_are_no_whole_cells(compact: Path) -> None:
    style, result = speckle(104, 136)[:101, :133], speckle(72, 96, 1)[:70, :93]
    found = matched("relu3_1", result, style, result)
    assert mosaic(style, found, 70, 93).shape == (70, 93, 3)
    code, coded = position_code(found, style)
    assert (code.shape, coded.shape) == ((17, 23, 3), style.shape)
    assert 0 <= coded.min() <= coded.max() <= 1


def test_the_most_used_patches() -> None:
    rows = np.array([[0, 0, 0], [9, 9, 15]])
    columns = np.array([[31, 31, 30], [0, 1, 12]])
    found = most_used(rows, columns, (16, 32))
    assert [patch.share for patch in found] == pytest.approx([1 / 2, 1 / 3, 1 / 6])
    assert (found[0].top, found[0].left, found[0].bottom, found[0].right) == (0, 28, 4, 32)
    assert (found[1].top, found[1].left) == (8, 0)


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 9))
def test_patches_hold_the_places_that_they_count(high: int, wide: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows, columns = rng.integers(0, high, (20, 30)), rng.integers(0, wide, (20, 30))
    found = most_used(rows, columns, (high, wide))
    assert 1 <= len(found) <= PATCHES
    for patch in found:
        inside = (rows >= patch.top) & (rows < patch.bottom)
        inside &= (columns >= patch.left) & (columns < patch.right)
        assert inside.mean() == pytest.approx(patch.share)


def test_half_share() -> None:
    assert half_share(np.array([0, 0, 8, 0])) == 1 / 4
    assert half_share(np.ones(10, np.float32)) == 1 / 2
    assert half_share(np.zeros(3, np.float32)) == 0


def test_matching_needs_little_memory(compact: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from impasto.losses import likeness

    style, result = speckle(64, 64), speckle(64, 96, 1)
    whole = matched("relu3_1", result, style, result)
    monkeypatch.setattr(likeness, "NUMBERS", 1000)
    parts = matched("relu3_1", result, style, result)
    assert torch.equal(torch.from_numpy(whole.rows), torch.from_numpy(parts.rows))
