"""What is written of a result: its format, and what it tells of how it was made."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path

from impasto.errors import ImageError
from impasto.images import Opened, check_target, encode_picture
from impasto.images.files import write_file
from impasto.images.pack import is_streamed
from impasto.images.save import DEEP, format_of
from impasto.job import Stylized
from impasto.provenance import ProvenanceOptions, Seal, check_identity
from impasto.recipe import Recipe


@dataclass(frozen=True)
class Output:
    """Say what is written: `depth` in bits a sample, `quality` of JPEG 1..100, a pyramid or not.

    `provenance` says what the file tells of how it was made, and who signs that.
    """

    path: Path
    depth: int = 8
    quality: int = 92
    deepzoom: bool = False
    provenance: ProvenanceOptions = field(default_factory=ProvenanceOptions)

    @classmethod
    def of(
        cls,
        path: str | os.PathLike[str],
        opened: Opened,
        depth: int | None = None,
        quality: int = 92,
        *,
        deepzoom: bool = False,
        provenance: ProvenanceOptions | None = None,
    ) -> Output:
        """Return what is written of a content: without `depth`, as deep as it and the format are.

        Raises:
            ImageError: nothing can be written there, or not so.
            ProvenanceError: a certificate is named that cannot sign.
        """
        if deepzoom and not is_streamed(path):
            raise ImageError(f"{path}: deepzoom goes with .tif, .png or .jpg: name it so")
        if depth is None:
            depth = 16 if opened.deep and format_of(path) in DEEP else 8
        check_target(path, depth, quality)
        provenance = provenance or ProvenanceOptions()
        check_identity(provenance)
        return cls(Path(path), depth, quality, deepzoom, provenance)

    def write(self, result: Stylized) -> Path:
        """Write a result that is in memory."""
        recipe = self.recorded(result.recipe)
        data = encode_picture(
            self.path,
            result.image,
            alpha=result.alpha,
            recipe=self.told(recipe),
            depth=self.depth,
            quality=self.quality,
        )
        if self.provenance.signs:
            seal = Seal(self.provenance, recipe.as_dict(), result.signed)
            data = seal.sealed(data, os.fspath(self.path))
        return write_file(self.path, data)

    def told(self, recipe: Recipe) -> str | None:
        """Return the recipe as the file has it, if it is to have one."""
        return None if self.provenance.strip_metadata else recipe.to_json()

    @property
    def pyramid(self) -> Path:
        """Return where the pyramid's description is written; beside it stands its folder."""
        return self.path.with_suffix(".dzi")

    def recorded(self, recipe: Recipe) -> Recipe:
        """Return a recipe that tells of it: the one in the file."""
        suffix = self.path.suffix.lower()
        output = {"suffix": suffix, "depth": self.depth, "quality": self.quality}
        return replace(recipe, output=output)
