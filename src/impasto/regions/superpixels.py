"""Superpixels, and numbers that describe each: colour, texture, place, features of `compact`.

SLIC: Achanta et al., PAMI 2012. Oklab: Ottosson 2020.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.backbones import load_backbone
from impasto.errors import MissingExtraError

Floats = NDArray[np.float64]
Image = NDArray[np.float32]

LAYERS = ("relu3_1", "relu4_1")

_COUNT = 450
_LEAST_PIXELS = 16
_COMPACTNESS = 8.0  # low, so that borders follow edges
# spreads under these count as these, so that what is flat stays flat
_FLAT = {"light": 0.03, "color": 0.02, "texture": 0.25, "deep": 0.15}
_FROM_RGB = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_FROM_CONES = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


@dataclass(frozen=True, eq=False)
class Superpixels:
    """Hold the superpixels of a picture.

    Attributes:
        labels: (h, w), the number of each pixel's superpixel, from 0.
        area: (n,), shares of the picture; they sum to 1.
        neighbours: (m, 2), pairs that touch, each in both orders.
        groups: By name (n, d): deviations from the picture's mean, of a total variance of 1, or
            less where the picture is nearly flat; but `place` and `plain` are absolute.
    """

    labels: NDArray[np.int64]
    area: Floats
    neighbours: NDArray[np.int64]
    groups: Mapping[str, Floats]


def describe(picture: Image) -> Superpixels:
    """Cut a small picture (h, w, 3) into superpixels and describe them.

    Raises:
        MissingExtraError: scikit-image or PyTorch is not installed.
        WeightsError: the weights of `compact` are damaged.
    """
    labels = _cut(picture)
    count = int(labels.max()) + 1
    pixels = np.bincount(labels.ravel(), minlength=count)
    area = pixels / pixels.sum()

    def mean(plane: Any) -> Floats:
        return np.bincount(labels.ravel(), plane.ravel(), minlength=count) / pixels

    lab = oklab(picture)
    light, *color = (mean(lab[..., i]) for i in range(3))
    texture = np.log(mean(_roughness(lab[..., 0], labels)) + 0.01)
    rows = np.broadcast_to(np.linspace(-1, 1, len(picture))[:, None], labels.shape)
    groups = {
        "light": _deviations(light[:, None], area, _FLAT["light"]),
        "color": _deviations(np.stack(color, 1), area, _FLAT["color"]),
        "plain": np.stack([light - 0.5, *(2 * plane for plane in color)], 1) / 0.25,
        "texture": _deviations(texture[:, None], area, _FLAT["texture"]),
        "place": mean(rows)[:, None] * np.sqrt(3),
    }
    for name, features in _features(picture, labels, count).items():
        scale = np.sqrt(area @ (features**2).sum(1))
        groups[name] = _deviations(features / max(scale, 1e-9), area, _FLAT["deep"])
    return Superpixels(labels, area, _touching(labels), groups)


def oklab(picture: Image) -> Floats:
    """Return a picture (H, W, 3), sRGB, in Oklab: lightness in [0, 1], green-red, blue-yellow."""
    linear = np.where(picture <= 0.04045, picture / 12.92, ((picture + 0.055) / 1.055) ** 2.4)
    found: Floats = np.cbrt(linear.astype(np.float64) @ _FROM_RGB.T) @ _FROM_CONES.T
    return found


def _cut(picture: Image) -> NDArray[np.int64]:
    try:
        from skimage.segmentation import slic
    except ModuleNotFoundError as error:
        raise MissingExtraError("Finding regions", "regions") from error
    height, width = picture.shape[:2]
    count = max(1, min(_COUNT, height * width // _LEAST_PIXELS))
    found = slic(picture, count, _COMPACTNESS, sigma=1, start_label=0, channel_axis=2)
    numbers = np.unique(found, return_inverse=True)[1]  # without gaps
    return numbers.reshape(height, width).astype(np.int64)


def _deviations(values: Floats, area: Floats, flat: float) -> Floats:
    centred = values - area @ values
    found: Floats = centred / max(flat, float(np.sqrt(area @ (centred**2).sum(1))))
    return found


def _roughness(plane: Floats, labels: NDArray[np.int64]) -> Floats:
    """Return how much pixels differ from those above and left, if in the same superpixel."""
    found = np.zeros(plane.shape)
    found[1:] += np.abs(plane[1:] - plane[:-1]) * (labels[1:] == labels[:-1])
    found[:, 1:] += np.abs(plane[:, 1:] - plane[:, :-1]) * (labels[:, 1:] == labels[:, :-1])
    return found


def _touching(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    across = np.stack([labels[:, :-1].ravel(), labels[:, 1:].ravel()], 1)
    along = np.stack([labels[:-1].ravel(), labels[1:].ravel()], 1)
    pairs = np.concatenate([across, along])
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    return np.unique(np.concatenate([pairs, pairs[:, ::-1]]), axis=0)


def _features(picture: Image, labels: NDArray[np.int64], count: int) -> dict[str, Floats]:
    """Return the mean features (n, C) of the superpixels in each of `LAYERS`."""
    try:
        network = load_backbone("compact")
    except MissingExtraError as error:
        raise MissingExtraError("Finding regions", "regions") from error
    import torch

    with torch.no_grad():
        images = torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1)))[None]
        maps = network(images, LAYERS)
    found = {}
    for name in LAYERS:
        plane = maps[name][0].double().numpy()
        channels, height, width = plane.shape
        rows = np.minimum(np.arange(len(picture)) * height // len(picture), height - 1)
        columns = np.arange(picture.shape[1]) * width // picture.shape[1]
        cells = rows[:, None] * width + columns
        # how many pixels of each superpixel lie in each place of the features
        shares = np.bincount((labels * height * width + cells).ravel(), minlength=count * height
                             * width).reshape(count, -1)  # fmt: skip
        sums = shares @ plane.reshape(channels, -1).T
        # the root evens out a few strong channels
        found[name] = np.sqrt(np.maximum(sums / shares.sum(1, keepdims=True), 0))
    return found
