"""A content's detail comes back where there is more of it, and nothing else changes."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from impasto.errors import ImageError
from impasto.images.detail import blend_detail


def edge(height: int = 64, width: int = 96) -> NDArray[np.float32]:
    """Return a dark half and a light one."""
    picture = np.full((height, width, 3), 0.3, np.float32)
    picture[:, width // 2 :] = 0.7
    return picture


def strokes(height: int = 64, width: int = 96) -> NDArray[np.float32]:
    x = np.arange(width, dtype=np.float32)
    row = 0.5 + 0.1 * np.sin(x * 1.3)
    return np.repeat(np.repeat(row[None, :, None], height, 0), 3, 2).astype(np.float32)


def test_none_of_it_is_the_result() -> None:
    result = strokes()
    found = blend_detail(result, edge(), 0)
    assert np.array_equal(found, result)
    assert found is not result


def test_an_edge_comes_back_into_a_blurred_result() -> None:
    content = edge()
    ramp = np.linspace(0.3, 0.7, 96, dtype=np.float32)[None, :, None]
    blurred = np.broadcast_to(ramp, content.shape).astype(np.float32)
    steps = [
        float(np.diff(blend_detail(blurred, content, amount)[32, :, 0])[47])
        for amount in (0, 0.5, 1)
    ]
    assert steps[0] < 0.01
    assert steps[0] < steps[1] < steps[2]
    assert steps[2] > 0.25


def test_strokes_stay_where_the_content_is_flat() -> None:
    flat, result = np.full((64, 96, 3), 0.5, np.float32), strokes()
    found = blend_detail(result, flat, 1)
    assert found.std() > 0.85 * result.std()


def test_there_is_no_halo_far_from_an_edge() -> None:
    flat, content = np.full((128, 256, 3), 0.5, np.float32), edge(128, 256)
    found = blend_detail(flat, content, 1)
    assert np.abs(found[:, :40] - 0.5).max() < 0.01
    assert np.abs(found[:, -40:] - 0.5).max() < 0.01


def test_colours_stay() -> None:
    rng = np.random.default_rng(0)
    result = (0.3 + 0.4 * rng.random((40, 50, 3))).astype(np.float32)
    found = blend_detail(result, edge(40, 50), 1)
    chroma = [picture - picture.mean(2, keepdims=True) for picture in (found, result)]
    inside = ((found > 0) & (found < 1)).all(2)
    assert inside.mean() > 0.9
    assert np.abs(chroma[0] - chroma[1])[inside].max() < 1e-5


@pytest.mark.parametrize("shape", [(1, 1), (3, 7), (5, 64), (33, 17)])
def test_any_size(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    one, other = (rng.random((*shape, 3), dtype=np.float32) for _ in range(2))
    found = blend_detail(one, other, 1)
    assert found.shape == one.shape
    assert found.dtype == np.float32
    assert 0 <= found.min() <= found.max() <= 1


def test_other_sizes_are_refused() -> None:
    with pytest.raises(ImageError, match="expected the same size"):
        blend_detail(edge(), edge(32, 32), 1)
