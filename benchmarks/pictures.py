"""The pictures of a measurement: a folder with content/ and style/, or our own drawings."""

from __future__ import annotations

import os
from pathlib import Path

from impasto.drawn import DRAWINGS, draw
from impasto.images import fit, load
from impasto.methods.contract import Image

CONTENTS = ("tubingen", "golden_gate", "london-rain", "budapest-parliament")
STYLES = ("starry-night", "great-wave", "the-scream", "woman-with-hat-matisse")


def pairs(size: int, contents: int, styles: int) -> list[tuple[str, Image, Image]]:
    """Return (name, content, style) of so many contents times styles, longest side `size`.

    With the environment variable IMPASTO_PICTURES they come from its content/ and style/
    folders, else from scikit-image's samples and our drawings.
    """
    folder = os.environ.get("IMPASTO_PICTURES")
    if folder:
        photos = {name: load(Path(folder) / f"content/{name}.jpg") for name in CONTENTS[:contents]}
        arts = {name: load(Path(folder) / f"style/{name}.jpg") for name in STYLES[:styles]}
    else:
        from skimage import data

        samples = ("coffee", "chelsea", "astronaut", "rocket")[:contents]
        photos = {name: getattr(data, name)() / 255.0 for name in samples}
        arts = {name: draw(name, size=max(size, 512)) for name in DRAWINGS[:styles]}
    return [
        (f"{photo} {art}", fit(content.astype("float32"), size), fit(style, size))
        for photo, content in photos.items()
        for art, style in arts.items()
    ]
