"""From frames to stylised frames that do not flicker."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from impasto.film.options import TemporalOptions
from impasto.film.painters import painted_moments, painter_of, settled
from impasto.methods.contract import Image, Stylizer
from impasto.video.frame import Frame


@dataclass(frozen=True, eq=False)
class CalmFrame:
    """Hold a stylised frame (H, W, 3), and whether it begins a shot."""

    image: Image
    begins: bool


def calm_film(
    contents: Iterable[Image],
    stylizer: Stylizer,
    options: TemporalOptions | None = None,
) -> Iterator[CalmFrame]:
    """Yield the stylised frames of a film, calm where its content is.

    `contents` are frames (H, W, 3) of one size, in order; they are stylised one by one, each at its
    own size or, where the stylizer changes that, at the one it gives. Flow is sought in a thread,
    a frame ahead. What is held is some frames, however long the film.

    Raises:
        MissingExtraError: OpenCV is not installed.
        ImageError: frames are not of one size.
    """
    options = options or TemporalOptions()
    ready = settled(stylizer, options)
    painter = painter_of(lambda time: ready, ready, options)
    # at the size of the result, so that what moved is known there
    fitted = getattr(ready, "fitted", lambda content: content)
    frames = (Frame(fitted(c), Fraction(i), Fraction(1), i) for i, c in enumerate(contents))
    for moment, image in painted_moments(frames, painter):
        yield CalmFrame(image, moment.begins)
