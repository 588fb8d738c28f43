"""Masks and strength maps of the optimiser: each region has its style, and an exact gradient."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from impasto.backbones import Backbone, load_backbone
from impasto.errors import ImageError, OptionError
from impasto.methods.contract import Image, Sample
from impasto.methods.optimize import group
from impasto.methods.optimize.catalog import STYLE_LOSSES
from impasto.methods.optimize.guidance import Guidance
from impasto.methods.optimize.memory import Budget
from impasto.methods.optimize.objective import Objective, Weights, everywhere
from impasto.methods.optimize.options import resolve
from impasto.methods.optimize.stylizer import prepare
from impasto.methods.optimize.terms import Part, Region

TINY = Budget(0, 1)


@pytest.fixture
def backbone(compact: object) -> Backbone:
    return load_backbone("compact").double()  # type: ignore[attr-defined,no-any-return]


@pytest.fixture
def pictures(draw: Any) -> list[Tensor]:
    drawn = [draw(48, 64, i) for i in (0, 3, 7)]
    return [torch.from_numpy(image).permute(2, 0, 1)[None].double() for image in drawn]


def left(height: int = 48, width: int = 64, share: float = 0.5) -> Image:
    mask = np.zeros((height, width), np.float32)
    mask[:, : round(share * width)] = 1
    return mask


def parts(pictures: list[Tensor]) -> list[Part]:
    return [Part(pictures[1], 0.3), Part(pictures[2], 0.7)]


def test_without_masks_one_region_is_everywhere(pictures: list[Tensor]) -> None:
    [region] = Guidance((0.3, 0.7)).regions(parts(pictures), 48, 64)
    assert region.where is None
    assert [part.share for part in region.styles] == [0.3, 0.7]


def test_masks_share_the_places_among_the_styles(pictures: list[Tensor]) -> None:
    half = np.full((48, 64), 0.5, np.float32)
    guidance = Guidance((0.5, 0.5), (left(), half))
    first, second = guidance.regions(parts(pictures), 24, 32)
    assert first.where is not None
    assert second.where is not None
    torch.testing.assert_close(first.where + second.where, torch.ones(1, 1, 24, 32))
    # where both want to be, by what they want
    assert first.where[0, 0, 0, 0].item() == pytest.approx(2 / 3, abs=1e-3)
    assert first.where[0, 0, 0, -1] == 0
    assert first.styles[0].picture is pictures[1]


def test_a_style_whose_mask_is_black_has_no_region(pictures: list[Tensor]) -> None:
    guidance = Guidance((0.5, 0.5), (np.ones((48, 64), np.float32), left(share=0)))
    assert len(guidance.regions(parts(pictures), 48, 64)) == 1


def test_one_mask_is_a_strength_map(pictures: list[Tensor]) -> None:
    masked, mapped = Guidance((1.0,), (left(),)), Guidance((1.0,), (), left())
    pulls = [each.pull(pictures[0]) for each in (masked, mapped)]
    assert pulls[0] is not None
    assert pulls[1] is not None
    assert pulls[0].equal(pulls[1])
    assert pulls[0][0, 0, 0, 0] == 1
    assert pulls[0][0, 0, 0, -1].item() == pytest.approx(25)
    [region] = masked.regions(parts(pictures)[:1], 48, 64)
    assert region.where is not None
    assert region.where[0, 0].numpy() == pytest.approx(left())


def test_what_does_not_fit_is_refused(pictures: list[Tensor]) -> None:
    with pytest.raises(OptionError, match="3 masks for 2 styles"):
        Guidance((0.5, 0.5), [left()] * 3)
    with pytest.raises(OptionError, match="not both"):
        Guidance((1.0,), [left()], left())
    with pytest.raises(ImageError, match="mask 1 is 48x48"):
        Guidance((0.5, 0.5), [left(48, 48)] * 2).regions(parts(pictures), 48, 64)
    with pytest.raises(ImageError, match="the strength map is 48x48"):
        Guidance((1.0,), (), left(48, 48)).pull(pictures[0])


@pytest.mark.parametrize("name", list(STYLE_LOSSES))
def test_a_region_that_is_all_is_everywhere(
    backbone: Backbone, pictures: list[Tensor], name: str
) -> None:
    content, style, x = pictures
    weights = Weights({name: {"relu3_1": 1.0}})
    ones = torch.ones(1, 1, 48, 64).double()
    region = Region([Part(style, 1.0, ones)], ones)
    plain = Objective(backbone, content, everywhere([style], [1.0]), weights).gradient(x)
    found = Objective(backbone, content, [region], weights).gradient(x)
    assert found[0] == pytest.approx(plain[0], rel=1e-6)
    torch.testing.assert_close(found[1], plain[1], rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("name", list(STYLE_LOSSES))
def test_regions_in_strips_are_those_of_the_whole(
    backbone: Backbone, pictures: list[Tensor], name: str
) -> None:
    content, *styles = pictures
    weights = Weights({name: {"relu1_1": 0.5, "relu3_1": 1.0}})
    regions = Guidance((0.5, 0.5), (left(share=0.3), 1 - left(share=0.3))).regions(
        [Part(style, 0.5) for style in styles], 48, 64
    )
    whole, cut = (
        Objective(backbone, content, regions, weights, budget).gradient(content)
        for budget in (None, TINY)
    )
    assert cut[0] == pytest.approx(whole[0], rel=1e-8)
    torch.testing.assert_close(cut[1], whole[1], rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("name", list(STYLE_LOSSES))
def test_a_region_s_style_only_pulls_at_its_places(
    backbone: Backbone, pictures: list[Tensor], name: str
) -> None:
    content, style, _ = pictures
    weights = Weights({name: {"relu1_1": 1.0}})  # which sees one pixel around
    where = torch.tensor(left(share=0.5))[None, None].double()
    found = Objective(backbone, content, [Region([Part(style, 1.0)], where)], weights)
    _, gradient = found.gradient(content)
    assert gradient[..., :32].abs().max() > 0
    assert not gradient[..., 33:].any()


def test_only_some_of_a_style_s_places_count(backbone: Backbone, pictures: list[Tensor]) -> None:
    content, style, other = pictures
    both = torch.cat([style, other], 3)
    where = torch.zeros(1, 1, 48, 128).double()
    where[..., :64] = 1
    weights = Weights({"gram": {"relu1_1": 1.0}})
    part, whole = (
        Objective(backbone, content, [Region([one])], weights).gradient(content)[0]
        for one in (Part(both, 1.0, where), Part(style, 1.0))
    )
    # but for the column whose neighbours are the other's
    assert sum(part.values()) == pytest.approx(sum(whole.values()), rel=0.05)


def test_the_content_is_heavier_where_the_map_is_dark(
    backbone: Backbone, pictures: list[Tensor]
) -> None:
    content, style, x = pictures
    weights = Weights({"features": {"relu1_1": 1.0}})
    pull = Guidance((1.0,), (), 0.5 + 0.5 * left()).pull(content)
    plain = Objective(backbone, content, everywhere([style], [1.0]), weights)
    pulled = Objective(backbone, content, everywhere([style], [1.0]), weights, pull=pull)
    before, after = (each.gradient(x)[1] for each in (plain, pulled))
    torch.testing.assert_close(after[..., :31], before[..., :31])
    torch.testing.assert_close(after[..., 33:], 4 * before[..., 33:])


@pytest.mark.usefixtures("compact")
def test_a_picture_of_two_regions_has_both_styles_colours() -> None:
    red, blue = (np.zeros((48, 48, 3), np.float32) for _ in range(2))
    red[..., 0], blue[..., 2] = 0.8, 0.8
    options = resolve({"steps": 30, "device": "cpu", "content_weight": 0, "tv_weight": 0})
    masks = (left(), 1 - left())
    content = np.full((48, 64, 3), 0.5, np.float32)
    found = prepare([Sample(red), Sample(blue)], (0.5, 0.5), options, masks=masks)(content)
    halves = found[:, :24].mean((0, 1)), found[:, 40:].mean((0, 1))
    assert halves[0][0] > halves[0][2] + 0.2
    assert halves[1][2] > halves[1][0] + 0.2


@pytest.mark.usefixtures("compact")
def test_the_content_stays_where_a_strength_map_is_black(draw: Any) -> None:
    content, style = draw(48, 64), draw(48, 64, 5)
    options = resolve({"steps": 20, "device": "cpu", "tv_weight": 0})
    found = prepare([Sample(style)], (1.0,), options, strength_map=left())(content)
    change = np.abs(found - content).mean((0, 2))
    assert change[40:].mean() < 0.25 * change[:24].mean()


@pytest.mark.parametrize("name", ["gram", "nearest", "sliced"])
def test_a_style_does_not_paint_beyond_its_region(
    backbone: Backbone, pictures: list[Tensor], name: str
) -> None:
    content, first, second = pictures
    weights = Weights({"features": {"relu4_2": 1.0}, name: {"relu1_1": 1.0, "relu3_1": 1.0}})

    def gradient(other: Tensor) -> Tensor:
        parts = [Part(first, 0.5), Part(other, 0.5)]
        regions = Guidance((0.5, 0.5), (left(), 1 - left())).regions(parts, 48, 64)
        return Objective(backbone, content, regions, weights).gradient(content)[1]

    change = (gradient(second) - gradient(second.flip(1, 3))).abs().amax(1)[0]
    assert change[:, :32].max() == 0
    assert change[:, 32:].max() > 0


def test_only_what_a_region_sees_goes_through_the_network(
    backbone: Backbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    content, style = (torch.rand(1, 3, 80, size).double() for size in (256, 64))
    where = torch.zeros(1, 1, 80, 256).double()
    where[..., 150:200] = 1
    regions = [Region([Part(style, 1.0)], plane) for plane in (where, 1 - where)]
    weights = Weights({"gram": {"relu1_1": 1.0, "relu3_1": 1.0}, "nearest": {"relu2_1": 1.0}})

    def found() -> tuple[dict[str, float], Tensor]:
        return Objective(backbone, content, regions, weights).gradient(content)

    seen = []
    boxes = group._box
    monkeypatch.setattr(group, "_box", lambda *given: seen.append(boxes(*given)) or seen[-1])
    terms, gradient = found()
    assert seen[0][3].start > 0
    assert seen[0][3].stop < 256
    monkeypatch.setattr(group, "_box", lambda *_: (slice(None),) * 4)
    whole, wanted = found()
    assert terms == pytest.approx(whole, rel=1e-9)
    torch.testing.assert_close(gradient, wanted, rtol=1e-7, atol=1e-12)
