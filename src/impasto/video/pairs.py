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

    Raises:
        VideoError: one of them cannot be read, or they have not as many frames.
        MissingExtraError: PyAV is not installed.
    """
    probe(result)  # before anything is decoded
    return float(probe(content).rate), _pairs(result, content)


def _pairs(result: Path, content: Path) -> Iterator[tuple[Image, Image]]:
    both = zip_longest(iter_frames(result), iter_frames(content))
    for number, (first, second) in enumerate(both):
        if first is None or second is None:
            shorter = result if first is None else content
            raise VideoError(
                f"{os.fspath(shorter)} ends after {number} frames, the other film does not:"
                " measure a result with its own content"
            )
        yield first.pixels, second.pixels
