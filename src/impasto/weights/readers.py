"""Read other programs' weights files into named numpy arrays, running none of their code."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.errors import MissingExtraError, WeightsError
from impasto.weights.store import read_safetensors

Array = NDArray[Any]

_HDF5 = b"\x89HDF\r\n\x1a\n"
_KERAS_LAYER = re.compile(r"(?:^|/)block(\d+)_conv(\d+)(?=/)")
_PACKAGES = {"keras": "h5py", "torch": "torch"}


def file_kind(file: Path) -> str:
    """Return "keras", "torch" or "safetensors", judged by the first bytes.

    Raises:
        WeightsError: The file cannot be read, or is none of them.
    """
    try:
        with file.open("rb") as stream:
            head = stream.read(9)
    except OSError as error:
        raise WeightsError(f"{file}: cannot be read ({error.strerror or error})") from error
    if head.startswith(_HDF5):
        return "keras"
    if head.startswith(b"PK\x03\x04") or head[:1] == b"\x80":
        return "torch"
    if head[8:9] == b"{":
        return "safetensors"
    raise WeightsError(f"{file}: neither safetensors, a PyTorch state dict nor Keras HDF5")


def kind_of_name(file_name: str) -> str:
    """Return what a file will be, judged by its name; for files that are not here yet."""
    suffix = Path(file_name).suffix.lower()
    return {".h5": "keras", ".hdf5": "keras", ".pth": "torch", ".pt": "torch"}.get(
        suffix, "safetensors"
    )


def readable(kind: str) -> bool:
    """Return whether the package that reads this kind of file is installed."""
    package = _PACKAGES.get(kind, "numpy")
    try:
        return find_spec(package) is not None
    except ValueError:
        # a module that was barred from import, or lost its spec
        return sys.modules.get(package) is not None


def require(kind: str) -> None:
    """Check that this kind of file can be read here.

    Raises:
        MissingExtraError: Its package is not installed.
    """
    if not readable(kind):
        raise MissingExtraError(f"Reading {kind} weights files", "optimize")


def read_foreign(file: Path) -> dict[str, Array]:
    """Return the tensors of a safetensors, PyTorch or Keras file; convolutions OIHW.

    Raises:
        WeightsError: The file is damaged, or holds more than tensors.
        MissingExtraError: The package to read it is not installed.
    """
    kind = file_kind(file)
    require(kind)
    if kind == "keras":
        return _read_keras(file)
    if kind == "torch":
        return _read_torch(file)
    return read_safetensors(file)[0]


def _read_torch(file: Path) -> dict[str, Array]:
    import torch

    try:
        state = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # damaged files make torch raise nearly anything
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise WeightsError(
            f"{file}: not a plain PyTorch state dict; damaged, or it holds code, which is never "
            f"run ({reason})"
        ) from error
    if isinstance(state, Mapping) and isinstance(state.get("state_dict"), Mapping):
        state = state["state_dict"]
    if not isinstance(state, Mapping):
        raise WeightsError(f"{file}: holds a {type(state).__name__}, expected a state dict")
    tensors = {str(k): v for k, v in state.items() if isinstance(v, torch.Tensor)}
    # numpy has no bfloat16
    return {
        k: (v.float() if v.dtype == torch.bfloat16 else v).detach().contiguous().numpy()
        for k, v in tensors.items()
    }


def _read_keras(file: Path) -> dict[str, Array]:
    import h5py  # type: ignore[import-untyped,unused-ignore]

    arrays: dict[str, Array] = {}

    def visit(path: str, item: Any) -> None:
        layer = _KERAS_LAYER.search(path)
        if layer and isinstance(item, h5py.Dataset) and item.ndim in (1, 4):
            kind = "bias" if item.ndim == 1 else "weight"
            arrays[f"conv{layer[1]}_{layer[2]}.{kind}"] = np.asarray(item[()])

    try:
        with h5py.File(file, "r") as content:
            content.visititems(visit)
    except (OSError, RuntimeError, KeyError) as error:
        raise WeightsError(f"{file}: not a whole HDF5 file ({error})") from error
    if not arrays:
        raise WeightsError(f"{file}: no layers named block1_conv1 and so on: not Keras's VGG")
    return {key: _from_hwio(file, key, array) for key, array in arrays.items()}


def _from_hwio(file: Path, key: str, array: Array) -> Array:
    if array.ndim == 1:
        return array
    # Theano-ordered files have flipped kernels in OIHW
    if array.shape[:2] != (3, 3):
        raise WeightsError(
            f"{file}: {key} is {array.shape}, expected 3x3 first: use the tf_dim_ordering file"
        )
    return np.ascontiguousarray(array.transpose(3, 2, 0, 1))
