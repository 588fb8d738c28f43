"""Contents for those who have no photos at hand: drawn by our own code, and scikit-image's samples.

Drawings of places and things, in many looks, are no photos; laid over each other and in changed
colours they are varied enough for a usable network. Photos of one's own are better.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np

from impasto.drawn import draw
from impasto.images import fit
from impasto.train.data import Pictures, Pixels

_SCENES = ("watercolor", "pointillism", "ink", "brushwork", "cubism", "neon", "art-deco")
_SEEDS = 4
_SIDE = 256
# those in scikit-image's wheel; it would download the others
_PHOTOS = ("astronaut", "chelsea", "coffee", "rocket", "hubble_deep_field", "camera", "coins")


def builtin_contents() -> Pictures:
    """Return pictures to train on; those with the last seed are held out."""
    drawn, last = scenes(_SEEDS), len(_SCENES)
    return Pictures.of([*drawn[:-last], *_photos()], drawn[-last:])


def scenes(seeds: int) -> list[Pixels]:
    """Return drawn places and things, each kind `seeds` times."""
    return [_scene(name, seed) for seed in range(seeds) for name in _SCENES]


@cache
def _scene(name: str, seed: int) -> Pixels:
    return _pixels(draw(name, size=_SIDE, seed=seed))


def _photos() -> Iterator[Pixels]:
    try:
        from skimage import data

        images = [np.asarray(getattr(data, name)()) for name in _PHOTOS]
    except ImportError:  # it is an extra, and has extras of its own
        return
    for image in images:
        if image.ndim == 2:
            image = image[..., None].repeat(3, 2)
        yield _pixels(fit(image[..., :3].astype(np.float32) / 255, _SIDE))


def _pixels(image: np.ndarray) -> Pixels:
    return (image.clip(0, 1) * 255).round().astype(np.uint8)
