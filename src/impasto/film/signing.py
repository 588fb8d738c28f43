"""Say in a film that is whole how it was made, and sign that."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from impasto.options import as_recipe
from impasto.provenance import CARRIES, Seal, mark_film
from impasto.recipe import Ingredient, file_sha256

if TYPE_CHECKING:
    from impasto.film.run import Film


def sign_film(film: Film, path: Path | None) -> None:
    """Mark the film that is painted; not a stream, a folder, or a format that carries nothing."""
    if path is None or path.is_dir() or path.suffix.lower() not in CARRIES:
        return
    if film.provenance.strip_metadata:
        return
    source = _source(film)
    mark_film(path, Seal(film.provenance, _recipe(film, source), source))


def _source(film: Film) -> Path | None:
    """Return the file that was painted, None for a stream or a folder."""
    named = isinstance(film.source, str | os.PathLike) and film.source != "-"
    path = Path(film.source) if named else None  # type: ignore[arg-type]
    return path if path is not None and path.is_file() else None


def _recipe(film: Film, source: Path | None) -> dict[str, Any]:
    """Return how the film was made, as of a picture, and what is a film's alone."""
    content = Ingredient("", "")
    if source is not None:
        content = Ingredient(source.name, file_sha256(source))
    part = {name: getattr(film.part, name) for name in ("start", "end", "fps")}
    own = {
        "part": {name: None if at is None else str(at) for name, at in part.items()},
        "size": film.size,
        "keyframes": film.keys is not None,
        **as_recipe(film.temporal),
        **as_recipe(film.written),
    }
    return film.setup.recipe(content, 0).as_dict() | {"film": own}
