"""Perceptual networks: pictures in, named features out.

Importing this package needs no PyTorch; loading a network does.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Protocol

from impasto.backbones.load import load_backbone, save_backbone
from impasto.backbones.names import layer_name

if TYPE_CHECKING:
    from torch import Tensor

    from impasto.backbones.adapter import ModuleBackbone

__all__ = [
    "BACKBONES",
    "Backbone",
    "ModuleBackbone",
    "layer_name",
    "load_backbone",
    "save_backbone",
]

BACKBONES = ("compact", "vgg19", "vgg16", "distilled16x")


class Backbone(Protocol):
    """Compute named features of RGB pictures in [0, 1].

    `layers` lists the names in order of depth.
    """

    layers: tuple[str, ...]

    def channels(self, layer: str) -> int:
        """Return the number of channels of a layer's features."""
        ...

    def __call__(self, images: Tensor, layers: Iterable[str]) -> dict[str, Tensor]:
        """Return the features (N, C, H', W') that `layers` names, of images (N, 3, H, W)."""
        ...


def __getattr__(name: str) -> Any:
    # late, because the adapter imports torch
    if name == "ModuleBackbone":
        from impasto.backbones.adapter import ModuleBackbone

        return ModuleBackbone
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
