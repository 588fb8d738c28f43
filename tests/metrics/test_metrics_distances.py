"""Distances: zero for copies, and as their formulas say."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from impasto.errors import ImageError, OptionError, WeightsError
from impasto.metrics import Judge, distances, ssim
from impasto.metrics.distances import CONTENT_LAYERS, STYLE_LAYERS


@pytest.fixture
def images() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.random((48, 64, 3), np.float32), rng.random((64, 48, 3), np.float32) ** 3


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Stand on a machine without any weights but those of the package."""
    for name in ("XDG_DATA_HOME", "HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.delenv("IMPASTO_WEIGHTS", raising=False)
    return tmp_path


def test_copies_are_at_zero(compact: Path, images: tuple[np.ndarray, ...]) -> None:
    content, style = images
    judge = Judge("compact")
    copied = judge(content, content, style)
    assert (copied.content, copied.ssim) == (0, 1)
    assert copied.style > 0.01
    assert copied.moments > 0.001
    restyled = judge(style, np.ascontiguousarray(style[::-1]), style)
    assert (restyled.style, restyled.moments) == (0, 0)
    assert restyled.content > 0.1
    assert restyled.ssim < 0.5


def test_a_change_costs_content(compact: Path, images: tuple[np.ndarray, ...]) -> None:
    content, style = images
    judge = Judge("compact")
    little, much = (judge(np.clip(content + d, 0, 1), content, style) for d in (0.02, 0.3))
    assert 0 < little.content < much.content
    assert 1 > little.ssim > much.ssim


def test_the_formulas(compact: Path, images: tuple[np.ndarray, ...]) -> None:
    content, style = images
    result = (content + content[::-1]) / 2
    judge = Judge("compact")

    def features(image: np.ndarray, layer: str) -> np.ndarray:
        pixels = torch.from_numpy(image).permute(2, 0, 1)[None]
        found = judge.backbone(pixels, [layer])[layer][0].detach()
        return found.flatten(1).double().numpy()

    contents, styles, moments = [], [], []
    for layer in CONTENT_LAYERS:
        o, c = features(result, layer), features(content, layer)
        spread = ((c - c.mean(axis=1, keepdims=True)) ** 2).sum()
        contents.append(((o - c) ** 2).sum() / spread)
    for layer in STYLE_LAYERS:
        o, s = features(result, layer), features(style, layer)
        go, gs = (f @ f.T / f.shape[1] for f in (o, s))
        styles.append(np.linalg.norm(go - gs) / np.linalg.norm(gs))
        mean, deviation = o.mean(axis=1) - s.mean(axis=1), o.std(axis=1) - s.std(axis=1)
        energy = (s.mean(axis=1) ** 2 + s.std(axis=1) ** 2).sum()
        moments.append((mean**2 + deviation**2).sum() / energy)
    found = judge(result, content, style)
    assert found.content == pytest.approx(np.mean(contents), rel=1e-4)
    assert found.style == pytest.approx(np.mean(styles), rel=1e-4)
    assert found.moments == pytest.approx(np.mean(moments), rel=1e-4)
    assert found.ssim == ssim(result, content)


def test_what_was_seen_can_be_compared_again(compact: Path, images: tuple[np.ndarray, ...]) -> None:
    content, style = images
    judge = Judge("compact")
    seen, wanted = judge.look(content), judge.look(style)
    for result in (content, 1 - content):
        assert judge.compare(judge.look(result), seen, wanted) == judge(result, content, style)


def test_bytes_are_judged_as_floats(compact: Path, images: tuple[np.ndarray, ...]) -> None:
    content, style = ((image * 255).round().astype(np.uint8) for image in images)
    judge = Judge("compact")
    as_floats = judge(*(image.astype(np.float32) / 255 for image in (content, content, style)))
    assert judge(content, content, style) == as_floats


def test_pictures_that_cannot_be_judged(compact: Path, images: tuple[np.ndarray, ...]) -> None:
    content, style = images
    judge = Judge("compact")
    with pytest.raises(ImageError, match="result is 48x64 px and the content 64x48 px"):
        judge(style, content, style)
    with pytest.raises(ImageError, match="one flat colour"):
        judge(content, np.full_like(content, 0.5), style)
    with pytest.raises(ImageError, match="12x48 px; every side needs at least 16"):
        judge.look(content[:, :12])
    with pytest.raises(ImageError, match="NaN"):
        judge.look(content * math.nan)


def test_a_picture_larger_than_the_memory(
    compact: Path, monkeypatch: pytest.MonkeyPatch, images: tuple[np.ndarray, ...]
) -> None:
    monkeypatch.setattr(distances, "available_memory", lambda: 10**6)
    with pytest.raises(OptionError, match="64x48 picture needs about 0.0 GB.*use --size 34"):
        Judge("compact").look(images[0])


def test_the_yardstick_must_be_there(bare: Path) -> None:
    with pytest.raises(WeightsError, match="weights fetch vgg19"):
        Judge("vgg19")


def test_without_the_yardstick_compact_judges_and_says_so(bare: Path, compact: Path) -> None:
    with pytest.warns(UserWarning, match="judged by compact: weights vgg19 are not on this"):
        judge = Judge("auto")
    assert judge.name == "compact"


def test_a_damaged_yardstick_is_not_replaced(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (bare / "vgg19.safetensors").write_bytes(b"\0" * 100)
    monkeypatch.setenv("IMPASTO_WEIGHTS", str(bare))
    with pytest.raises(WeightsError, match="not a whole safetensors file"):
        Judge("auto")
