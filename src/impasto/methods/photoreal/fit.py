"""Fit the change of colours to small copies, and take back what would cost edges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.images.color import LUMA
from impasto.images.detail import steepness
from impasto.methods.contract import Image, Place
from impasto.methods.photoreal.base import Array, Base
from impasto.methods.photoreal.table import NODES, Floats, changes, looked_up

SIDE = 448  # longest side of the small copies
_KEPT = 0.945  # least likeness of the edges; edge SSIM was 0.85 or more then
_NOISE = 1e-3  # squared steps of light that are no edges, (3 % of the range) squared


def fit_table(
    content: Image, style: Image, here: NDArray[Any] | None, there: NDArray[Any] | None
) -> Floats:
    """Return a table of changes that brings a content near to a style and keeps its edges.

    The whole change is taken where the content's edges are kept well enough, else as much of it as
    does so: a black style would leave nothing to be seen.

    Args:
        content: A small copy (h, w, 3).
        style: A small copy of any size.
        here: Weights (h, w) of the content's pixels; None: all alike.
        there: Weights of the style's pixels, of its size.
    """
    if here is not None and not here.any():  # the style goes nowhere
        return np.zeros((NODES,) * 3 + (3,), np.float32)
    weights = (None if plane is None else plane.ravel() for plane in (here, there))
    colors = (picture.reshape(-1, 3).astype(np.float64) for picture in (content, style))
    table = changes(*colors, *weights)
    place = slice(0, content.shape[0]), slice(0, content.shape[1])
    base = Base.of(content, max(content.shape))
    change = changed(content, [(table, None)], base, place)
    edges = steepness(content @ LUMA)
    low, high = 0.0, 1.0
    share = high
    for _ in range(7):
        kept = likeness(edges, steepness((content + share * change).clip(0, 1) @ LUMA), here)
        low, high = (share, high) if kept >= _KEPT else (low, share)
        if low == 1:
            break
        share = (low + high) / 2
    return np.asarray(min(low, _monotone(table)) * table, np.float32)


def changed(
    content: Image,
    tables: Sequence[tuple[Floats, Floats | None]],
    base: Base,
    place: Place,
) -> Floats:
    """Return what tables change at a place: each at its share (h, w) of it, None everywhere.

    The colour that is looked up is the pixel's without its detail, so that the detail stays as it
    is, whether tones are drawn together there or apart.
    """
    plain = base(content, place)
    np.clip(plain, 0, 1, out=plain)
    total: Floats | None = None
    for table, share in tables:
        change = looked_up(table, plain)
        if share is not None:
            change *= share[..., None]
        total = change if total is None else total + change
    assert total is not None
    return total


def likeness(first: Array, second: Array, weights: NDArray[Any] | None = None) -> float:
    """Return how alike two planes of edges are, place by place: 1 where they are the same."""
    alike = (2 * first * second + _NOISE) / (first**2 + second**2 + _NOISE)
    return float(np.average(alike, weights=weights))


def _monotone(table: Floats) -> float:
    """Return how much of a change keeps greys in their order."""
    nodes = np.arange(NODES)
    steps = np.diff(table[nodes, nodes, nodes].astype(np.float64) @ LUMA)
    least = float(steps.min()) * (NODES - 1)
    return 1.0 if least >= -1 else -1 / least
