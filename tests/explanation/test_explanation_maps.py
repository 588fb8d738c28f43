"""Where the losses come from: parts sum to the whole, and nothing is where nothing changed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from impasto.backbones import load_backbone
from impasto.backbones.vgg import CONFIGS, Vgg
from impasto.explanation.distances import distances, look, look_at
from impasto.explanation.inputs import Trio
from impasto.explanation.maps import change_map, field_of_view, layer_maps, style_gain
from impasto.explanation.overlays import times_even
from impasto.losses import STYLE_LAYERS, gram, relative_square
from impasto.metrics import Judge


def test_nothing_changed(compact: Path, draw: Any) -> None:
    network = load_backbone("compact")
    content, style = look(network, draw()), look(network, draw(40, 56, 3))
    for item in layer_maps(network, content, style, content):
        assert item.changed == 0
        assert item.before == item.after
        assert not item.content.any()
        assert not item.style.any()
        assert times_even(item.style) == (pytest.approx(0), 1)


def test_one_rectangle_changed(compact: Path, draw: Any) -> None:
    network = load_backbone("compact")
    content = draw(256, 256)
    result = content.copy()
    result[16:48, 24:40] = 1 - result[16:48, 24:40]
    seen = [look(network, picture) for picture in (content, draw(64, 64, 3), result)]
    for item in layer_maps(network, *seen):
        stride = 256 // item.content.shape[0]
        reach = item.sees // 2 + stride
        where = np.zeros(item.content.shape, bool)
        rows = slice(max(0, 16 - reach) // stride, -(-(48 + reach) // stride))
        columns = slice(max(0, 24 - reach) // stride, -(-(40 + reach) // stride))
        where[rows, columns] = True
        assert item.changed > 0
        assert not item.content[~where].any()
        assert not item.style[~where].any()
        if item.layer != "relu5_1":
            assert not where.all()


def test_maps_sum_to_the_distances(compact: Path, draw: Any) -> None:
    network, trio = load_backbone("compact"), Trio(draw(), draw(40, 56, 3), draw(48, 64, 5))
    seen = look_at(network, trio)
    for item, row in zip(layer_maps(network, *seen), distances(network, trio, seen), strict=True):
        assert item.layer == row.layer
        assert item.content.sum() == pytest.approx(row.content, rel=1e-4)
        assert item.style.sum() == pytest.approx(item.before - item.after, abs=1e-5)
        assert item.after == pytest.approx(row.style**2, rel=1e-4)
        assert item.before == pytest.approx(row.style_of_content**2, rel=1e-4)


@given(st.integers(0, 10_000))
def test_gains_are_complete(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    content, result, style = (
        torch.rand(1, 4, 3, 5, generator=generator, dtype=torch.float64) for _ in range(3)
    )
    result[..., 1] = content[..., 1]
    target = gram(style)
    found = style_gain(content, result, target)
    before, after = (float(relative_square(gram(f), target)) for f in (content, result))
    assert float(found.sum()) == pytest.approx(before - after, abs=1e-9)
    assert not found[:, 1].any()
    assert float(change_map(content, result)[:, 1].sum()) == 0


def test_distances_are_those_of_the_judge(compact: Path, draw: Any) -> None:
    content, style, result = draw(), draw(48, 64, 3), draw(48, 64, 5)
    judge, trio = Judge("compact"), Trio(content, style, result)
    rows = distances(judge.backbone, trio, look_at(judge.backbone, trio))
    judged = judge(result, content, style)
    assert np.mean([row.style for row in rows]) == pytest.approx(judged.style, rel=1e-5)
    deep = [row.content for row in rows if row.layer in ("relu4_1", "relu5_1")]
    assert np.mean(deep) == pytest.approx(judged.content, rel=1e-5)
    before = judge(content, content, style)
    assert np.mean([row.style_of_content for row in rows]) == pytest.approx(before.style, rel=1e-5)


def test_the_style_as_the_result(compact: Path, draw: Any) -> None:
    network, style = load_backbone("compact"), draw(48, 64, 3)
    trio = Trio(draw(), style, style)
    for row in distances(network, trio, look_at(network, trio)):
        assert (row.style, row.gone, row.moved) == (0, 1, 1)
        assert row.style_of_half > 0


def test_the_content_as_the_style(compact: Path, draw: Any) -> None:
    network, content = load_backbone("compact"), draw()
    trio = Trio(content, content, content)
    for row in distances(network, trio, look_at(network, trio)):
        assert (row.content, row.style, row.gone, row.moved) == (0, 0, None, None)


@pytest.mark.parametrize("name", ["vgg19", "compact"])
def test_how_much_a_feature_sees(name: str) -> None:
    torch.manual_seed(0)
    # averages, as the largest of four hides three
    network = Vgg(replace(CONFIGS[name], pooling="average", padding="zeros")).eval()
    images = torch.rand(1, 3, 288, 288, requires_grad=True)
    for layer, found in network(images, STYLE_LAYERS).items():
        middle = found.shape[2] // 2
        (gradient,) = torch.autograd.grad(
            found[0, :, middle, middle].sum(), images, retain_graph=True
        )
        seen = gradient.abs().sum((0, 1, 3)).nonzero()[:, 0]
        assert int(seen[-1] - seen[0]) + 1 == field_of_view(network, layer)


def test_the_channels_that_changed_most(compact: Path, draw: Any) -> None:
    network = load_backbone("compact")
    seen = [look(network, picture) for picture in (draw(), draw(40, 56, 3), draw(48, 64, 5))]
    first, again = layer_maps(network, *seen), layer_maps(network, *seen)
    for item, other in zip(first, again, strict=True):
        shares = [channel.share for channel in item.channels]
        assert shares == sorted(shares, reverse=True)
        assert 0 < sum(shares) <= 1 + 1e-6
        assert [c.number for c in item.channels] == [c.number for c in other.channels]
        assert len({c.number for c in item.channels}) == len(shares)


def test_maps_beside_an_even_spread() -> None:
    relative, top = times_even(np.ones((200, 300), np.float32))
    assert relative.shape == (43, 64)
    assert (relative.min(), relative.max(), top) == (1, 1, 1)
    half = np.zeros((8, 8), np.float32)
    half[:4], half[4:, :4] = 3, -1
    relative, top = times_even(half)
    assert (relative.max(), relative.min()) == pytest.approx((3 / 1.75, -1 / 1.75))
