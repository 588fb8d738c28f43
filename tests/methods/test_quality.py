"""Which options mean which method."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from impasto.errors import OptionError
from impasto.methods.optimize.options import OptimizeOptions
from impasto.methods.photoreal.options import PhotorealOptions
from impasto.methods.quality import QUALITIES, resolve
from impasto.methods.realtime.options import RealtimeOptions
from impasto.options import as_recipe, declarations

FAST = declarations(RealtimeOptions)
OPTIMIZE = declarations(OptimizeOptions)


def test_without_anything_it_is_the_network() -> None:
    assert resolve({}) == RealtimeOptions()
    assert resolve({"quality": "fast"}) == RealtimeOptions()
    assert resolve({"quality": None}) == RealtimeOptions()


@pytest.mark.parametrize("name", FAST)
def test_options_of_the_network_alone_mean_the_network(name: str) -> None:
    default = FAST[name][0].default
    assert resolve({name: default}) == RealtimeOptions()
    assert resolve({name: default, "quality": "fast"}) == RealtimeOptions()


@pytest.mark.parametrize("name", [name for name in OPTIMIZE if name not in FAST])
def test_an_option_that_only_the_optimiser_has_means_the_optimiser(name: str) -> None:
    default = OPTIMIZE[name][0].default
    assert resolve({name: default}) == OptimizeOptions()
    assert resolve({name: default, "strength": 0.5}) == OptimizeOptions(strength=0.5)
    with pytest.raises(OptionError, match=f"'{name}' is the optimiser's: use quality balanced"):
        resolve({name: default, "quality": "fast"})


@pytest.mark.parametrize("name", [name for name in FAST if name not in OPTIMIZE])
def test_an_option_that_only_the_network_has_is_refused_by_the_optimiser(name: str) -> None:
    default = FAST[name][0].default
    for more in ({"quality": "best"}, {"quality": "balanced"}, {"steps": 3}):
        with pytest.raises(OptionError, match=f"'{name}' is the real-time network's: use quality"):
            resolve({name: default, **more})


@pytest.mark.parametrize("name", ["balanced", "best"])
def test_a_quality_turns_the_optimisers_knobs(name: str) -> None:
    knobs = QUALITIES[name][1]
    assert knobs is not None
    assert resolve({"quality": name}) == OptimizeOptions(**knobs)
    assert knobs["init"] == "fast"
    # one's own options win
    assert resolve({"quality": name, "steps": 7, "init": "noise"}) == OptimizeOptions(
        **{**knobs, "steps": 7, "init": "noise"}
    )


def test_photoreal_by_name_or_by_its_own_option() -> None:
    assert resolve({"quality": "photoreal"}) == PhotorealOptions()
    assert resolve({"retouch": 0.5, "strength": 0.3}) == PhotorealOptions(strength=0.3, retouch=0.5)
    whose = "'retouch' is photoreal's: use quality photoreal"
    for other in ("fast", "balanced", "best"):
        with pytest.raises(OptionError, match=whose):
            resolve({"retouch": 0.5, "quality": other})
    for wrong in ({"steps": 3}, {"grain": 2}, {"preserve_color": "none"}):
        with pytest.raises(OptionError, match="use quality"):
            resolve({"quality": "photoreal", **wrong})
    with pytest.raises(OptionError, match="retouch"):
        resolve({"retouch": 2})


def test_the_qualities_are_in_order() -> None:
    assert list(QUALITIES) == ["fast", "balanced", "best", "photoreal"]
    balanced, best = resolve({"quality": "balanced"}), resolve({"quality": "best"})
    assert isinstance(balanced, OptimizeOptions)
    assert isinstance(best, OptimizeOptions)
    assert balanced.steps < best.steps == OptimizeOptions().steps
    assert all(why for why, _ in QUALITIES.values())


def test_a_preset_means_the_optimiser() -> None:
    sharper = resolve({"preset": "sharper"})
    assert isinstance(sharper, OptimizeOptions)
    assert (sharper.steps, sharper.tv_weight, sharper.init) == (450, 0, "content")
    best = resolve({"preset": "sharper", "quality": "best"})
    assert best == dataclasses.replace(sharper, init="fast")
    balanced = resolve({"preset": "sharper", "quality": "balanced"})
    assert isinstance(balanced, OptimizeOptions)
    assert (balanced.steps, balanced.init) == (450, "fast")


def test_unknown_names_are_told_with_the_nearest() -> None:
    with pytest.raises(OptionError, match="quality 'fst': did you mean fast?"):
        resolve({"quality": "fst"})
    with pytest.raises(OptionError, match="no option 'qualty': did you mean quality?"):
        resolve({"qualty": "fast"})
    with pytest.raises(OptionError, match="no option 'strenght': did you mean strength?"):
        resolve({"strenght": 1, "quality": "best"})
    with pytest.raises(OptionError, match="no option 'locl': did you mean local?"):
        resolve({"locl": 1})


def test_a_quality_that_is_no_name() -> None:
    with pytest.raises(OptionError, match="quality"):
        resolve({"quality": ["best"]})


@pytest.mark.parametrize("quality", [{}, {"quality": "best"}])
def test_limits_are_checked(quality: dict[str, Any]) -> None:
    for wrong in ({"strength": 2}, {"size": 3}, {"device": "tpu"}, {"threads": 0}):
        with pytest.raises(OptionError, match=next(iter(wrong))):
            resolve(wrong | quality)


@pytest.mark.parametrize("name", FAST)
def test_a_wrong_type_is_told(name: str) -> None:
    for wrong in (object(), [1], {}, True, b"1"):
        with pytest.raises(OptionError, match=name):
            RealtimeOptions(**{name: wrong})


def test_every_field_is_declared_and_survives_a_recipe() -> None:
    assert [field.name for field in dataclasses.fields(RealtimeOptions)] == list(FAST)
    assert all(declared.help.endswith(".") for _, declared in FAST.values())
    options = RealtimeOptions(strength=0.3, size=99, local=0.5, preserve_color="statistics")
    assert RealtimeOptions(**json.loads(json.dumps(as_recipe(options)))) == options


def test_the_best_of_vgg19_has_knobs_of_its_own() -> None:
    best = resolve({"quality": "best", "backbone": "vgg19"})
    assert isinstance(best, OptimizeOptions)
    assert best.content_layers == "relu4_1,relu5_1"
    assert (best.init, best.steps) == ("fast", 500)
    # a preset and one's own options win, and another quality has none
    own = resolve({"quality": "best", "backbone": "vgg19", "steps": 9})
    assert own == dataclasses.replace(best, steps=9)
    for more in (
        {"quality": "best", "preset": "gatys"},
        {"quality": "balanced"},
        {"preset": "gatys"},
    ):
        assert resolve({"backbone": "vgg19", **more}).content_layers is None
