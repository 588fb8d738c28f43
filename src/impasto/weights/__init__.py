"""Weights of the perceptual networks: found by name, verified, licensed, self-describing.

Needs numpy and safetensors only; PyTorch and h5py are imported to convert their files.
"""

from typing import TYPE_CHECKING, Any

from impasto.weights.layout import depths_from_keys
from impasto.weights.locate import WeightsStatus, find_weights, list_weights, user_weights_dir
from impasto.weights.registry import ENTRIES, Entry, Mirror
from impasto.weights.store import read_weights, weights_sha256, write_weights

if TYPE_CHECKING:
    from impasto.weights.convert import import_weights
    from impasto.weights.download import fetch_weights

__all__ = [
    "ENTRIES",
    "Entry",
    "Mirror",
    "WeightsStatus",
    "depths_from_keys",
    "fetch_weights",
    "find_weights",
    "import_weights",
    "list_weights",
    "read_weights",
    "user_weights_dir",
    "weights_sha256",
    "write_weights",
]

_LATE = {"fetch_weights": "download", "import_weights": "convert"}


def __getattr__(name: str) -> Any:
    # late, because a download imports the web's protocols
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"impasto.weights.{_LATE[name]}"), name)
