"""The objective, on a random network."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
import torch
from torch import Tensor

from impasto.backbones import Backbone, load_backbone
from impasto.losses import gram
from impasto.methods.optimize.objective import Objective, Weights, everywhere

CONTENT = {"relu3_1": 0.2, "relu4_2": 0.3}
STYLE = {"relu1_1": 1.0, "relu3_1": 2.0}
BOTH = {"features": CONTENT, "gram": STYLE}
WEIGHTS = Weights(BOTH, total_variation=0.5, range=50.0)


@pytest.fixture
def backbone(compact: object) -> Backbone:
    return load_backbone("compact")


@pytest.fixture
def pictures(draw: object) -> list[Tensor]:
    drawn = [draw(32, 40, i) for i in (0, 3, 7)]  # type: ignore[operator]
    return [torch.from_numpy(image).permute(2, 0, 1)[None] for image in drawn]


def test_no_loss_where_all_is_reached(backbone: Backbone, pictures: list[Tensor]) -> None:
    picture = pictures[0]
    objective = Objective(backbone, picture, everywhere([picture], [1.0]), Weights(BOTH))
    terms, gradient = objective.gradient(picture)
    assert set(terms.values()) == {0.0}
    assert not gradient.any()


def test_terms_have_names_and_the_gradient_is_their_sums(
    backbone: Backbone, pictures: list[Tensor]
) -> None:
    content, style, _ = pictures
    objective = Objective(backbone, content, everywhere([style], [1.0]), WEIGHTS)
    x = 2 * style - 0.5
    terms, gradient = objective.gradient(x)
    assert set(terms) == {
        "content relu3_1", "content relu4_2", "style relu1_1", "style relu3_1",
        "total variation", "range",
    }  # fmt: skip
    assert min(terms.values()) > 0
    # autograd's own answer is compared in test_strips; this one knows nothing of it
    step = 1e-3 * gradient / gradient.norm()
    ahead, back = (sum(objective.gradient(x + part)[0].values()) for part in (step, -step))
    assert ahead - back == pytest.approx(2 * (step * gradient).sum().item(), rel=0.02)


def test_terms_of_no_weight_are_left_out(backbone: Backbone, pictures: list[Tensor]) -> None:
    content, style, _ = pictures
    weights = Weights(total_variation=1.0)
    terms, _ = Objective(backbone, content, everywhere([style], [1.0]), weights).gradient(content)
    assert set(terms) == {"total variation"}


def test_weights_scale_their_terms(backbone: Backbone, pictures: list[Tensor]) -> None:
    content, style, x = pictures
    x = 1.5 * x - 0.2
    once, _ = Objective(backbone, content, everywhere([style], [1.0]), WEIGHTS).gradient(x)
    heavier = Weights(BOTH | {"features": {k: 3 * w for k, w in CONTENT.items()}}, 1.0, 500.0)
    again, _ = Objective(backbone, content, everywhere([style], [1.0]), heavier).gradient(x)
    factors = {"content": 3, "style": 1, "total": 2, "range": 10}
    for name, value in once.items():
        assert again[name] == pytest.approx(factors[name.split()[0]] * value, rel=1e-4)


def test_blended_grams_pull_as_the_weighted_styles_do(
    backbone: Backbone, pictures: list[Tensor]
) -> None:
    content, *styles = pictures
    shares, layer = (0.3, 0.7), "relu3_1"
    objective = Objective(
        backbone, content, everywhere(styles, shares), Weights({"gram": {layer: 1.0}})
    )
    _, gradient = objective.gradient(content)

    x = content.clone().requires_grad_(True)
    found = gram(backbone(x, [layer])[layer])
    wanted = [gram(backbone(style, [layer])[layer]).detach() for style in styles]
    apart = sum(
        share * (found - target).square().sum()
        for share, target in zip(shares, wanted, strict=True)
    )
    blended = sum(share * target for share, target in zip(shares, wanted, strict=True))
    (expected,) = torch.autograd.grad(apart / blended.square().sum(), x)  # type: ignore[union-attr]
    torch.testing.assert_close(gradient, expected, rtol=1e-3, atol=1e-6)


class Louder:
    """Give the features of another network, multiplied."""

    def __init__(self, backbone: Backbone, factor: float) -> None:
        self.backbone, self.factor, self.layers = backbone, factor, backbone.layers

    def channels(self, layer: str) -> int:
        return self.backbone.channels(layer)

    def __call__(self, images: Tensor, layers: Iterable[str]) -> dict[str, Tensor]:
        features = self.backbone(images, layers)
        return {name: self.factor * value for name, value in features.items()}


@pytest.mark.parametrize("factor", [0.01, 300.0])
def test_losses_do_not_depend_on_the_features_scale(
    backbone: Backbone, pictures: list[Tensor], factor: float
) -> None:
    content, style, x = pictures
    expected, _ = Objective(backbone, content, everywhere([style], [1.0]), WEIGHTS).gradient(x)
    louder = Objective(Louder(backbone, factor), content, everywhere([style], [1.0]), WEIGHTS)
    found, _ = louder.gradient(x)
    assert found == pytest.approx(expected, rel=1e-3)


def test_flat_pictures_have_finite_losses(backbone: Backbone) -> None:
    flat = [torch.full((1, 3, 32, 32), value) for value in (0.0, 0.45, 1.0)]
    for content in flat:
        for style in flat:
            terms, gradient = Objective(
                backbone, content, everywhere([style], [1.0]), WEIGHTS
            ).gradient(flat[1])
            assert all(value < float("inf") for value in terms.values())
            assert gradient.isfinite().all()


def test_anchors_draw_to_a_picture_where_they_count(
    backbone: Backbone, pictures: list[Tensor]
) -> None:
    content, style, anchor = pictures
    counts = torch.zeros_like(anchor[:, :1])
    counts[..., :20] = 0.5
    objective = Objective(
        backbone, content, everywhere([style], [1.0]), Weights(), anchors=[(anchor, 3 * counts)]
    )
    terms, gradient = objective.gradient(content)
    apart = (content - anchor)[..., :20]
    assert terms == {"temporal": pytest.approx(float(1.5 * apart.square().sum() / content.numel()))}
    assert torch.allclose(gradient[..., :20], 2 * 1.5 * apart / content.numel(), atol=1e-9)
    assert not gradient[..., 20:].any()
