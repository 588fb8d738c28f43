"""The stylizer: strength, colours, styles and contents of all kinds."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from impasto.errors import ImageError, OptionError
from impasto.methods.realtime import memory
from impasto.methods.realtime.codes import StyleCode
from impasto.methods.realtime.colors import color_code, color_statistics
from impasto.methods.realtime.encoding import encode_style
from impasto.methods.realtime.engines import Engine
from impasto.methods.realtime.model import COLOR
from impasto.methods.realtime.options import RealtimeOptions
from impasto.methods.realtime.stylizer import prepare
from tests.drawings import draw as draw_style

Array = NDArray[np.float32]
LUMA = np.array([0.299, 0.587, 0.114], np.float32)
LEVEL = 1 / 255
TORCH: dict[str, Any] = {"engine": "torch", "precision": "float32", "threads": 1}


def distance(one: Array, two: Array) -> float:
    return float(np.abs(one - two).mean())


def test_every_preset_paints(styled: Any, scene: Array, codes: Any) -> None:
    assert len(codes) >= 22
    for name in codes:
        painted = styled(name)(scene)
        assert painted.shape == scene.shape, name
        assert painted.dtype == np.float32, name
        assert np.isfinite(painted).all(), name
        assert 0 <= painted.min() < painted.max() <= 1, name
        assert painted.std() > 0.02, name
        assert distance(painted, scene) > 2 * LEVEL, name


def test_strength_0_is_the_content(styled: Any, scene: Array) -> None:
    stylizer = styled("ink", strength=0)
    painted = stylizer(scene)
    assert np.array_equal(painted, scene)
    assert painted is not scene
    assert list(stylizer.iterate(scene)) == []


@pytest.mark.parametrize("name", ["batik", "halftone", "ink", "watercolor"])
def test_strength(styled: Any, scene: Array, name: str) -> None:
    painted = {s: styled(name, strength=s)(scene) for s in (1e-9, 0.02, 0.1, 0.4, 0.7, 1.0)}
    distances = [distance(p, scene) for p in painted.values()]
    assert distances[0] < 1e-6
    assert distances[1] < 2 * LEVEL
    assert distances == sorted(distances)
    assert np.array_equal(painted[1.0], styled(name)(scene))


def test_strength_knows_no_jumps(styled: Any, scene: Array) -> None:
    for low, high in ((0.249, 0.251), (0.998, 1.0)):
        one, two = (styled("batik", strength=s)(scene) for s in (low, high))
        assert distance(one, two) < 2 * LEVEL


def test_the_only_step_is_the_result(styled: Any, scene: Array) -> None:
    stylizer = styled("ink")
    (step,) = stylizer.iterate(scene)
    assert (step.number, step.total, step.done, step.loss) == (1, 1, 1.0, 0)
    assert (step.height, step.width) == scene.shape[:2]
    assert np.array_equal(step.image(), stylizer(scene))


def test_the_same_call_gives_the_same_bytes(draw: Any, scene: Array) -> None:
    for engine in ("openvino", "torch"):
        options = RealtimeOptions(engine=engine, precision="float32", threads=1)
        results = [prepare([draw(64, 80, 3)], (1.0,), options)(scene).tobytes() for _ in range(2)]
        stylizer = prepare([draw(64, 80, 3)], (1.0,), options)
        results += [stylizer(scene).tobytes() for _ in range(2)]
        assert len(set(results)) == 1


def test_the_content_is_left_as_it_is(styled: Any, scene: Array) -> None:
    kept = scene.copy()
    kept.flags.writeable = False
    for options in ({}, {"strength": 0.1}, {"strength": 0}, {"preserve_color": "luminance"}):
        painted = styled("ink", **options)(kept)
        assert not np.shares_memory(painted, kept)
        painted[:] = 0
    assert np.array_equal(kept, scene)


def test_luminance_keeps_the_contents_chroma(styled: Any, scene: Array) -> None:
    content = 0.5 + 0.25 * (scene - 0.5)
    painted = styled("ink", preserve_color="luminance")(content)
    plain = styled("ink")(content)
    luma = painted @ LUMA
    assert np.allclose(luma, plain @ LUMA, atol=1e-4)
    kept, wanted = painted - luma[..., None], content - (content @ LUMA)[..., None]
    middle = (luma > 0.25) & (luma < 0.75)
    assert middle.mean() > 0.2
    assert np.allclose(kept[middle], wanted[middle], atol=1e-5)
    # where luma is extreme, chroma is reduced to fit
    assert (np.abs(kept) <= np.abs(wanted) + 1e-5).all()


@pytest.mark.parametrize("name", ["great-wave", "the-scream"])
def test_statistics_bring_the_contents_colours(styled: Any, codes: Any, name: str) -> None:
    content = draw_style("seigaiha", size=96) * np.array([0.3, 0.8, 1], np.float32)
    wanted = color_statistics(content)[0]
    plain, kept = (styled(name, preserve_color=c)(content) for c in ("none", "statistics"))
    errors = [np.abs(color_statistics(p)[0] - wanted).max() for p in (plain, kept)]
    assert errors[1] < 0.1
    assert errors[1] < errors[0]
    vector = np.concatenate([codes[name].vector[:-COLOR], color_code(content)])
    assert np.array_equal(styled(StyleCode("x", vector))(content), kept)


def test_sizes(styled: Any, draw: Any, fitted: Any) -> None:
    shape, size, expected = fitted
    for options in ({}, {"strength": 0.5}, {"strength": 0}, {"local": 0.3}):
        painted = styled("ink", size=size, **options)(draw(*shape))
        assert painted.shape == (*expected, 3)
        assert np.isfinite(painted).all()
        assert 0 <= painted.min() <= painted.max() <= 1


def test_a_content_that_is_too_small_is_told(styled: Any, draw: Any) -> None:
    for strength in (0, 1):
        with pytest.raises(ImageError, match="every side needs at least 16 px"):
            styled("ink", size=16, strength=strength)(draw(20, 80))
        with pytest.raises(ImageError, match="every side needs at least 16 px"):
            styled("ink", strength=strength)(draw(15, 80))


def test_a_content_that_is_too_large_is_told(styled: Any, draw: Any) -> None:
    for strength in (0, 1):
        with pytest.raises(ImageError, match="over the limit"):
            styled("ink", size=10**7, strength=strength)(draw(20, 80))


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("options", [{}, {"strength": 0.5}, {"preserve_color": "statistics"},
                                     {"local": 0.5}])  # fmt: skip
def test_flat_contents_are_finite(styled: Any, value: float, options: Any) -> None:
    painted = styled("ink", **options)(np.full((32, 40, 3), value, np.float32))
    assert np.isfinite(painted).all()
    assert 0 <= painted.min() <= painted.max() <= 1


def test_a_grey_content_is_painted(styled: Any, scene: Array) -> None:
    grey = np.repeat((scene @ LUMA)[..., None], 3, 2)
    painted = styled("ink")(grey)
    assert np.isfinite(painted).all()
    # its noise is not blown up into colours
    kept = styled("ink", preserve_color="statistics")(grey)
    assert np.abs(kept - kept.mean(2, keepdims=True)).mean() < 3 * LEVEL


STYLES = {
    "tiny": draw_style("halftone", size=16)[:8, :8],
    "one pixel": np.full((1, 1, 3), 0.3, np.float32),
    "sliver": draw_style("halftone", size=400)[:16],
    "flat": np.full((64, 64, 3), (0.9, 0.2, 0.1), np.float32),
    "black": np.zeros((64, 64, 3), np.float32),
}


@pytest.mark.parametrize("kind", STYLES)
@pytest.mark.parametrize("scale", [0.1, 1.0, 4.0])
def test_styles_of_any_shape_and_scale(scene: Array, kind: str, scale: float) -> None:
    options = RealtimeOptions(style_scale=scale, **TORCH)
    stylizer = prepare([STYLES[kind]], (1.0,), options)
    assert np.isfinite(stylizer.codes[0].vector).all()
    painted = stylizer(scene[:48, :64])
    assert np.isfinite(painted).all()
    if kind in ("flat", "black"):
        # the style's only colour is all that there is
        assert np.allclose(painted, STYLES[kind][0, 0], atol=1e-4)


def test_style_scale_changes_what_is_painted(engine: Engine, styled: Any, scene: Array) -> None:
    style = draw_style("mosaic", size=240)
    vectors = [encode_style(engine, style, scale) for scale in (0.5, 1.0, 2.0)]
    painted = [styled(StyleCode("x", vector))(scene) for vector in vectors]
    for i, j in ((0, 1), (1, 2), (0, 2)):
        assert distance(painted[i], painted[j]) > LEVEL
        # but not the colours
        assert np.array_equal(vectors[i][-COLOR:], vectors[j][-COLOR:])


def test_style_scale_is_continuous(engine: Engine) -> None:
    style = draw_style("mosaic", size=240)
    one, two = (encode_style(engine, style, scale) for scale in (1.0, 1.005))
    assert np.abs(one - two).mean() < 0.3 * np.abs(one).mean()


def test_a_blend_of_a_style_with_itself(styled: Any, scene: Array) -> None:
    alone = styled("ink")(scene)
    assert np.abs(styled("ink", "ink", blend=(0.3, 0.7))(scene) - alone).max() < LEVEL
    assert np.array_equal(styled("ink", "batik", blend=(1.0, 0.0))(scene), alone)
    other = styled("batik")(scene)
    both = styled("ink", "batik")(scene)
    assert distance(both, alone) > LEVEL
    assert distance(both, other) > LEVEL


def test_what_it_was_made_with(styled: Any, model: Any) -> None:
    made = styled("ink").made_with()
    assert made["engine"] == "torch"
    assert made["torch"] == version("torch")
    assert made["weights_sha256"] == model.sha256
    stylizer = prepare([np.ones((64, 64, 3), np.float32)], (1.0,), RealtimeOptions(device="cpu"))
    made = stylizer.made_with()
    assert made["openvino"] == version("openvino")


def test_masks_need_a_style_each(scene: Array, codes: Any) -> None:
    with pytest.raises(OptionError, match="1 masks for 2 styles"):
        prepare([codes["ink"], codes["batik"]], (0.5, 0.5), RealtimeOptions(), [scene.mean(2)])


def test_too_little_memory_is_told_before_the_work(
    styled: Any, scene: Array, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "available_memory", lambda: 100_000)
    with pytest.raises(OptionError, match=r"needs about \d+ MB .*: close other programs"):
        styled("ink")(scene)


def test_a_sliver_of_a_style_is_looked_at_in_its_middle(styled: Any) -> None:
    sliver = np.random.default_rng(0).random((16, 20_000, 3), np.float32)
    engine = styled("ink").engine
    middle = sliver[:, 10_000 - 128 : 10_000 + 128]
    assert np.array_equal(encode_style(engine, sliver), encode_style(engine, middle))
