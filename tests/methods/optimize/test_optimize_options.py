"""The optimiser's options: limits, presets, layers."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impasto.errors import ImpastoError, OptionError
from impasto.methods.optimize import PRESETS, OptimizeOptions, resolve
from impasto.methods.optimize.options import layer_weights
from impasto.options import as_recipe, declarations

FIELDS = declarations(OptimizeOptions)
NUMBERS = [n for n, (f, _) in FIELDS.items() if str(f.type).startswith(("int", "float"))]


def test_every_field_is_declared() -> None:
    assert [field.name for field in dataclasses.fields(OptimizeOptions)] == list(FIELDS)
    assert all(declared.help.endswith(".") for _, declared in FIELDS.values())


@pytest.mark.parametrize("name", FIELDS)
def test_a_wrong_type_is_told(name: str) -> None:
    for wrong in (object(), [1], {}, True, b"1"):
        with pytest.raises(OptionError, match=name):
            OptimizeOptions(**{name: wrong})
    if FIELDS[name][0].default is None:
        assert getattr(OptimizeOptions(**{name: None}), name) is None
    else:
        with pytest.raises(OptionError, match=f"{name} is None: expected a"):
            OptimizeOptions(**{name: None})


@pytest.mark.parametrize("name", NUMBERS)
def test_limits(name: str) -> None:
    field, declared = FIELDS[name]
    wrong: list[Any] = ["1", math.nan, math.inf, -math.inf]
    assert declared.low is not None
    wrong.append(declared.low - 1)
    wrong += [] if declared.high is None else [declared.high * 2 + 1, 10**400]
    other = {"optimizer": "adam"} if name == "learning_rate" else {}
    for value in wrong:
        with pytest.raises(OptionError, match=f"{name} is .*expected"):
            OptimizeOptions(**{name: value}, **other)
    OptimizeOptions(**{name: declared.low}, **other)
    if str(field.type).startswith("int"):
        with pytest.raises(OptionError, match="expected a whole number"):
            OptimizeOptions(**{name: declared.low + 0.5})


def test_a_number_of_any_length_is_a_seed() -> None:
    assert OptimizeOptions(seed=10**400).seed == 10**400


@pytest.mark.parametrize("name", [n for n, (_, d) in FIELDS.items() if d.choices])
def test_choices(name: str) -> None:
    choices = FIELDS[name][1].choices
    assert choices is not None
    for choice in choices:
        assert getattr(OptimizeOptions(**{name: choice}), name) == choice
    with pytest.raises(OptionError) as caught:
        OptimizeOptions(**{name: choices[0][:-1] + "_"})
    message = str(caught.value)
    assert f"did you mean {choices[0]}?" in message
    assert all(choice in message for choice in choices)


def test_an_unknown_option_names_the_nearest() -> None:
    with pytest.raises(OptionError, match="no option 'stile_weight': did you mean style_weight?"):
        resolve({"stile_weight": 1})
    with pytest.raises(OptionError, match="choose one of backbone, coarsest"):
        resolve({"xyzzy": 1})


def test_options_that_contradict_each_other() -> None:
    with pytest.raises(OptionError, match="lbfgs finds its own step"):
        OptimizeOptions(learning_rate=0.1)
    assert OptimizeOptions(learning_rate=0.1, optimizer="adam").learning_rate == 0.1
    nothing = {"content_weight": 0, "style_weight": 0, "tv_weight": 0, "range_weight": 0}
    with pytest.raises(OptionError, match="all weights are 0"):
        OptimizeOptions(**nothing)
    with pytest.raises(OptionError, match="all weights are 0"):
        OptimizeOptions(**nothing | {"style_weight": 1, "style_layers": "relu1_1=0"})
    for name in nothing:
        OptimizeOptions(**nothing | {name: 1})


@pytest.mark.parametrize("name", PRESETS)
def test_presets(name: str) -> None:
    why, knobs = PRESETS[name]
    assert why
    options = resolve({"preset": name})
    plain = dataclasses.asdict(OptimizeOptions()) | knobs | {"preset": name}
    assert dataclasses.asdict(options) == plain
    assert options != dataclasses.replace(OptimizeOptions(), preset=name)


def test_ones_own_options_win_over_a_preset() -> None:
    options = resolve({"preset": "sharper", "steps": 7})
    assert (options.steps, options.tv_weight) == (7, 0)
    # also where they are what the default is
    assert resolve({"preset": "sharper", "tv_weight": 0.5}).tv_weight == 0.5


@pytest.mark.parametrize("wrong", ["sharpest", "", 3])
def test_an_unknown_preset(wrong: object) -> None:
    with pytest.raises(OptionError, match="preset .*choose one of bolder"):
        resolve({"preset": wrong})


@pytest.mark.parametrize("preset", [None, *PRESETS])
def test_options_survive_a_recipe(preset: str | None) -> None:
    options = resolve({"preset": preset, "seed": 5, "size": 99})
    assert resolve(json.loads(json.dumps(as_recipe(options)))) == options


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("relu1_1", {"relu1_1": 1}),
        (" relu1_1 = 0.5 ,, conv2_1=2,", {"relu1_1": 0.5, "relu2_1": 2}),
        ("block4_conv2=0", {"relu4_2": 0}),
    ],
)
def test_layers(text: str, expected: dict[str, float]) -> None:
    assert layer_weights(text) == expected


@pytest.mark.parametrize(
    "text",
    ["relu9_9", "relu1_1=", "relu1_1=x", "relu1_1=-1", "relu1_1=nan", "relu1_1=inf", "=1",
     "relu1_1,conv1_1"],
)  # fmt: skip
def test_layers_that_cannot_be_read(text: str) -> None:
    with pytest.raises(OptionError):
        OptimizeOptions(style_layers=text)


@given(st.text(alphabet="relu123_=,. -x") | st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        weights = layer_weights(text)
    except ImpastoError:
        return
    assert all(weight >= 0 for weight in weights.values())
