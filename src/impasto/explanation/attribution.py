"""Which place of the style each place of a result resembles most."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.explanation.distances import Features
from impasto.explanation.findings import Attribution, Patch, Places, Plane, half_share
from impasto.losses.likeness import nearest

# how much around a place is compared: more gives larger regions, as neighbours share most of it
LAYERS = {"relu4_1": 3, "relu3_1": 1}
PATCHES = 6  # that are shown
GRID = 8  # patches along the style's longest side


@torch.no_grad()
def attribution(layer: str, content: Features, style: Features, result: Features) -> Attribution:
    """Match every place of the result with the style's that its features resemble most.

    By cosine, of squares of `LAYERS[layer]` features less the mean of their own picture, as Li &
    Wand 2016 and `losses.likeness.nearest`. It says what is alike, not what was copied: neither
    method copies.
    """
    pool, made, kept = (_places(f[layer], LAYERS[layer]) for f in (style, result, content))
    matches, before = nearest(made, pool), nearest(kept, pool)
    (high, wide), shape = style[layer].shape[2:], tuple(result[layer].shape[2:])
    numbers = matches.numpy().reshape(shape)
    rows, columns = np.divmod(numbers, wide)
    counts = np.bincount(numbers.ravel(), minlength=high * wide)
    return Attribution(
        layer,
        2 ** (int(layer.removeprefix("relu")[0]) - 1),
        LAYERS[layer],
        (high, wide),
        rows,
        columns,
        _cosines(made, pool[matches], shape),
        _cosines(kept, pool[before], shape),
        used=float((counts > 0).mean()),
        by_chance=1 - (1 - 1 / counts.size) ** numbers.size,
        half=half_share(counts),
        patches=most_used(rows, columns, (high, wide)),
    )


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


def _places(features: Tensor, side: int) -> Tensor:
    """Return the squares around all places (n, C side^2), less the mean; borders repeat."""
    centred = features - features.mean((2, 3), keepdim=True)
    around = F.pad(centred, (side // 2,) * 4, mode="replicate") if side > 1 else centred
    return F.unfold(around, side)[0].t()


def _cosines(places: Tensor, matches: Tensor, shape: tuple[int, ...]) -> Plane:
    return F.cosine_similarity(places, matches, dim=1).numpy().reshape(shape)
