"""What a manifest says, made of a recipe: actions, ingredients, the recipe itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from impasto import __version__

RECIPE = "art.impasto.recipe"
PARENT = "content"
_IMPASTO = {"name": "Impasto", "version": __version__}
# which is a change of colours, and which one of what is seen
_ACTIONS = {"photoreal": "c2pa.adjustedColor"}
_PAINTED = "c2pa.filtered"


def manifest_of(recipe: Mapping[str, Any], unsigned: str, *, parent_apart: bool) -> dict[str, Any]:
    """Return a manifest as the library takes it.

    `unsigned` is the SHA-256 of the file without it. With `parent_apart` the content is added by
    its file, as it has a manifest of its own.
    """
    inputs = list(_inputs(recipe))
    opened = {"action": "c2pa.opened", "parameters": {"ingredientIds": [PARENT]}}
    made = {
        "action": _ACTIONS.get(recipe["method"], _PAINTED),
        "softwareAgent": _IMPASTO,
        "digitalSourceType": recipe["digital_source_type"],
        "description": f"painted by Impasto's method {recipe['method']}",
        "parameters": {"ingredientIds": [part["label"] for part in inputs]},
    }
    ingredients = inputs if parent_apart else [parent_of(recipe), *inputs]
    return {
        "claim_generator_info": [_IMPASTO],
        "ingredients": ingredients,
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": [opened, made]}},
            {
                "label": RECIPE,
                "data": {"recipe": dict(recipe), "unsigned_sha256": unsigned},
                "created": True,
            },
        ],
    }


def parent_of(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the manifest says of the content."""
    return _ingredient(recipe["content"], PARENT, "parentOf")


def _inputs(recipe: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what the manifest says of all that the result was made with."""
    found = [("style", style) for style in recipe["styles"]]
    for mask in recipe.get("masks", ()):
        # a pair is of the content's and the style's
        found += [("mask", part) for part in (mask if isinstance(mask, list) else [mask])]
    found += [(name, recipe[name]) for name in ("init", "strength_map") if recipe.get(name)]
    return [
        _ingredient(part, f"{role}-{number}", "inputTo")
        for number, (role, part) in enumerate(found, 1)
    ]


def _ingredient(part: Mapping[str, Any], label: str, relationship: str) -> dict[str, Any]:
    described: dict[str, Any] = {
        "title": part["name"] or "a stream",
        "relationship": relationship,
        "label": label,
    }
    if part["sha256"]:
        described["metadata"] = {"art.impasto.sha256": part["sha256"]}
    return described
