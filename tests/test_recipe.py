"""Recipes: out and in again, damaged ones, and the search for inputs."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impasto.errors import RecipeError
from impasto.images import load_picture, save_picture
from impasto.recipe import Ingredient, Recipe, find_ingredient

RECIPE = Recipe(
    method="optimize",
    options={"steps": 3, "strength": 0.1},
    content=Ingredient("a.png", "1f"),
    styles=(Ingredient("b.png", "2f", 0.25), Ingredient("c.png", "3f", 0.75)),
    made_with={"impasto": "0.1.0"},
    steps=2,
    stopped=True,
    init=Ingredient("d.png", "4f"),
    output={"suffix": ".png"},
)


def test_a_recipe_survives_json() -> None:
    text = RECIPE.to_json()
    found = Recipe.from_dict(json.loads(text))
    assert found == RECIPE
    assert found.to_json() == text


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4,
)


@given(st.sampled_from(sorted(RECIPE.as_dict())), json_values)
def test_a_damaged_recipe_is_refused_or_makes_sense(key: str, value: Any) -> None:
    plain = copy.deepcopy(RECIPE.as_dict())
    plain[key] = value
    try:
        recipe = Recipe.from_dict(plain)
    except RecipeError:
        return
    json.loads(recipe.to_json())


# of which older recipes have none
OPTIONAL = {"init", "masks", "strength_map", "feather", "faces", "digital_source_type"}


@pytest.mark.parametrize("key", sorted(set(RECIPE.as_dict()) - OPTIONAL))
def test_an_incomplete_recipe_is_refused(key: str) -> None:
    plain = RECIPE.as_dict()
    del plain[key]
    with pytest.raises(RecipeError, match="format|damaged"):
        Recipe.from_dict(plain)


def test_a_recipe_of_another_format_is_refused() -> None:
    with pytest.raises(RecipeError, match="format 2; this version reads format 1"):
        Recipe.from_dict(RECIPE.as_dict() | {"impasto_recipe": 2})


def test_a_name_does_not_lead_out_of_its_folder() -> None:
    for name in ("../../secret.png", "/etc/secret.png", "./secret.png"):
        found = Ingredient.from_dict({"name": name, "sha256": ""})
        assert found.name == "secret.png"


def test_inputs_are_found_by_hash(tmp_path: Path, draw: Any) -> None:
    folders = [tmp_path / name for name in ("empty", "damaged", "other", "right")]
    for folder in folders:
        folder.mkdir()
    (tmp_path / "damaged" / "a.png").write_bytes(b"no picture")
    save_picture(tmp_path / "other" / "a.png", draw(number=1))
    right = save_picture(tmp_path / "right" / "a.png", draw())
    wanted = Ingredient.of(load_picture(right))
    path = find_ingredient(wanted, folders)
    assert path == right
    for some in (folders[:2], folders[:3]):
        with pytest.raises(RecipeError, match=r"a.png has changed since; looked in .*--from"):
            find_ingredient(wanted, some)
    with pytest.raises(RecipeError, match=r"a.png is not there"):
        find_ingredient(wanted, folders[:1])
