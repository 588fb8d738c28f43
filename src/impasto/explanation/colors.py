"""What became of the colours: palettes, the flow from one to the other, distances."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from impasto.explanation.findings import Colors, Palette
from impasto.explanation.inputs import Trio
from impasto.methods.contract import Image

COLORS = 6  # of a palette
PIXELS = 20_000  # about as many of a picture are looked at
_ROUNDS = 30
_DIRECTIONS, _QUANTILES = 64, 256

# Ottosson 2020, "A perceptual color space for image processing"
_TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
Table = NDArray[np.float64]  # (n, 3)


def oklab(colors: NDArray[np.float32]) -> Table:
    """Return sRGB colours (..., 3) in [0, 1] as OKLab, in which distances are as they are seen."""
    wide = colors.astype(np.float64)
    linear = np.where(wide <= 0.04045, wide / 12.92, ((wide + 0.055) / 1.055) ** 2.4)
    lab: Table = np.cbrt(linear @ _TO_CONES.T) @ _TO_LAB.T
    return lab


def from_oklab(lab: Table) -> NDArray[np.float32]:
    """Return OKLab colours (..., 3) as sRGB, cut to [0, 1]."""
    cones = (lab @ np.linalg.inv(_TO_LAB).T) ** 3
    linear = np.clip(cones @ np.linalg.inv(_TO_CONES).T, 0, 1)
    srgb = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.clip(srgb, 0, 1).astype(np.float32)


def color_changes(trio: Trio) -> Colors:
    """Compare the colours of the three pictures; content and result pixel by pixel."""
    content, style, result = (_sample(p) for p in (trio.content, trio.style, trio.result))
    (first, own), (painted, _), (second, new) = (_palette(t) for t in (content, style, result))
    flow = np.zeros((len(first.colors), len(second.colors)), np.float32)
    np.add.at(flow, (own, new), np.float32(1))
    means = [(table[:, 0].mean(), np.hypot(table[:, 1], table[:, 2]).mean())
             for table in (content, style, result)]  # fmt: skip
    lightness, chroma = (tuple(float(pair[i]) for pair in means) for i in (0, 1))
    return Colors(
        first,
        painted,
        second,
        (flow / len(own)).astype(np.float32),
        lightness,  # type: ignore[arg-type]
        chroma,  # type: ignore[arg-type]
        before=sliced_distance(content, style),
        after=sliced_distance(result, style),
    )


def sliced_distance(first: Table, second: Table) -> float:
    """Return the mean distance of colours from colours, moved the shortest way in projections.

    The sliced Wasserstein-1 distance (Bonneel et al. 2015), over fixed random directions.
    """
    drawn = np.random.default_rng(0).standard_normal((_DIRECTIONS, 3))
    directions = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    ranks = (np.arange(_QUANTILES) + 0.5) / _QUANTILES
    ordered = (np.quantile(table @ directions.T, ranks, axis=0) for table in (first, second))
    return float(np.abs(next(ordered) - next(ordered)).mean())


def _sample(image: Image) -> Table:
    """Return pixels of a regular grid, the same of pictures of one size."""
    step = max(1, int((image.shape[0] * image.shape[1] / PIXELS) ** 0.5))
    return oklab(image[::step, ::step].reshape(-1, 3))


def _palette(table: Table) -> tuple[Palette, NDArray[np.int64]]:
    """Return the main colours by k-means, dark to light, and which one each pixel has.

    The same pixels give the same palette: it begins with the quantiles of the lightness, and
    colours that no pixel has are left out.
    """
    ordered = table[np.argsort(table[:, 0], kind="stable")]
    ends = np.linspace(0, len(table), COLORS + 1).astype(int)
    centers = np.array([ordered[a:b].mean(0) for a, b in pairwise(ends)])
    own = _own(table, centers)
    for _ in range(_ROUNDS):
        counts = np.bincount(own, minlength=COLORS)
        sums = np.stack([np.bincount(own, table[:, i], COLORS) for i in range(3)], 1)
        centers = np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], centers)
        moved = _own(table, centers)
        if (moved == own).all():
            break
        own = moved
    there = np.flatnonzero(np.bincount(own, minlength=COLORS))
    there = there[np.argsort(centers[there, 0], kind="stable")]
    place = np.empty(COLORS, np.int64)
    place[there] = np.arange(len(there))
    shares = np.bincount(own, minlength=COLORS)[there] / len(own)
    return Palette(from_oklab(centers[there]), shares.astype(np.float32)), place[own]


def _own(table: Table, centers: Table) -> NDArray[np.int64]:
    apart = (centers**2).sum(1) - 2 * table @ centers.T
    found: NDArray[np.int64] = apart.argmin(1)
    return found
