"""Batches of which only a part is new, so that a costly teacher labels each picture once.

Data echoing (Choi et al. 2019, arXiv:1907.05550): the teacher takes longer than the student
does to learn from it, and a picture holds more than one step can take out of it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

Labelled = tuple[Tensor, dict[str, Tensor]]


def join(parts: list[Labelled]) -> Labelled:
    """Return one batch of several: pictures (N, 3, H, W) and the features of each layer."""
    features = {name: torch.cat([part[1][name] for part in parts]) for name in parts[0][1]}
    return torch.cat([part[0] for part in parts]), features


class EchoBuffer:
    """Keep the newest `size` labelled groups of pictures of a numbered stream.

    `label` makes group n, always the same for the same n: after an interruption the buffer
    fills itself again with what it held before. The stream begins at number `first`.
    """

    def __init__(self, label: Callable[[int], Labelled], size: int, first: int = 0) -> None:
        self.label, self.size, self.first = label, size, first
        self._groups: dict[int, Labelled] = {}

    def batch(self, newest: int, count: int, rng: np.random.Generator) -> Labelled:
        """Return group `newest` and `count - 1` of those before it, drawn with replacement."""
        oldest = max(self.first, newest - self.size + 1)
        self._groups = {n: group for n, group in self._groups.items() if n >= oldest}
        drawn = rng.integers(oldest, newest + 1, size=count - 1).tolist()
        return join([self._group(n) for n in (newest, *drawn)])

    @property
    def group_bytes(self) -> int:
        """Return how many bytes a group takes; the buffer holds some now."""
        images, features = next(iter(self._groups.values()))
        return images.nbytes + sum(values.nbytes for values in features.values())

    def _group(self, number: int) -> Labelled:
        if number not in self._groups:
            self._groups[number] = self.label(number)
        return self._groups[number]
