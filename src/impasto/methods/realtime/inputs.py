"""What the content graph is given for a part of a picture."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from impasto.methods.contract import Image, Place
from impasto.methods.realtime.model import GRAINY, STRIDES
from impasto.methods.realtime.noise import noise

Array = NDArray[np.float32]
Layers = Mapping[str, tuple[int, ...]]


def content_inputs(
    layers: Layers,
    content: Image,
    part: Place,
    white: Array,
    statistics: Mapping[str, Array] | None = None,
    grain: float = 0.0,
) -> dict[str, Array]:
    """Return inputs of the content graph for a part, complete but for a style.

    `content` is that part's, `statistics` are by scale, None for its own; `grain` is the strength
    of the noise.
    """
    inputs = {
        "content": np.ascontiguousarray(content)[None],
        "white": white,
        "color": np.eye(3, 4, dtype=np.float32),
        "limits": np.array([0, 1], np.float32),
        "given": np.array([statistics is not None], np.float32),
    }
    for scale, stride in STRIDES.items():
        channels = layers[scale]
        count = 2 * sum(channels)
        if scale == GRAINY:
            count += channels[0]
            inputs[f"{scale}_noise"] = np.float32(grain) * noise(part, stride)
        inputs[scale] = np.ones((1, count, 1, 1), np.float32)
        if statistics is None:
            inputs[f"{scale}_statistics"] = np.ones((1, 2 * channels[0], 1, 1), np.float32)
        else:
            inputs[f"{scale}_statistics"] = statistics[scale]
    return inputs
