"""Groups of superpixels that are alike, and which group of one picture is like which of another."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from impasto.regions.superpixels import LAYERS, Floats, Superpixels

Numbers = NDArray[np.int64]

# what makes a region of one picture: deep features last, as they see beyond a border
WITHIN = {"light": 1.0, "color": 0.8, "texture": 0.5, "place": 0.4, "relu3_1": 0.6, "relu4_1": 0.6}
# what makes a region of one picture like one of another: here they see what things are
BETWEEN = {"light": 1.0, "color": 0.5, "plain": 0.3, "texture": 0.7, "place": 0.8, "relu3_1": 0.5,
           "relu4_1": 1.0}  # fmt: skip
_LOOKS = {"light": 1.0, "color": 1.0, "texture": 0.5}  # of what is strictly inside
_SAME = 0.02  # squared difference of what looks the same
_MIXED = 4  # times
_FURTHER = 4  # times as often: deep features
_RESTARTS = 8
_ROUNDS = 100
_KEPT = 24  # principal components
_ALIKE = 0.45  # regions nearer than this, wherever they are, are one


def cluster(parts: Superpixels, count: int, least: float, seed: int) -> Numbers:
    """Return the region (n,) of each superpixel, from 0: at most `count`.

    None has less than the share `least` of the picture, and no two are alike but for their place.
    """
    points = _compressed(weighted(_smoothed(parts), WITHIN), parts.area)
    found = kmeans(points, parts.area, count, seed)
    looks = weighted(parts.groups, {k: v for k, v in WITHIN.items() if k != "place"})
    while found.max() > 0:
        area = np.bincount(found, parts.area)
        distances = _distances(*[means(looks, parts.area, found)] * 2)
        np.fill_diagonal(distances, np.inf)
        smallest = int(area.argmin())
        if area[smallest] < least:
            found = _joined(found, smallest, int(distances[smallest].argmin()))
        elif distances.min() < _ALIKE**2:
            found = _joined(found, *divmod(int(distances.argmin()), len(area)))
        else:
            break
    return found


def coarser(parts: Superpixels, regions: Numbers, count: int) -> Numbers:
    """Join the most alike regions until there are `count` (Ward 1963)."""
    points = weighted(parts.groups, WITHIN)
    while (now := int(regions.max()) + 1) > count:
        area = np.bincount(regions, parts.area)
        distances = _distances(*[means(points, parts.area, regions)] * 2)
        costs = distances * area * area[:, None] / (area + area[:, None])
        np.fill_diagonal(costs, np.inf)
        regions = _joined(regions, *divmod(int(costs.argmin()), now))
    return regions


def kmeans(points: Floats, area: Floats, count: int, seed: int) -> Numbers:
    """Return the cluster (n,) of each point (n, d), weighted by area, from 0 and without gaps.

    k-means++ (Arthur and Vassilvitskii 2007), the best of several restarts.
    """
    random = np.random.default_rng(seed)
    best, found = np.inf, np.zeros(len(points), np.int64)
    for _ in range(_RESTARTS):
        centres = _seeds(points, area, count, random)
        labels = _distances(points, centres).argmin(1)
        for _ in range(_ROUNDS):
            before, centres = labels, means(points, area, np.unique(labels, return_inverse=True)[1])
            labels = _distances(points, centres).argmin(1)
            if np.array_equal(before, labels):
                break
        cost = float(area @ _distances(points, centres).min(1))
        if cost < best - 1e-9:
            best, found = cost, labels
    return np.unique(found, return_inverse=True)[1]


def match(
    content: Superpixels, content_regions: Numbers, style: Superpixels, style_regions: Numbers
) -> tuple[Numbers, Numbers]:
    """Number the regions of two pictures alike; return (n,) and (m,), from 0 and without gaps.

    Where one has more, its most alike regions are joined first; then each region gets one of the
    other picture, so that the sum of their differences is least.
    """
    from scipy.optimize import linear_sum_assignment  # comes with scikit-image

    count = min(int(content_regions.max()), int(style_regions.max())) + 1
    ours, theirs = (
        coarser(parts, regions, count)
        for parts, regions in ((content, content_regions), (style, style_regions))
    )
    costs = _distances(
        means(weighted(content.groups, BETWEEN), content.area, ours),
        means(weighted(style.groups, BETWEEN), style.area, theirs),
    )
    rows, columns = linear_sum_assignment(costs)
    number = np.empty(count, np.int64)
    number[columns] = rows
    return ours, number[theirs]


def means(points: Floats, area: Floats, labels: Numbers) -> Floats:
    """Return the mean (k, d) of each cluster, weighted by area."""
    shares = np.zeros((int(labels.max()) + 1, len(points)))
    shares[labels, np.arange(len(points))] = area
    found: Floats = shares @ points / shares.sum(1, keepdims=True)
    return found


def weighted(groups: Mapping[str, Floats], weights: Mapping[str, float]) -> Floats:
    """Return points (n, d): the groups' numbers side by side, times their weights."""
    return np.concatenate([weight * groups[name] for name, weight in weights.items()], 1)


def _smoothed(parts: Superpixels) -> Mapping[str, Floats]:
    """Mix superpixels with neighbours that look like them, again and again.

    What a deep feature sees beyond a border is so evened out on this side of it.
    """
    one, other = parts.neighbours.T
    if not len(one):
        return parts.groups
    looks = weighted(parts.groups, _LOOKS)
    distances = ((looks[one] - looks[other]) ** 2).sum(1)
    weights = np.zeros((len(parts.area),) * 2)
    # a painting of strokes has larger differences inside a region than a photo of a sky
    weights[one, other] = np.exp(-distances / max(float(np.median(distances)), _SAME))
    np.fill_diagonal(weights, weights.sum(1) + 1e-9)
    weights /= weights.sum(1, keepdims=True)
    near = np.linalg.matrix_power(weights, _MIXED)
    far = np.linalg.matrix_power(near, _FURTHER)
    return {n: (far if n in LAYERS else near) @ group for n, group in parts.groups.items()}


def _compressed(points: Floats, area: Floats) -> Floats:
    """Turn points so that the first few numbers say nearly all, and keep those."""
    centred = points - area @ points
    roots = np.sqrt(area)[:, None]
    values, vectors = np.linalg.eigh((roots * centred) @ (roots * centred).T)
    found: Floats = vectors[:, -_KEPT:] * np.sqrt(np.maximum(values[-_KEPT:], 0)) / roots
    return found


def _joined(labels: Numbers, one: int, other: int) -> Numbers:
    return np.unique(np.where(labels == one, other, labels), return_inverse=True)[1]


def _distances(points: Floats, centres: Floats) -> Floats:
    squares = (points**2).sum(1)[:, None] + (centres**2).sum(1) - 2 * points @ centres.T
    found: Floats = np.maximum(squares, 0)
    return found


def _seeds(points: Floats, area: Floats, count: int, random: np.random.Generator) -> Floats:
    chosen = [int(random.choice(len(points), p=area / area.sum()))]
    while len(chosen) < count:
        chances = area * _distances(points, points[chosen]).min(1)
        if chances.sum() < 1e-9:  # all is alike
            break
        chosen.append(int(random.choice(len(points), p=chances / chances.sum())))
    return points[chosen]
