"""Bring the tensor names of VGG files to one form: conv1_1.weight ... conv5_4.bias."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.errors import WeightsError
from impasto.weights.registry import ENTRIES, Entry

Array = NDArray[Any]

_CONV = re.compile(r"^(?:[\w.]+\.)?conv(\d+)_(\d+)\.(weight|bias)$")
_INDEXED = re.compile(r"^(?:(?:[\w.]+\.)?features\.)?(\d+)\.(weight|bias)$")


def depths_from_keys(keys: Iterable[str]) -> tuple[int, ...]:
    """Return the number of convolutions in each block, from tensor names.

    >>> depths_from_keys(["conv1_1.weight", "conv1_2.weight", "conv2_1.weight", "embed1_1.bias"])
    (2, 1)

    Raises:
        WeightsError: A convolution is missing in between, or there is none.
    """
    found = {
        (int(m[1]), int(m[2]))
        for key in keys
        if (m := re.fullmatch(r"conv(\d+)_(\d+)\.weight", key))
    }
    blocks = max((block for block, _ in found), default=0)
    depths = tuple(max((i for b, i in found if b == n + 1), default=0) for n in range(blocks))
    expected = {(b, i) for b, depth in enumerate(depths, 1) for i in range(1, depth + 1)}
    if not found or 0 in depths or found != expected:
        missing = ", ".join(f"conv{b}_{i}" for b, i in sorted(expected - found))
        raise WeightsError(f"the convolutions have gaps: missing {missing or 'whole blocks'}")
    return depths


def canonical(tensors: Mapping[str, Array]) -> dict[str, Array]:
    """Return the convolutions of a VGG state under the names conv1_1.weight and so on.

    Knows convB_I names and torchvision's numbered ones; drops the classifier.

    Raises:
        WeightsError: The names are neither, or belong to a network with batch normalisation.
    """
    if any(key.endswith("running_mean") for key in tensors):
        raise WeightsError("this network has batch normalisation: use plain VGG-19 or VGG-16")
    named = {
        f"conv{m[1]}_{m[2]}.{m[3]}": tensor
        for key, tensor in tensors.items()
        if (m := _CONV.match(key))
    }
    return named or _from_numbers(tensors)


def _from_numbers(tensors: Mapping[str, Array]) -> dict[str, Array]:
    found = {
        (int(m[1]), m[2]): tensor for key, tensor in tensors.items() if (m := _INDEXED.match(key))
    }
    names: dict[int, str] = {}
    block, i, last = 1, 0, -2
    for number in sorted({number for number, _ in found}):
        # a convolution and its ReLU take two places, a pooling one more
        if number - last not in (2, 3):
            raise WeightsError(f"layer numbers jump from {last} to {number}: not a VGG's")
        block, i = (block, i + 1) if number - last == 2 else (block + 1, 1)
        names[number], last = f"conv{block}_{i}", number
    if not names:
        raise WeightsError("no VGG layers found: expected names like features.0.weight or conv1_1")
    return {f"{names[number]}.{kind}": tensor for (number, kind), tensor in found.items()}


def recognise(tensors: Mapping[str, Array]) -> str:
    """Return which published network the convolutions belong to, by their numbers.

    Raises:
        WeightsError: None of them, or more than one.
    """
    depths = depths_from_keys(tensors)
    fitting = [e.name for e in ENTRIES.values() if e.mirrors and _fits(depths, e.depths)]
    if len(fitting) != 1:
        raise WeightsError(
            f"blocks of {depths} convolutions fit {' and '.join(fitting) or 'no known network'}: "
            f"say which it is with name="
        )
    return fitting[0]


def check(entry: Entry, tensors: Mapping[str, Array]) -> None:
    """Compare convolutions, OIHW, with the published network they are said to be.

    The last blocks may be missing or cut short.

    Raises:
        WeightsError: A number of layers, a shape, or a value that is not finite.
    """
    depths = depths_from_keys(tensors)
    if not _fits(depths, entry.depths):
        raise WeightsError(
            f"blocks of {depths} convolutions are not {entry.name}, which has {entry.depths}"
        )
    channels = 3
    for block, depth in enumerate(depths, 1):
        width = entry.widths[block - 1]
        for i in range(1, depth + 1):
            _check_shape(tensors, f"conv{block}_{i}.weight", (width, channels, 3, 3))
            _check_shape(tensors, f"conv{block}_{i}.bias", (width,))
            channels = width


def _check_shape(tensors: Mapping[str, Array], key: str, shape: tuple[int, ...]) -> None:
    tensor = tensors.get(key)
    if tensor is None or tensor.shape != shape:
        found = "nothing" if tensor is None else str(tensor.shape)
        raise WeightsError(f"{key}: found {found}, expected {shape}")
    if not np.isfinite(tensor).all():
        raise WeightsError(f"{key}: holds values that are not finite")


def _fits(depths: tuple[int, ...], full: tuple[int, ...]) -> bool:
    count = len(depths)
    return (
        0 < count <= len(full)
        and depths[:-1] == full[: count - 1]
        and depths[-1] <= full[count - 1]
    )
