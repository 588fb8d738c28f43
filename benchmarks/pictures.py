"""The pictures of a measurement: a folder with content/ and style/, or our own drawings.

    python -m benchmarks.pictures 3840 2160 photo.jpg

writes a photo of that size. One of 2**28 pixels or more is laid out of copies, as a TIFF in tiles.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np

from impasto.drawn import DRAWINGS, draw
from impasto.images import fit, load, resize, save_picture
from impasto.methods.contract import Image

CONTENTS = ("tubingen", "golden_gate", "london-rain", "budapest-parliament")
STYLES = ("starry-night", "great-wave", "the-scream", "woman-with-hat-matisse")


def pairs(size: int, contents: int, styles: int) -> list[tuple[str, Image, Image]]:
    """Return (name, content, style) of so many contents times styles, longest side `size`.

    With the environment variable IMPASTO_PICTURES they come from its content/ and style/
    folders, else from scikit-image's samples and our drawings.
    """
    photos = _photos(contents)
    folder = os.environ.get("IMPASTO_PICTURES")
    if folder:
        arts = {name: load(Path(folder) / f"style/{name}.jpg") for name in STYLES[:styles]}
    else:
        arts = {name: draw(name, size=max(size, 512)) for name in DRAWINGS[:styles]}
    return [
        (f"{photo} {art}", fit(content, size), fit(style, size))
        for photo, content in photos.items()
        for art, style in arts.items()
    ]


def _photos(count: int) -> dict[str, Image]:
    """Return so many contents by name."""
    folder = os.environ.get("IMPASTO_PICTURES")
    if folder:
        return {name: load(Path(folder) / f"content/{name}.jpg") for name in CONTENTS[:count]}
    from skimage import data

    samples = ("coffee", "chelsea", "astronaut", "rocket")[:count]
    return {name: np.asarray(getattr(data, name)() / 255.0, np.float32) for name in samples}


def photo(width: int, height: int) -> Image:
    """Return the first content, enlarged and cut to a size, with a camera's noise."""
    [content] = _photos(1).values()
    scale = max(width / content.shape[1], height / content.shape[0])
    content = resize(content, *(max(1, round(scale * side)) for side in content.shape[:2]))
    content = np.pad(content, ((0, height), (0, width), (0, 0)), mode="edge")[:height, :width]
    noise = np.random.default_rng(0).normal(0, 0.01, content.shape)
    return np.asarray((content + noise).clip(0, 1), np.float32)


def write_tiff(path: Path, width: int, height: int, part: int = 2048) -> None:
    """Write a TIFF of any size, of copies of a photo, without ever holding it."""
    import pyvips

    across, down = -(-width // part), -(-height // part)
    tile = pyvips.Image.new_from_array((photo(part, part) * 255).round().astype(np.uint8))
    whole = tile.replicate(across, down).crop(0, 0, width, height).copy(interpretation="srgb")
    jpeg = {"compression": "jpeg", "Q": 92}
    whole.tiffsave(str(path), tile=True, tile_width=512, tile_height=512, bigtiff=True, **jpeg)


def main() -> None:
    width, height, path = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    if width * height >= 2**28:
        write_tiff(path, width, height)
    else:
        save_picture(path, photo(width, height))


if __name__ == "__main__":
    main()
