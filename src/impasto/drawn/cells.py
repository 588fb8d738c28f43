"""Cells and distances on a pixel grid: nearest sites, distance to an edge, scattered points."""

import numpy as np
from numpy.typing import NDArray

from impasto.drawn.fields import Array, grid

Labels = NDArray[np.int32]


def scatter(rng: np.random.Generator, count: int, room: float, tries: int = 24) -> Array:
    """Scatter up to `count` points in the unit square, none nearer than `room` to another."""
    points = np.empty((count, 2), np.float32)
    found = 0
    for candidate in rng.uniform(0, 1, (count * tries, 2)).astype(np.float32):
        gap = points[:found] - candidate
        if found and (gap * gap).sum(1).min() < room * room:
            continue
        points[found] = candidate
        found += 1
        if found == count:
            break
    return points[:found]


def nearest(sites: Array, size: int) -> Labels:
    """Return for every pixel the index of the nearest of `(K, 2)` sites (Voronoi cells)."""
    x, y = grid(size)
    return nearest_at(sites, x, y)


def nearest_at(sites: Array, x: Array, y: Array) -> Labels:
    """Return for every place `(H, W)` the index of the nearest of `(K, 2)` sites."""
    best = np.full(x.shape, np.inf, np.float32)
    label = np.zeros(x.shape, np.int32)
    for index, (site_x, site_y) in enumerate(sites):
        gap = (x - site_x) ** 2 + (y - site_y) ** 2
        closer = gap < best
        best[closer] = gap[closer]
        label[closer] = index
    return label


def borders(label: Labels) -> NDArray[np.bool_]:
    """Mark the pixels whose right or lower neighbour belongs to another cell."""
    edge = np.zeros(label.shape, np.bool_)
    edge[:, :-1] |= label[:, :-1] != label[:, 1:]
    edge[:-1] |= label[:-1] != label[1:]
    return edge


def distance(mask: NDArray[np.bool_], reach: float, side: int | None = None) -> Array:
    """Return the distance to the nearest marked pixel, in fractions of the side, up to `reach`.

    Jump flooding: every pixel asks its neighbours at halving steps for the marked pixel
    they know; the rare error is below a pixel.

    Args:
        mask: Marked pixels `(H, W)`.
        reach: Distance beyond which nothing is looked for.
        side: Side of the whole picture where the mask is a window of it; else its height.
    """
    unit = side or mask.shape[0]
    row, column = np.mgrid[: mask.shape[0], : mask.shape[1]].astype(np.float32)
    far = np.float32(4 * max(mask.shape))
    near_row, near_column = np.where(mask, row, far), np.where(mask, column, far)
    best = (near_row - row) ** 2 + (near_column - column) ** 2
    step = 1 << max(0, int(np.ceil(np.log2(max(1.0, reach * unit)))))
    while step:
        for down, right in ((0, step), (0, -step), (step, 0), (-step, 0)):
            to = _window(mask.shape[0], -down), _window(mask.shape[1], -right)
            origin = _window(mask.shape[0], down), _window(mask.shape[1], right)
            gap = (near_row[origin] - row[to]) ** 2 + (near_column[origin] - column[to]) ** 2
            closer = gap < best[to]
            best[to] = np.where(closer, gap, best[to])
            near_row[to] = np.where(closer, near_row[origin], near_row[to])
            near_column[to] = np.where(closer, near_column[origin], near_column[to])
        step //= 2
    return np.asarray(np.minimum(np.sqrt(best) / unit, reach), dtype=np.float32)


def _window(length: int, step: int) -> slice:
    """Return the part of a line that stays on it when everything moves by `-step`."""
    return slice(min(max(step, 0), length), max(0, length + min(step, 0)))
