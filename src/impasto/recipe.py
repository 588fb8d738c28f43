"""The recipe: what made a picture, stored in its metadata, enough to make it again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from impasto.errors import RecipeError
from impasto.images import Picture

FORMAT = 1

_SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
# The IPTC's words for where pictures come from. A photo whose colours a formula has changed is one
# "algorithmically altered"; what networks that learned from pictures have painted over it is
# "edited using generative AI", as they make up strokes that neither picture has.
_SOURCE_TYPE = {"photoreal": "algorithmicallyEnhanced"}
_PAINTED = "compositeWithTrainedAlgorithmicMedia"


@dataclass(frozen=True)
class Ingredient:
    """Name one input: its file name without folder, for privacy, and the hash of its bytes.

    `kind` is "picture", "style", a style's code that goes by its name, or "auto", regions that are
    found anew.
    """

    name: str
    sha256: str
    blend: float | None = None
    kind: str = "picture"

    @classmethod
    def of(cls, picture: Picture, blend: float | None = None) -> Ingredient:
        """Return the ingredient that a picture is."""
        return cls(picture.name, picture.sha256, blend)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, without an empty blend."""
        plain: dict[str, Any] = {"name": self.name, "sha256": self.sha256}
        if self.kind != "picture":
            plain["kind"] = self.kind
        return plain if self.blend is None else plain | {"blend": self.blend}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Ingredient:
        """Read what `as_dict` returned; a name never leads out of the folder it is looked for."""
        blend = plain.get("blend")
        name = Path(str(plain["name"])).name
        return cls(
            name,
            str(plain["sha256"]),
            None if blend is None else float(blend),
            str(plain.get("kind", "picture")),
        )


MaskIngredient = Ingredient | tuple[Ingredient, Ingredient]


@dataclass(frozen=True)
class Recipe:
    """Tell how a picture was made.

    `steps` is how many steps were taken, of `options["steps"]` wanted; `stopped` says that
    somebody stopped there. `masks` say where each style goes, or as pairs which region of it goes
    to which of the content; `feather` how soft their borders are, `strength_map` and `faces` how
    strongly.
    `made_with` has versions, device, threads and the weights' hash; `output` the settings of
    the file.
    """

    method: str
    options: Mapping[str, Any]
    content: Ingredient
    styles: Sequence[Ingredient]
    made_with: Mapping[str, Any]
    steps: int = 0
    stopped: bool = False
    init: Ingredient | None = None
    masks: Sequence[MaskIngredient] = ()
    strength_map: Ingredient | None = None
    feather: float = 0.0
    faces: float = 1.0
    output: Mapping[str, Any] = field(default_factory=dict)

    @property
    def digital_source_type(self) -> str:
        """Return the IPTC's term, an address, for pictures that are made so."""
        return _SOURCE_TYPES + _SOURCE_TYPE.get(self.method, _PAINTED)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values as JSON keeps them."""
        return {
            "impasto_recipe": FORMAT,
            "method": self.method,
            "digital_source_type": self.digital_source_type,
            "options": dict(self.options),
            "content": self.content.as_dict(),
            "styles": [style.as_dict() for style in self.styles],
            "init": self.init.as_dict() if self.init else None,
            "masks": [_plain(mask) for mask in self.masks],
            "feather": self.feather,
            "faces": self.faces,
            "strength_map": self.strength_map.as_dict() if self.strength_map else None,
            "steps": self.steps,
            "stopped": self.stopped,
            "made_with": dict(self.made_with),
            "output": dict(self.output),
        }

    def to_json(self) -> str:
        """Return the same text for the same recipe."""
        return json.dumps(self.as_dict(), sort_keys=True, ensure_ascii=False)

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Recipe:
        """Read what `as_dict` returned.

        Raises:
            RecipeError: it is of another format, or incomplete.
        """
        if plain.get("impasto_recipe") != FORMAT:
            found = plain.get("impasto_recipe")
            raise RecipeError(f"recipe of format {found!r}; this version reads format {FORMAT}")
        try:
            return cls(
                method=str(plain["method"]),
                options=_table(plain["options"]),
                content=Ingredient.from_dict(plain["content"]),
                styles=tuple(Ingredient.from_dict(style) for style in plain["styles"]),
                made_with=_table(plain["made_with"]),
                steps=int(plain["steps"]),
                stopped=bool(plain["stopped"]),
                init=_optional(plain.get("init")),
                masks=tuple(_mask(mask) for mask in plain.get("masks", ())),
                feather=float(plain.get("feather", 0)),
                faces=float(plain.get("faces", 1)),
                strength_map=_optional(plain.get("strength_map")),
                output=_table(plain["output"]),
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise RecipeError(f"the recipe is damaged: {error!r}") from None


def _table(plain: Any) -> dict[str, Any]:
    """Return a table as JSON has it: names and values."""
    if not isinstance(plain, Mapping) or not all(isinstance(name, str) for name in plain):
        raise TypeError(f"{plain!r} is no table")
    return dict(plain)


def _plain(mask: MaskIngredient) -> Any:
    return mask.as_dict() if isinstance(mask, Ingredient) else [part.as_dict() for part in mask]


def _mask(plain: Any) -> MaskIngredient:
    if isinstance(plain, Mapping):
        return Ingredient.from_dict(plain)
    content, style = plain
    return Ingredient.from_dict(content), Ingredient.from_dict(style)


def _optional(plain: Mapping[str, Any] | None) -> Ingredient | None:
    return Ingredient.from_dict(plain) if plain else None


def find_ingredient(ingredient: Ingredient, folders: Sequence[Path]) -> Path:
    """Return the file of this name and hash from the first folder that has it.

    Raises:
        RecipeError: no folder has it, or only another picture of the same name.
    """
    changed = False
    for folder in folders:
        path = folder / ingredient.name
        if path.is_file():
            changed = True
            with suppress(OSError):  # what may not be read is only another one
                if file_sha256(path) == ingredient.sha256:
                    return path
    why = "has changed since" if changed else "is not there"
    looked = ", ".join(str(folder) for folder in folders)
    raise RecipeError(f"{ingredient.name} {why}; looked in {looked}: name its folder with --from")


def file_sha256(path: Path) -> str:
    """Return the hash of a file's bytes."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
