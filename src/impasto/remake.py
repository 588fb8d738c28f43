"""From a finished picture's recipe to all that it was made of, found again."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from impasto.errors import RecipeError
from impasto.images import load_picture, read_recipe
from impasto.job import Setup
from impasto.masks import Guides, MaskSource
from impasto.methods.quality import METHODS, Options
from impasto.methods.realtime.memory import LEAST_TILE
from impasto.methods.realtime.model import CELL
from impasto.options import declarations, unknown_option
from impasto.recipe import Ingredient, MaskIngredient, Recipe, find_ingredient
from impasto.styles import find_network, named


@dataclass(frozen=True, eq=False)
class Remade:
    """Hold what a recipe says how a picture was made, its inputs found again."""

    recipe: Recipe
    content: Path
    setup: Setup

    @classmethod
    def of(
        cls, path: str | os.PathLike[str], folders: Sequence[str | os.PathLike[str]] = ()
    ) -> Remade:
        """Read the recipe of a picture and find its inputs; see `again`.

        Raises:
            RecipeError: there is no recipe, or an input is not found or has changed.
        """
        recipe = Recipe.from_dict(read_recipe(path))
        if recipe.method not in METHODS:
            known = ", ".join(METHODS)
            raise RecipeError(f"recipe of method {recipe.method!r}; this version knows {known}")
        places = [Path(f) for f in folders] + [Path(path).resolve().parent, Path.cwd()]
        content, given = find_ingredient(recipe.content, places), dict(recipe.options)
        if recipe.init is not None:
            given["init"] = str(find_ingredient(recipe.init, places))
        if given.get("network"):
            known = str(recipe.made_with.get("weights_sha256"))
            given["network"] = str(find_network(str(given["network"]), known, places))
        where = recipe.strength_map
        guides = Guides.load(
            [_mask(mask, places) for mask in recipe.masks],
            None if where is None else find_ingredient(where, places),
            recipe.feather,
            recipe.faces,
            lambda: load_picture(content),
        )
        setup = Setup.open(
            [
                named(style, places) if style.kind == "style" else find_ingredient(style, places)
                for style in recipe.styles
            ],
            [style.blend for style in recipe.styles if style.blend is not None],
            _options(METHODS[recipe.method], given),
            guides,
        )
        return cls(recipe, content, setup)

    @property
    def stop_after(self) -> int | None:
        """Return the step at which it was stopped, None if it was not."""
        return self.recipe.steps if self.recipe.stopped else None

    @property
    def tile(self) -> int | None:
        """Return the side of the tiles it was painted in on the disk, None if it was not."""
        found = self.recipe.made_with.get("tile")
        return found // CELL * CELL if isinstance(found, int) and found >= LEAST_TILE else None


def _mask(mask: MaskIngredient, places: Sequence[Path]) -> MaskSource:
    if isinstance(mask, Ingredient):
        return mask.name if mask.kind == "auto" else find_ingredient(mask, places)
    content, style = mask
    return find_ingredient(content, places), find_ingredient(style, places)


def _options(kind: type[Options], given: Mapping[str, Any]) -> Options:
    for name in given:
        if name not in declarations(kind):
            raise unknown_option(name, kind)
    return kind(**given)
