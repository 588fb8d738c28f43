"""Which place of the style each place of a result resembles most."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from impasto.explanation.distances import Features
from impasto.explanation.findings import Attribution, Patch, Places
from impasto.losses.likeness import nearest

LAYERS = ("relu3_1", "relu4_1")
PATCHES = 6  # that are shown
GRID = 8  # patches along the style's longest side


@torch.no_grad()
def attribution(layer: str, content: Features, style: Features, result: Features) -> Attribution:
    """Match every place of the result with the style's that its features resemble most.

    By cosine, of all features less the mean of their own picture, as `losses.likeness.nearest`.
    It says what is alike, not what was copied: neither method copies.
    """
    pool = _places(style[layer])
    matches = nearest(_places(result[layer]), pool)
    before = nearest(_places(content[layer]), pool)
    high, wide = style[layer].shape[2:]
    shape = tuple(result[layer].shape[2:])
    numbers = matches.numpy().reshape(shape)
    rows, columns = np.divmod(numbers, wide)
    counts = np.bincount(numbers.ravel(), minlength=high * wide)
    return Attribution(
        layer,
        2 ** (int(layer.removeprefix("relu")[0]) - 1),
        (high, wide),
        rows,
        columns,
        _cosines(result[layer], pool, matches),
        _cosines(content[layer], pool, before),
        used=float((counts > 0).mean()),
        by_chance=1 - (1 - 1 / counts.size) ** numbers.size,
        half=half_share(counts),
        patches=most_used(rows, columns, (high, wide)),
    )


def half_share(counts: NDArray[np.int64] | NDArray[np.float32]) -> float:
    """Return the smallest share of places that hold half of the sum of all; 0 where it is 0."""
    ordered = np.sort(counts.ravel().astype(np.float64))[::-1]
    if ordered.sum() <= 0:
        return 0.0
    return float((np.searchsorted(np.cumsum(ordered), ordered.sum() / 2) + 1) / ordered.size)


def most_used(rows: Places, columns: Places, shape: tuple[int, int]) -> tuple[Patch, ...]:
    """Return the patches of a grid over the style that most places of the result resemble."""
    side = max(shape) / GRID
    down, across = (max(1, round(length / side)) for length in shape)
    number = (rows * down // shape[0]) * across + columns * across // shape[1]
    shares = np.bincount(number.ravel(), minlength=down * across) / number.size
    # of equals the first
    order = np.argsort(-shares, kind="stable")[:PATCHES]
    tops, lefts = _edges(shape[0], down), _edges(shape[1], across)
    found = []
    for patch in order[shares[order] > 0]:
        row, column = divmod(int(patch), across)
        corner = tops[row], lefts[column], tops[row + 1], lefts[column + 1]
        found.append(Patch(*corner, share=float(shares[patch])))
    return tuple(found)


def _edges(length: int, parts: int) -> list[int]:
    """Return where the parts begin, so that place i lies in part i * parts // length."""
    return [-(-part * length // parts) for part in range(parts + 1)]


def _places(features: Tensor) -> Tensor:
    return features[0].flatten(1).t()


def _cosines(features: Tensor, pool: Tensor, matches: Tensor) -> NDArray[np.float32]:
    own = _places(features)
    found = F.cosine_similarity(own - own.mean(0), (pool - pool.mean(0))[matches], dim=1)
    return found.numpy().reshape(features.shape[2:])
