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
_SMOOTH = 3e-5  # weight of the spline's curvature
_SMALL = 1e-6  # weight of the spline itself, where the content has no colours
_COLORS = 6000  # of each picture, that the spline is fitted to
_REFITS, _ROUNDS = 3, 8
_SETTLING = 40  # rounds


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
        found[:] = np.linalg.solve(normal, basis.T @ (goals - start) / _COLORS)
    nodes = _cube()
    places = to_oklab(nodes) @ matrix.T + shift + _everywhere(found)
    return _settled((shown(places) - nodes).astype(np.float32), content)


def looked_up(table: Floats, colors: Floats) -> Floats:
    """Return values (..., 3) of a table (N, N, N, 3) at colours (..., 3) in [0, 1].

    Between nodes by tetrahedra, each of four nodes, which all have the edge from black to white of
    their cell: so greys depend on the nodes of greys alone, which are in order.
    """
    count = table.shape[0]
    places = colors * np.float32(count - 1)
    whole = np.minimum(places.astype(np.int32), count - 2)
    places -= whole
    red, green, blue = (places[..., channel] for channel in range(3))
    corner = (whole[..., 0] * count + whole[..., 1]) * count + whole[..., 2]
    most, least = np.maximum(red, green), np.minimum(red, green)
    steps = np.int32(count * count), np.int32(count), np.int32(1)
    first = np.where(red >= green, steps[0], steps[1])
    last = np.where(red >= green, steps[1], steps[0])
    first[blue > most] = steps[2]
    last[blue <= least] = steps[2]
    middle = np.clip(blue, least, most)
    np.maximum(most, blue, out=most)
    np.minimum(least, blue, out=least)
    flat, end = table.reshape(-1, 3), corner + sum(steps)
    out: Floats = flat.take(corner, 0)
    out *= (1 - most)[..., None]
    out += (most - middle)[..., None] * flat.take(corner + first, 0)
    out += (middle - least)[..., None] * flat.take(end - last, 0)
    out += least[..., None] * flat.take(end, 0)
    return out


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


def _settled(table: Floats, content: Array) -> Floats:
    """Return a table whose nodes far from the content's colours are means of their neighbours.

    The spline goes anywhere there, and a single pixel might still be looked up.
    """
    seen = np.zeros((NODES,) * 3, bool)
    cells = np.minimum((content * (NODES - 1)).astype(int), NODES - 2)
    for corner in np.ndindex(2, 2, 2):
        seen[tuple((cells + corner).T)] = True
    free = ~seen[..., None]
    for _ in range(_SETTLING):
        padded = np.pad(table, ((1, 1), (1, 1), (1, 1), (0, 0)), mode="edge")
        inner = padded[1:-1, 1:-1, 1:-1]
        mean = padded[2:, 1:-1, 1:-1] + padded[:-2, 1:-1, 1:-1]
        mean += padded[1:-1, 2:, 1:-1] + padded[1:-1, :-2, 1:-1]
        mean += padded[1:-1, 1:-1, 2:] + padded[1:-1, 1:-1, :-2]
        table = np.where(free, mean / 6, inner)
    return (table + _cube()).clip(0, 1).astype(np.float32) - _cube().astype(np.float32)


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
