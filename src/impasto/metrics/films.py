"""Read the frames of a film, for measuring; the only place in metrics that opens one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np

from impasto.errors import ImageError, MissingExtraError
from impasto.methods.contract import Image

Path = str | os.PathLike[str]


def pairs_of_frames(result: Path, content: Path) -> tuple[float, Iterator[tuple[Image, Image]]]:
    """Return the content's frames for each second, and the frames of both films, two by two.

    Raises:
        ImageError: one of them cannot be read, or they have not as many frames.
        MissingExtraError: PyAV is not installed.
    """
    opened = [_open(path) for path in (result, content)]
    rate = float(opened[1].streams.video[0].average_rate or 25)
    return rate, _pairs(result, content, [_frames(each) for each in opened])


def _pairs(
    result: Path, content: Path, films: list[Iterator[Image]]
) -> Iterator[tuple[Image, Image]]:
    try:
        for number, (first, second) in enumerate(_aligned(*films)):
            if first is None or second is None:
                shorter = result if first is None else content
                raise ImageError(
                    f"{os.fspath(shorter)} ends after {number} frames, the other film does not:"
                    " measure a result with its own content"
                )
            yield first, second
    finally:
        for film in films:
            film.close()  # type: ignore[attr-defined]


def _aligned(first: Iterator[Image], second: Iterator[Image]) -> Iterator[Any]:
    from itertools import zip_longest

    return zip_longest(first, second)


def _open(path: Path) -> Any:
    try:
        import av
    except ModuleNotFoundError:
        raise MissingExtraError("Reading films", "video") from None
    try:
        film = av.open(os.fspath(path))
    except (OSError, av.FFmpegError) as error:
        raise ImageError(f"cannot read {os.fspath(path)}: {_reason(error)}") from None
    if not film.streams.video:
        film.close()
        raise ImageError(f"{os.fspath(path)} has no pictures: expected a film")
    return film


def _frames(film: Any) -> Iterator[Image]:
    import av

    try:
        for frame in film.decode(video=0):
            yield frame.to_ndarray(format="rgb24").astype(np.float32) / np.float32(255)
    except av.FFmpegError as error:
        raise ImageError(f"cannot read {film.name}: {_reason(error)}") from None
    finally:
        film.close()


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error).lower()
