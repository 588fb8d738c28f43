"""Networks in stages, so that large pictures can go through them a strip of rows at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from impasto.backbones import Backbone

WHOLE = 4000
"""Bytes of a graph for each pixel, with its gradient, supposed of a network that has no stages."""


@dataclass(frozen=True)
class Stage:
    """One part of a network; the output of each is the input of the next.

    Attributes:
        layers: Names of the features that it gives, of the input's height and width if it is cut.
        depth: How often the picture was halved, rounded down, to become the input.
        halo: So many rows of input above and below decide a row of features, an even number;
            None where the picture cannot be cut.
        held: Bytes that a graph of it holds for each place of the input.
        work: Multiplications for each place of the input.
        pools: Whether the output has half the input's height and width, rounded down.
        passed: Bytes of the output for each of its places; 0 for the last stage, which has none.
        compute: Takes the input (N, C, H, W) to features by name and the output.
    """

    layers: tuple[str, ...]
    depth: int
    halo: int | None
    held: int
    work: int
    pools: bool
    passed: int
    compute: Callable[[Tensor], tuple[dict[str, Tensor], Tensor | None]]


def stages_of(backbone: Backbone, layers: Iterable[str]) -> list[Stage]:
    """Return the stages that these layers need; one for a network without `strip_stages`."""
    wanted = tuple(dict.fromkeys(layers))
    if not wanted:
        return []
    cut: Callable[[Iterable[str]], list[Stage]] | None = getattr(backbone, "strip_stages", None)
    if cut is not None:
        return cut(wanted)
    return [
        Stage(wanted, 0, None, WHOLE, 0, False, 0, lambda images: (backbone(images, wanted), None))
    ]
