"""Distances: zero for copies, and as their formulas say."""

from __future__ import annotations

import numpy as np
import pytest

from impasto.errors import WeightsError
from impasto.metrics import Judge


@pytest.fixture
def images() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.random((48, 64, 3), np.float32), rng.random((64, 48, 3), np.float32) ** 3


def test_copies_are_at_zero(compact: object, images: tuple[np.ndarray, ...]) -> None:
    content, style = images
    judge = Judge("compact")
    copied = judge(content, content, style)
    assert copied.content == 0
    assert copied.style > 0.01
    restyled = judge(style, style, style)
    assert restyled.style == pytest.approx(0, abs=1e-5)


def test_a_change_costs_content(compact: object, images: tuple[np.ndarray, ...]) -> None:
    content, style = images
    judge = Judge("compact")
    little, much = (judge(np.clip(content + d, 0, 1), content, style) for d in (0.02, 0.3))
    assert 0 < little.content < much.content


def test_the_yardstick_must_be_there(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setenv("IMPASTO_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(WeightsError, match="weights fetch vgg19"):
        Judge("vgg19")
