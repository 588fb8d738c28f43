"""Two films side by side: a result and its content."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import zip_longest

from impasto.errors import VideoError
from impasto.methods.contract import Image
from impasto.video.info import probe
from impasto.video.read import iter_frames

Path = str | os.PathLike[str]


def pairs_of_frames(result: Path, content: Path) -> tuple[float, Iterator[tuple[Image, Image]]]:
    """Return the content's frames for each second, and the frames of both films, two by two.

    The content is brought to the result's size.

    Raises:
        VideoError: one of them cannot be read, or they have not as many frames.
        MissingExtraError: PyAV is not installed.
    """
    made, own = probe(result), probe(content)  # before anything is decoded
    same = (made.width, made.height) == (own.width, own.height)
    return float(own.rate), _pairs(result, content, None if same else max(made.width, made.height))


def _pairs(result: Path, content: Path, size: int | None) -> Iterator[tuple[Image, Image]]:
    both = zip_longest(iter_frames(result), iter_frames(content, size=size))
    for number, (first, second) in enumerate(both):
        if first is None or second is None:
            shorter = result if first is None else content
            raise VideoError(
                f"{os.fspath(shorter)} ends after {number} frames, the other film does not:"
                " measure a result with its own content"
            )
        yield first.pixels, second.pixels
