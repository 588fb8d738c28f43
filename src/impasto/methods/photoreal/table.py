"""A smooth function of colour, and its table, from which pictures are looked up."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.images.oklab import shown, to_oklab
from impasto.methods.photoreal.transport import Array, affine, moved, sampled

Floats = NDArray[np.float32]
Weights = NDArray[Any] | None

NODES = 33  # of a table, in each direction of the sRGB cube
_KNOTS = 7  # of the spline, in each direction
_SMOOTH = 1e-5  # weight of the spline's curvature
_SMALL = 1e-6  # weight of the spline itself, where the content has no colours
_COLORS = 6000  # of each picture, that the spline is fitted to
_REFITS, _ROUNDS = 3, 8


def changes(content: Array, style: Array, here: Weights, there: Weights) -> Floats:
    """Return how colours change, a table (33, 33, 33, 3) over the sRGB cube, in sRGB.

    In Oklab a colour goes where the affine map of both distributions sends it, and from there by a
    cubic spline of the sRGB cube. Its coefficients are the least squares of where sliced transport
    sends the content's colours; its curvature is penalised, so that neighbours stay neighbours.
    What a smooth map misses is transported again and fitted again, three times in all.

    Args:
        content: Colours (N, 3), sRGB.
        style: Colours (M, 3), sRGB.
        here: Weights (N,) of the content's colours; None: all alike.
        there: Weights (M,) of the style's.
    """
    colors = sampled(content, _COLORS, here)
    wanted = to_oklab(sampled(style, _COLORS, there))
    seen = to_oklab(colors)
    matrix, shift = affine(seen, wanted)
    start = seen @ matrix.T + shift
    basis = _basis(colors)
    normal = basis.T @ basis / _COLORS + _penalty()
    found = np.zeros((_KNOTS**3, 3))
    for number in range(_REFITS):
        goals = moved(start + basis @ found, wanted, _ROUNDS, number)
        found = np.linalg.solve(normal, basis.T @ (goals - start) / _COLORS)
    nodes = _cube()
    places = to_oklab(nodes) @ matrix.T + shift + _everywhere(found)
    return np.asarray(shown(places) - nodes, np.float32)


def looked_up(table: Floats, first: Floats, second: Floats, third: Floats) -> Floats:
    """Return values (..., K) of a table (A, B, C, K) at places between its nodes, trilinearly.

    Args:
        table: The nodes' values.
        first: Places along the first axis, from 0 to A - 1; of shapes that go together.
        second: Along the second.
        third: Along the third.
    """
    (i, a), (j, b), (k, c) = (
        _split(place, count)
        for place, count in zip((first, second, third), table.shape, strict=False)
    )
    flat, (_, across, deep, _) = table.reshape(-1, table.shape[3]), table.shape
    corner = (i * across + j) * deep + k

    def edge(offset: int) -> Floats:
        low = flat.take(corner + offset, 0)
        low += c * (flat.take(corner + offset + 1, 0) - low)
        return low

    def face(offset: int) -> Floats:
        low = edge(offset)
        low += b * (edge(offset + deep) - low)
        return low

    low = face(0)
    low += a * (face(across * deep) - low)
    return low


def _split(place: Floats, count: int) -> tuple[NDArray[np.intp], Floats]:
    whole = np.minimum(place.astype(np.intp), count - 2)
    return whole, (place - whole.astype(np.float32))[..., None]


def _spline(place: Array) -> Array:
    """Return the weights (N, 7) of a uniform cubic B-spline at places (N,) in [0, 1]."""
    spans = _KNOTS - 3
    whole = np.minimum((place * spans).astype(int), spans - 1)
    t = place * spans - whole
    out = np.zeros((len(place), _KNOTS))
    parts = (1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3
    for number, part in enumerate(parts):
        out[np.arange(len(place)), whole + number] = part / 6
    return out


def _basis(colors: Array) -> Array:
    """Return the weights (N, 343) of the spline at colours (N, 3)."""
    red, green, blue = (_spline(colors[:, channel]) for channel in range(3))
    both = (red[:, :, None] * green[:, None, :]).reshape(len(colors), -1)
    return np.asarray((both[:, :, None] * blue[:, None, :]).reshape(len(colors), -1))


@cache
def _penalty() -> Array:
    """Return the quadratic form (343, 343) of the curvature, as of a thin plate, and of the size.

    All second differences count, the mixed ones twice.
    """
    same = np.eye(_KNOTS)
    slope, bend = (d.T @ d for d in (np.diff(same, order, axis=0) for order in (1, 2)))
    curvature = _outer(bend, same, same) + _outer(same, bend, same) + _outer(same, same, bend)
    twist = _outer(slope, slope, same) + _outer(slope, same, slope) + _outer(same, slope, slope)
    return np.asarray(_SMOOTH * (_KNOTS - 3) * (curvature + 2 * twist) + _SMALL * np.eye(_KNOTS**3))


def _outer(first: Array, second: Array, third: Array) -> Array:
    return np.kron(np.kron(first, second), third)


@cache
def _cube() -> Array:
    """Return the colours (33, 33, 33, 3) of a table's nodes."""
    steps = np.linspace(0, 1, NODES)
    return np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), -1)


def _everywhere(found: Array) -> Array:
    """Return the spline's values (33, 33, 33, 3) at all nodes of a table."""
    weights, values = _spline(np.linspace(0, 1, NODES)), found.reshape(*(_KNOTS,) * 3, 3)
    for _ in range(3):  # the axis that is done goes last of the three
        values = np.moveaxis(np.tensordot(weights, values, (1, 0)), 0, 2)
    return np.asarray(values)
