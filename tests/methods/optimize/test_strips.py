"""In strips or as a whole: the terms and the gradient are the same."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor

from impasto.backbones import Backbone, load_backbone
from impasto.backbones.stages import stages_of
from impasto.backbones.vgg import CONFIGS, Vgg
from impasto.errors import WeightsError
from impasto.losses import gram, out_of_range, relative_square, total_variation
from impasto.methods.optimize.memory import Budget, cut
from impasto.methods.optimize.objective import Objective, Weights, everywhere
from impasto.methods.optimize.strips import rows_of

STYLE = {"relu1_1": 0.2, "relu2_1": 0.2, "relu3_1": 0.2, "relu4_1": 0.2, "relu5_1": 0.2}
CONTENT = {"relu3_1": 0.01, "relu4_1": 0.03}
WEIGHTS = Weights({"features": CONTENT, "gram": STYLE}, 2.0, 50.0)
# the narrowest strips that a stage's halo allows, some of them kept
TINY = Budget(2**18, 1)


def plain(
    backbone: Backbone, content: Tensor, style: Tensor, x: Tensor, weights: Weights = WEIGHTS
) -> tuple[dict[str, float], Tensor]:
    """Return terms and gradient as anyone would write them, from the whole picture at once."""
    wanted, target = backbone(content, CONTENT), backbone(style, STYLE)
    x = x.clone().requires_grad_(True)
    features, terms = backbone(x, weights.layers), {}
    for name, weight in CONTENT.items():
        kept = wanted[name].to(torch.promote_types(wanted[name].dtype, torch.float32))
        energy, mean = kept.square().sum(), kept.mean((2, 3), keepdim=True)
        spread = torch.maximum((kept - mean).square().sum(), 0.01 * energy)
        distance = (features[name].to(kept.dtype) - kept).square().sum()
        terms[f"content {name}"] = weight * distance / spread
    for name, weight in STYLE.items():
        kept = gram(target[name])
        wide = torch.promote_types(kept.dtype, torch.float32)
        distance = relative_square(gram(features[name]).to(wide), kept.to(wide))
        terms[f"style {name}"] = weight * distance.sum()
    terms["total variation"] = weights.total_variation * total_variation(x)
    terms["range"] = weights.range * out_of_range(x)
    (gradient,) = torch.autograd.grad(torch.stack(list(terms.values())).sum(), x)
    return {name: term.item() for name, term in terms.items()}, gradient


def paintings(height: int, width: int, seed: int = 0) -> list[Tensor]:
    """Return three pictures of blots and noise; some of it is out of range."""
    generator = torch.Generator().manual_seed(seed)
    blots = torch.rand(3, 3, 8, 8, generator=generator)
    noise = torch.randn(3, 3, height, width, generator=generator)
    whole = F.interpolate(blots, (height, width), mode="bicubic", align_corners=False)
    return list((whole + 0.1 * noise).split(1))


def check(
    backbone: Backbone, pictures: list[Tensor], budget: Budget, tolerance: float = 1e-4
) -> Objective:
    """Compare an objective with the plain one, and return it."""
    content, style, x = pictures
    before = x.clone()
    objective = Objective(backbone, content, everywhere([style], [1.0]), WEIGHTS, budget)
    terms, gradient = objective.gradient(x)
    expected, wanted = plain(backbone, content, style, x)
    assert torch.equal(x, before)
    assert terms == pytest.approx(expected, rel=tolerance)
    assert (gradient - wanted).norm() < tolerance * wanted.norm()
    assert (gradient - wanted).abs().max() < 4 * tolerance * wanted.abs().max()
    return objective


def network(name: str, **options: Any) -> Backbone:
    try:
        return load_backbone(name, **options)
    except WeightsError:
        pytest.skip(f"no weights of {name}: set IMPASTO_WEIGHTS to the folder that holds them")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["compact", "vgg19", "distilled16x"])
def test_real_networks_at_512_pixels(name: str) -> None:
    backbone = network(name)
    objective = check(backbone, paintings(509, 512), Budget(2**26, 2**23))
    assert len(objective._groups[0]._cuts[0].strips) > 8
    assert sum(part.kept for part in objective._groups[0]._cuts) > 0


@pytest.mark.parametrize("name", ["compact", "vgg19"])
def test_bfloat16_stays_within_its_error(name: str) -> None:
    backbone = network(name, precision="bfloat16")
    check(backbone, paintings(96, 128), TINY, tolerance=0.02)


def small(name: str, **changes: Any) -> Vgg:
    """Return a narrow random network of this shape; all features are alive."""
    from dataclasses import replace

    config = CONFIGS[name]
    embed = dict.fromkeys(config.embed, 12)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        made = Vgg(replace(config, widths=(8, 8, 12, 12, 12), embed=embed, **changes))
        for parameter in made.parameters():
            if parameter.ndim == 1:
                parameter.data.uniform_(0, 0.1)
    return made.requires_grad_(False).eval()


@pytest.mark.parametrize("padding", ["replicate", "reflect", "zeros"])
@pytest.mark.parametrize("pooling", ["max", "average"])
@pytest.mark.parametrize("name", ["compact", "vgg19", "distilled16x"])
def test_every_border_and_pooling(name: str, pooling: str, padding: str) -> None:
    backbone = small(name, pooling=pooling, padding=padding)
    pictures = [picture.double() for picture in paintings(75, 41)]
    objective = check(backbone.double(), pictures, TINY, tolerance=1e-10)
    assert [len(part.strips) > 1 for part in objective._groups[0]._cuts[:3]] == [True] * 3


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(33, 120), st.integers(33, 60), st.integers(0, 2**21), st.integers(1, 2**19))
def test_any_size_and_budget(height: int, width: int, workspace: int, strip: int) -> None:
    # double, because at a kink of a ReLU the last digit of a single decides
    pictures = [picture.double() for picture in paintings(height, width)]
    check(small("compact").double(), pictures, Budget(workspace, strip), tolerance=1e-10)


def test_a_network_without_stages_goes_through_as_a_whole() -> None:
    class Plain:
        """Hide the stages."""

        def __init__(self, inner: Vgg) -> None:
            self.inner, self.layers, self.channels = inner, inner.layers, inner.channels

        def __call__(self, images: Tensor, layers: Iterable[str]) -> dict[str, Tensor]:
            return self.inner(images, layers)  # type: ignore[no-any-return]

    objective = check(Plain(small("compact")), paintings(64, 48), TINY)
    assert [len(part.strips) for part in objective._groups[0]._cuts] == [1]


@given(st.integers(16, 3000), st.integers(16, 3000), st.integers(0, 2**30), st.integers(1, 2**27))
def test_strips_cover_every_row_once(height: int, width: int, workspace: int, strip: int) -> None:
    stages = stages_of(small("vgg19"), STYLE)
    cuts = cut(stages, height, width, Budget(workspace, strip))
    for stage, part in zip(stages, cuts, strict=True):
        rows = [row for start, stop in part.strips for row in range(start, stop)]
        assert rows == list(range(height >> stage.depth))
        assert all(start % 2 == 0 and stop > start for start, stop in part.strips)
        assert 0 <= part.kept <= len(part.strips)


def test_a_smaller_budget_keeps_less_and_cuts_finer() -> None:
    stages = stages_of(small("vgg19"), STYLE)
    kept, strips = [], []
    for budget in (Budget(2**30), Budget(2**26), Budget(2**24), Budget(0), Budget(0, 2**20)):
        cuts = cut(stages, 1024, 1024, budget)
        kept.append(sum(part.kept for part in cuts))
        strips.append(sum(len(part.strips) for part in cuts))
    assert kept == sorted(kept, reverse=True)
    assert kept[0] == strips[0]
    assert kept[-1] == kept[-2] == 0
    assert strips[-1] > 4 * strips[0]


def test_what_a_stage_holds_is_what_autograd_saves() -> None:
    for name in CONFIGS:
        backbone = small(name)
        x = torch.rand(1, 3, 96, 96)
        for stage in stages_of(backbone, [n for n in STYLE if n in backbone.layers]):
            x = x.contiguous(memory_format=torch.channels_last).requires_grad_(True)
            saved: dict[int, int] = {}
            known = {p.untyped_storage().data_ptr() for p in backbone.state_dict().values()}

            def pack(tensor: Tensor, saved: dict[int, int] = saved) -> Tensor:
                storage = tensor.untyped_storage()
                saved[storage.data_ptr()] = storage.nbytes()
                return tensor

            with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
                _, output = stage.compute(x)
            held = sum(size for pointer, size in saved.items() if pointer not in known)
            held /= x.shape[2] * x.shape[3]
            assert 0.5 * held < stage.held < 1.5 * held, (name, stage.layers)
            if output is None:
                break
            assert 4 * output.shape[1] == stage.passed
            x = output.detach()


def test_rows_give_the_gradient_of_a_slice_in_the_layout_of_the_features() -> None:
    features = torch.randn(1, 5, 12, 7).contiguous(memory_format=torch.channels_last)
    weight, found = torch.randn(1, 5, 4, 7), []
    for take in (rows_of, lambda x, start, stop: x[:, :, start:stop]):
        x = features.clone().requires_grad_()
        (gradient,) = torch.autograd.grad((take(x, 3, 7) * weight).sum(), x)
        found.append(gradient)
    assert found[0].equal(found[1])
    assert found[0].is_contiguous(memory_format=torch.channels_last)
