"""SSIM: as its formula says, and as scikit-image computes it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impasto.errors import ImageError
from impasto.metrics import ssim


def pair(height: int, width: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    first = rng.random((height, width, 3), np.float32)
    noise = rng.normal(0, 0.2, first.shape).astype(np.float32)
    return first, np.clip(first**2 + noise, 0, 1)


def slow_ssim(first: np.ndarray, second: np.ndarray) -> float:
    x, y = (picture.astype(np.float64).mean(axis=2) for picture in (first, second))
    found = []
    for top in range(x.shape[0] - 6):
        for left in range(x.shape[1] - 6):
            a, b = (plane[top : top + 7, left : left + 7] for plane in (x, y))
            covariance = ((a - a.mean()) * (b - b.mean())).mean()
            above = (2 * a.mean() * b.mean() + 1e-4) * (2 * covariance + 9e-4)
            below = (a.mean() ** 2 + b.mean() ** 2 + 1e-4) * (a.var() + b.var() + 9e-4)
            found.append(above / below)
    return float(np.mean(found))


@pytest.mark.parametrize("size", [(7, 7), (7, 30), (19, 8), (16, 24)])
def test_the_formula(size: tuple[int, int]) -> None:
    first, second = pair(*size)
    assert ssim(first, second) == pytest.approx(slow_ssim(first, second), abs=1e-12)


def test_as_scikit_image() -> None:
    metrics = pytest.importorskip("skimage.metrics")
    first, second = pair(33, 47)
    grey = [picture.astype(np.float64).mean(axis=2) for picture in (first, second)]
    options = {"win_size": 7, "use_sample_covariance": False, "data_range": 1}
    mean, whole = metrics.structural_similarity(*grey, full=True, K1=0.01, K2=0.03, **options)
    assert ssim(first, second) == pytest.approx(mean, abs=1e-12)
    assert ssim(first, second) == pytest.approx(whole[3:-3, 3:-3].mean(), abs=1e-12)


@given(st.integers(7, 20), st.integers(7, 20), st.integers(0, 99))
def test_properties(height: int, width: int, seed: int) -> None:
    first, second = pair(height, width, seed)
    assert ssim(first, first) == 1
    assert -1 <= ssim(first, second) < 1
    assert ssim(first, second) == pytest.approx(ssim(second, first))
    # grey is the mean of the channels, in whatever order
    assert ssim(first[..., ::-1], second) == pytest.approx(ssim(first, second))


def test_a_flat_picture_is_like_itself() -> None:
    flat = np.full((8, 9, 3), 0.3, np.float32)
    assert ssim(flat, flat) == 1
    assert ssim(flat, np.ones_like(flat)) == pytest.approx((0.6 + 1e-4) / (1.09 + 1e-4))


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ((16, 16, 3), (16, 17, 3), "resize them to one"),
        ((16, 16), (16, 16), "resize them to one"),
        ((6, 16, 3), (6, 16, 3), "each side needs 7 px"),
    ],
)
def test_what_cannot_be_compared(
    first: tuple[int, ...], second: tuple[int, ...], message: str
) -> None:
    with pytest.raises(ImageError, match=message):
        ssim(np.zeros(first, np.float32), np.zeros(second, np.float32))
