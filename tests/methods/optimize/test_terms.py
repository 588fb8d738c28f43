"""Every loss by name: zero where it should be, exact in strips, with a right gradient."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from impasto.backbones import Backbone, load_backbone
from impasto.methods.optimize.catalog import CONTENT_LOSSES, STYLE_LOSSES
from impasto.methods.optimize.memory import Budget
from impasto.methods.optimize.objective import Objective, Weights, everywhere
from impasto.methods.optimize.terms import BUILD, REFRESH
from tests.drawings import draw

LAYERS = {"relu1_1": 0.5, "relu3_1": 1.0}
# the narrowest strips that a stage's halo allows, none of them kept
TINY = Budget(0, 1)
LAYERED = [name for name in (*CONTENT_LOSSES, *STYLE_LOSSES) if name != "laplacian"]


@pytest.fixture
def backbone(compact: object) -> Backbone:
    return load_backbone("compact").double()  # type: ignore[attr-defined,no-any-return]


@pytest.fixture
def pictures(draw: object) -> list[Tensor]:
    drawn = [draw(48, 56, i) for i in (0, 3, 7)]  # type: ignore[operator]
    return [torch.from_numpy(image).permute(2, 0, 1)[None].double() for image in drawn]


def objective(
    backbone: Backbone, pictures: list[Tensor], name: str, budget: Budget | None = None
) -> Objective:
    content, *styles = pictures
    weights = Weights(laplacian=1.0) if name == "laplacian" else Weights({name: LAYERS})
    shares = [1 / len(styles)] * len(styles)
    return Objective(backbone, content, everywhere(styles, shares), weights, budget)


def test_every_loss_has_a_name_and_a_maker() -> None:
    assert set(BUILD) == set(LAYERED)


@pytest.mark.parametrize("name", [*CONTENT_LOSSES, *STYLE_LOSSES])
def test_nothing_is_missing_where_all_is_reached(
    backbone: Backbone, pictures: list[Tensor], name: str
) -> None:
    picture = pictures[1]
    terms, gradient = objective(backbone, [picture, picture], name).gradient(picture)
    far, _ = objective(backbone, [picture, picture], name).gradient(pictures[0])
    # of two samples of the same places each place has another near it
    assert sum(terms.values()) < (0.1 if name == "earth-mover" else 0.01) * sum(far.values())
    assert gradient.isfinite().all()


@pytest.mark.parametrize("name", [*CONTENT_LOSSES, *STYLE_LOSSES])
def test_strips_give_what_the_whole_gives(
    backbone: Backbone, pictures: list[Tensor], name: str
) -> None:
    whole = objective(backbone, pictures, name).gradient(pictures[1])
    cut = objective(backbone, pictures, name, TINY).gradient(pictures[1])
    assert cut[0] == pytest.approx(whole[0], rel=1e-8)
    torch.testing.assert_close(cut[1], whole[1], rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("name", [*CONTENT_LOSSES, *STYLE_LOSSES])
def test_the_gradient_is_the_slope(backbone: Backbone, pictures: list[Tensor], name: str) -> None:
    x = 0.7 * pictures[0] + 0.3 * pictures[2].flip(3)
    made = objective(backbone, pictures, name)
    _, gradient = made.gradient(x)
    step = 1e-5 * gradient / gradient.norm()
    ahead, back = (sum(made.gradient(x + part)[0].values()) for part in (step, -step))
    slope = 2 * (step * gradient).sum().item()
    assert slope > 0
    assert ahead - back == pytest.approx(slope, rel=0.02)


@pytest.mark.parametrize("name", LAYERED)
def test_weights_multiply(backbone: Backbone, pictures: list[Tensor], name: str) -> None:
    content, *styles = pictures
    found = []
    for factor in (1.0, 3.0):
        weights = Weights({name: {"relu3_1": factor}})
        made = Objective(backbone, content, everywhere(styles, [0.5, 0.5]), weights)
        found.append(sum(made.gradient(styles[0])[0].values()))
    # relative to both styles the blend is somewhere between, so nothing is zero
    assert found[1] == pytest.approx(3 * found[0], rel=1e-6)
    assert found[0] != 0


def test_terms_look_again_every_few_steps(backbone: Backbone, pictures: list[Tensor]) -> None:
    made = objective(backbone, pictures, "nearest")
    (first, *_) = made.terms
    made.gradient(pictures[0])
    target = first.target  # type: ignore[attr-defined]
    for _ in range(REFRESH - 1):
        made.gradient(pictures[1])
        assert first.target is target  # type: ignore[attr-defined]
    made.gradient(pictures[1])
    assert not first.target.equal(target)  # type: ignore[attr-defined]


def test_the_seed_decides_what_is_drawn(backbone: Backbone, pictures: list[Tensor]) -> None:
    content, *styles = pictures
    weights = Weights({"sliced": {"relu3_1": 1.0}})
    found = [
        Objective(backbone, content, everywhere(styles, [0.5, 0.5]), weights, seed=seed).gradient(
            content
        )[1]
        for seed in (1, 1, 2)
    ]
    assert found[0].equal(found[1])
    assert not found[0].equal(found[2])


@pytest.mark.parametrize("name", [*CONTENT_LOSSES, *STYLE_LOSSES])
def test_flat_pictures_have_finite_losses(backbone: Backbone, name: str) -> None:
    flat = [torch.full((1, 3, 32, 32), value).double() for value in (0.0, 0.45, 1.0)]
    terms, gradient = objective(backbone, flat, name).gradient(flat[1])
    assert all(value < float("inf") for value in terms.values())
    assert gradient.isfinite().all()


@pytest.mark.parametrize("name", [*CONTENT_LOSSES, *STYLE_LOSSES])
def test_half_precision_is_near(compact: object, name: str) -> None:
    """Of pictures with texture, whose covariances are as poor as those of photos."""
    drawn = [draw(kind, size=160) for kind in ("watercolor", "brushwork", "mosaic")]
    pictures = [torch.from_numpy(image).permute(2, 0, 1)[None] for image in drawn]
    losses = []
    for dtype in (torch.float32, torch.bfloat16):
        backbone = load_backbone("compact").to(dtype)  # type: ignore[attr-defined]
        terms, gradient = objective(backbone, pictures, name).gradient(pictures[2])
        assert gradient.isfinite().all()
        losses.append(sum(terms.values()))
    assert losses[1] == pytest.approx(losses[0], rel=0.05)
