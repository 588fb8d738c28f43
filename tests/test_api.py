"""The Python interface, on a random network and small pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import impasto
from impasto.engine import available_memory
from impasto.errors import ImageError, OptionError
from impasto.images import load_picture, save_picture
from impasto.methods.optimize import OptimizeOptions
from impasto.methods.optimize.options import OPTIMIZERS
from impasto.methods.optimize.stylizer import balance
from impasto.styles import normalized_blend

pytestmark = pytest.mark.usefixtures("compact")
QUICK: dict[str, Any] = {"steps": 4, "threads": 1}
METHODS: list[dict[str, Any]] = [{}, {"steps": 1}]  # the real-time network, the optimiser
LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def losses_of(content: Any, style: Any, **options: Any) -> list[float]:
    losses: list[float] = []
    impasto.stylize(content, style, progress=lambda s: losses.append(s.loss), **QUICK | options)
    return losses


@pytest.mark.parametrize("method", METHODS)
def test_strength_0_is_the_content(draw: Any, tmp_path: Path, method: dict[str, Any]) -> None:
    content, options = draw(), {"strength": 0, **method}
    result = impasto.stylize(content, draw(number=3), **options)
    assert np.array_equal(result.image, content)
    assert result.recipe.steps == 0
    assert not result.recipe.stopped
    assert np.array_equal(impasto.prepare(draw(number=3), **options)(content), content)

    path = save_picture(tmp_path / "content.png", content)
    impasto.save(tmp_path / "out.png", impasto.stylize(path, draw(number=3), **options))
    assert np.array_equal(impasto.load(tmp_path / "out.png"), impasto.load(path))


def test_the_less_strength_the_nearer_to_the_content(draw: Any) -> None:
    content, style = draw(32, 32), draw(32, 32, 3)
    distances = [
        np.abs(impasto.stylize(content, style, strength=s, steps=12).image - content).mean()
        for s in (1e-300, 1e-3, 0.1, 0.5, 1)
    ]
    assert distances == sorted(distances)
    assert distances[1] < 0.002


def test_strength_is_continuous_and_finite() -> None:
    for strength in (5e-324, 1e-9, 0.01, 0.3, 1.0):
        weights = balance(OptimizeOptions(strength=strength))
        assert 0 < sum(weights.losses["features"].values()) < 1e6
    full = balance(OptimizeOptions())
    sums = {name: sum(layers.values()) for name, layers in full.losses.items()}
    content_weight = OptimizeOptions().content_weight
    assert sums == pytest.approx({"features": content_weight, "gram": 1, "nearest": 0.3})


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_loss_goes_down(draw: Any, optimizer: str) -> None:
    alone = {"style_losses": "gram", "content_weight": 0.03}  # matches change along the way
    losses = losses_of(draw(), draw(number=3), steps=12, optimizer=optimizer, **alone)
    assert len(losses) == 12
    assert losses[-1] < 0.8 * losses[0]


def test_sizes(draw: Any, fitted: Any) -> None:
    shape, size, expected = fitted
    result = impasto.stylize(draw(*shape), draw(number=3), size=size, steps=2, coarsest=32)
    assert result.image.shape == (*expected, 3)
    assert result.image.dtype == np.float32
    assert 0 <= result.image.min() <= result.image.max() <= 1


@pytest.mark.parametrize(
    ("size", "message"),
    [(16, "16x4 px; every side needs"), (10**6, "1000000x250000 px, over the limit")],
)
@pytest.mark.parametrize("method", METHODS)
def test_a_size_that_no_network_can_take(
    draw: Any, size: int, message: str, method: dict[str, Any]
) -> None:
    for strength in (0, 1):
        with pytest.raises(ImageError, match=f"the content at size {size} is {message}"):
            impasto.stylize(draw(20, 80), draw(number=3), size=size, strength=strength, **method)


@pytest.mark.parametrize("shape", [(16, 300), (300, 16), (16, 16), (200, 150)])
@pytest.mark.parametrize("scale", [0.1, 1.0, 4.0])
def test_styles_of_any_shape_and_scale(draw: Any, shape: Any, scale: float) -> None:
    result = impasto.stylize(draw(32, 32), draw(*shape, 3), style_scale=scale, steps=1)
    assert np.isfinite(result.image).all()


def test_several_styles_are_blended(draw: Any) -> None:
    content, one, two = draw(), draw(number=3), draw(number=7)
    alone = impasto.stylize(content, one, **QUICK)
    same = impasto.stylize(content, [one, two], blend=[3, 0], **QUICK)
    assert np.allclose(same.image, alone.image, atol=1e-3)
    both = impasto.stylize(content, (one, two), **QUICK)
    assert [style.blend for style in both.recipe.styles] == [0.5, 0.5]
    assert np.abs(both.image - alone.image).max() > 0.01
    by_array = impasto.stylize(content, [one, two], blend=np.array([1, 1]), **QUICK)  # type: ignore[arg-type]
    assert np.array_equal(by_array.image, both.image)


@pytest.mark.parametrize("blend", [[1], [1, 2, 3], [0, 0], [-1, 2], [float("nan"), 1]])
def test_a_blend_that_cannot_be(draw: Any, blend: list[float]) -> None:
    with pytest.raises(OptionError, match="blend"):
        impasto.stylize(draw(), [draw(), draw()], blend=blend)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=6).filter(lambda b: sum(b) > 1e-6))
def test_a_blend_sums_to_one_and_stays_as_it_is(blend: list[float]) -> None:
    once = normalized_blend(blend, len(blend))
    assert sum(once) == pytest.approx(1)
    # a recipe's blend goes in again, and must come out the same to the last digit
    assert normalized_blend(once, len(blend)) == once


def test_no_style(draw: Any) -> None:
    with pytest.raises(OptionError, match="no style"):
        impasto.stylize(draw(), [])


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_same_seed_gives_the_same_bytes(draw: Any, tmp_path: Path, optimizer: str) -> None:
    files = []
    for name in ("one.png", "two.png"):
        result = impasto.stylize(
            draw(), draw(number=3), optimizer=optimizer, init="noise", seed=4, **QUICK
        )
        files.append(impasto.save(tmp_path / name, result, sign=False).read_bytes())
    assert files[0] == files[1]
    other = impasto.stylize(
        draw(), draw(number=3), optimizer=optimizer, init="noise", seed=5, **QUICK
    )
    assert np.abs(other.image - result.image).max() > 0.05


def test_starts(draw: Any, tmp_path: Path) -> None:
    content, style = draw(), draw(number=3)
    file = save_picture(tmp_path / "start.png", np.full((20, 20, 3), 0.5))
    starts = {
        init: impasto.stylize(content, style, init=init, steps=1)
        for init in ("content", "noise", "style", str(file))
    }
    images = [result.image for result in starts.values()]
    for i, one in enumerate(images):
        assert all(np.abs(one - other).mean() > 0.05 for other in images[:i])
    recipe = starts[str(file)].recipe
    assert recipe.options["init"] == "start.png"
    assert recipe.init is not None
    assert recipe.init.sha256 == load_picture(file).sha256
    assert starts["noise"].recipe.init is None


def test_a_start_that_is_not_there_is_told_before_the_work(draw: Any) -> None:
    with pytest.raises(ImageError, match="nowhere.png does not exist"):
        impasto.prepare(draw(), init="nowhere.png")


def test_a_start_that_is_gone_after_the_work_costs_nothing(draw: Any, tmp_path: Path) -> None:
    file = save_picture(tmp_path / "start.png", draw())
    digest = load_picture(file).sha256
    result = impasto.stylize(
        draw(), draw(number=3), init=str(file), progress=lambda _: file.unlink(True), **QUICK
    )
    assert result.recipe.init is not None
    assert result.recipe.init.sha256 == digest


def test_luminance_keeps_the_contents_chroma(draw: Any) -> None:
    content = 0.5 + 0.25 * (draw() - 0.5)
    result = impasto.stylize(content, draw(number=3), preserve_color="luminance", **QUICK).image
    luma = result @ LUMA
    kept, wanted = result - luma[..., None], content - (content @ LUMA)[..., None]
    # where luma is extreme, chroma is reduced to fit; elsewhere it is the content's
    assert (np.abs(kept) <= np.abs(wanted) + 1e-5).all()
    middle = (luma > 0.2) & (luma < 0.8)
    assert middle.mean() > 0.5
    assert np.allclose(kept[middle], wanted[middle], atol=1e-5)
    assert np.abs(luma - content @ LUMA).max() > 0.01


def test_statistics_bring_the_contents_mean(draw: Any) -> None:
    content, style = draw(), 0.3 * draw(number=3) * np.array([0, 1, 2], np.float32)
    means = [
        impasto.stylize(
            content, style, preserve_color=mode, content_weight=0, tv_weight=0, steps=15
        ).image.mean((0, 1))
        for mode in ("none", "statistics")
    ]
    plain, matched = (np.abs(mean - content.mean((0, 1))).max() for mean in means)
    assert matched < 0.06
    assert plain > 2 * matched


def test_alpha_is_kept(draw: Any, tmp_path: Path) -> None:
    alpha = np.tile(np.linspace(0, 1, 64, dtype=np.float32), (48, 1))
    content = np.dstack([draw(), alpha])
    result = impasto.stylize(content, draw(number=3), **QUICK)
    assert result.alpha is not None
    assert np.array_equal(result.alpha, alpha)
    saved = load_picture(impasto.save(tmp_path / "out.png", result))
    assert saved.alpha is not None
    assert np.abs(saved.alpha - alpha).max() <= 0.5 / 255 + 1e-6
    smaller = impasto.stylize(content, draw(number=3), size=32, **QUICK)
    assert smaller.alpha is not None
    assert smaller.alpha.shape == smaller.image.shape[:2] == (24, 32)


def test_arrays_of_all_kinds_are_taken_and_not_changed(draw: Any) -> None:
    bytes_ = np.rint(255 * draw()).astype(np.uint8)
    kinds = [bytes_, bytes_[..., 0], draw().astype(np.float64), np.asfortranarray(draw())]
    for content in kinds:
        content.flags.writeable = False
        before = content.copy()
        result = impasto.stylize(content, content, **QUICK)
        result.image[:] = 0
        assert np.array_equal(content, before)


def test_a_stylizer_takes_one_content_after_another(draw: Any) -> None:
    stylizer = impasto.prepare(draw(number=3), **QUICK)
    first = stylizer(draw())
    assert stylizer(draw(40, 30)).shape == (40, 30, 3)
    assert np.array_equal(stylizer(draw()), first)
    assert np.array_equal(first, impasto.stylize(draw(), draw(number=3), **QUICK).image)
    content = np.rint(255 * draw()).astype(np.uint8)
    assert np.abs(stylizer(content) - first).mean() < 0.05
    content = draw()
    content.flags.writeable = False
    stylizer(content)[:] = 0
    assert np.array_equal(content, draw())


@pytest.mark.parametrize("wrong", [np.zeros((48, 64)), np.full((48, 64, 3), 7.0), "photo.png"])
@pytest.mark.parametrize("method", METHODS)
def test_a_stylizer_checks_its_content(draw: Any, wrong: Any, method: dict[str, Any]) -> None:
    for strength in (0, 1):
        with pytest.raises(ImageError, match="the content"):
            impasto.prepare(draw(), strength=strength, **method)(wrong)


def test_unknown_keywords_are_told_with_the_nearest(draw: Any) -> None:
    for call in (impasto.stylize, impasto.prepare):
        arguments = (draw(), draw()) if call is impasto.stylize else (draw(),)
        with pytest.raises(OptionError, match="did you mean strength?"):
            call(*arguments, strenght=0.5)  # type: ignore[operator]


def test_a_layer_that_the_network_lacks(draw: Any) -> None:
    with pytest.raises(OptionError, match="the backbone has no layer relu5_4"):
        impasto.prepare(draw(), style_layers="relu5_4")


@pytest.mark.skipif(available_memory() is None, reason="free memory is not known here")
def test_too_little_memory_is_told_before_the_work(draw: Any) -> None:
    with pytest.raises(OptionError, match=r"needs about .* GB .*: use --size \d+"):
        impasto.stylize(draw(), draw(number=3), size=18000, device="cpu", steps=1)


def test_preset_in_the_recipe(draw: Any) -> None:
    recipe = impasto.stylize(draw(), draw(number=3), preset="sharper", steps=1).recipe
    assert recipe.options["preset"] == "sharper"
    assert recipe.options["tv_weight"] == 0
    assert recipe.options["steps"] == 1


def test_equal_pictures_need_nothing(draw: Any) -> None:
    still = {"tv_weight": 0.0, "range_weight": 0.0}
    assert losses_of(draw(), draw(), style_losses="gram", **still) == [0.0] * 4
    # matches are exact but for rounding, and what leads away from there is undone
    assert losses_of(draw(), draw(), **still)[0] < 1e-6
    result = impasto.stylize(draw(), draw(), **QUICK, **still)
    assert np.abs(result.image - draw()).max() < 0.01
