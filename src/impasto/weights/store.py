"""Read and write weights: safetensors whose metadata say what they are.

The metadata of format `impasto-weights-1` are name, arch, preprocessing, config (JSON,
optional), license, source, training and tensors_sha256.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import struct
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from impasto.errors import WeightsError
from impasto.weights.registry import ENTRIES, FOREIGN, PREPROCESSINGS, Foreign

Array = NDArray[Any]

FORMAT = "impasto-weights-1"
REQUIRED = ("name", "arch", "preprocessing", "license", "source", "training")
PACKAGE_DATA = Path(__file__).parent / "data"

_DTYPES = {"float16": "F16", "float32": "F32", "float64": "F64"}


def read_weights(path: str | os.PathLike[str]) -> tuple[dict[str, Array], dict[str, str]]:
    """Return the tensors (OIHW) and the metadata of a weights file.

    The file's SHA-256 is compared with the registry where it stands there, the tensors'
    with the metadata where they have one.

    Raises:
        WeightsError: The file is missing, damaged, not ours, or not what the hash promises.
    """
    path = Path(path)
    tensors, metadata = read_safetensors(path)
    foreign = FOREIGN.get(path.name)
    if metadata.get("format") != FORMAT and foreign:
        metadata = _describe(foreign)
    if metadata.get("format") != FORMAT:
        raise WeightsError(
            f"{path}: no {FORMAT} metadata; bring it in with `impasto weights import {path.name}`"
        )
    check_metadata(metadata, str(path))
    expected = _registered_sha256(path)
    if expected and (found := weights_sha256(path)) != expected:
        raise WeightsError(f"{path}: damaged, SHA-256 is {found}, expected {expected}")
    digest = metadata.get("tensors_sha256")
    if digest and digest != tensors_sha256(tensors):
        raise WeightsError(f"{path}: damaged, the tensors do not match their SHA-256")
    return tensors, metadata


def read_safetensors(path: Path) -> tuple[dict[str, Array], dict[str, str]]:
    """Return the tensors and metadata of any safetensors file.

    Raises:
        WeightsError: It cannot be read, or holds number types that numpy lacks.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            tensors = {key: np.asarray(file.get_tensor(key)) for key in file.keys()}  # noqa: SIM118
            metadata = dict(file.metadata() or {})
    except FileNotFoundError:
        raise WeightsError(f"{path}: no such file") from None
    except (SafetensorError, OSError, TypeError, ValueError, AttributeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise WeightsError(f"{path}: not a whole safetensors file ({reason})") from error
    return tensors, metadata


def write_weights(
    path: str | os.PathLike[str], tensors: Mapping[str, Array], metadata: Mapping[str, str]
) -> Path:
    """Write a weights file; equal input gives equal bytes, and nobody sees half a file.

    Adds `format` and `tensors_sha256` to the metadata.

    Raises:
        WeightsError: The metadata are incomplete, or the file cannot be written.
    """
    path = Path(path)
    check_metadata(metadata, str(path))
    # wide numbers first, as safetensors' own writer does: every tensor stays aligned
    order = sorted(tensors, key=lambda key: (-tensors[key].dtype.itemsize, key))
    arrays = {key: tensors[key] for key in order}
    metadata = {**metadata, "format": FORMAT, "tensors_sha256": tensors_sha256(arrays)}
    return write_whole(path, [_header(arrays, metadata), *map(_little_endian, arrays.values())])


def write_whole(path: Path, parts: Iterable[bytes]) -> Path:
    """Write a file's parts one after another; nobody sees half a file.

    Raises:
        WeightsError: It cannot be written.
    """
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("xb") as file:
            file.writelines(parts)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        raise WeightsError(f"{path}: cannot be written ({error.strerror or error})") from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
    return path


def weights_sha256(path: str | os.PathLike[str]) -> str:
    """Return the SHA-256 of a file, in hex.

    Raises:
        WeightsError: The file cannot be read.
    """
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read ({error.strerror or error})") from error


def tensors_sha256(tensors: Mapping[str, Array]) -> str:
    """Return the SHA-256 of tensors' names, types, shapes and values, in any order."""
    digest = hashlib.sha256()
    for key in sorted(tensors):
        array = tensors[key]
        digest.update(f"{key} {array.dtype.name} {array.shape}\n".encode())
        digest.update(_little_endian(array))
    return digest.hexdigest()


def check_metadata(metadata: Mapping[str, str], where: str) -> None:
    """Compare metadata with the format.

    Raises:
        WeightsError: A field is missing or says something unknown.
    """
    missing = [key for key in REQUIRED if not metadata.get(key)]
    if missing:
        raise WeightsError(f"{where}: the metadata lack {', '.join(missing)}")
    if metadata["preprocessing"] not in PREPROCESSINGS:
        raise WeightsError(
            f"{where}: preprocessing {metadata['preprocessing']!r} is none of "
            f"{', '.join(PREPROCESSINGS)}"
        )
    try:
        config = json.loads(metadata.get("config") or "{}")
    except ValueError:
        config = None
    if not isinstance(config, dict):
        raise WeightsError(f"{where}: the metadata's config is not a JSON object")


def _header(arrays: Mapping[str, Array], metadata: Mapping[str, str]) -> bytes:
    # written here because safetensors' own writer puts the metadata in a random order
    table: dict[str, Any] = {"__metadata__": dict(sorted(metadata.items()))}
    end = 0
    for key, array in arrays.items():
        if array.dtype.name not in _DTYPES:
            raise WeightsError(f"{key}: {array.dtype} is none of {', '.join(_DTYPES)}")
        start, end = end, end + array.nbytes
        table[key] = {
            "dtype": _DTYPES[array.dtype.name],
            "shape": list(array.shape),
            "data_offsets": [start, end],
        }
    text = json.dumps(table, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text


def _little_endian(array: Array) -> bytes:
    return array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()


def _describe(foreign: Foreign) -> dict[str, str]:
    return {
        "format": FORMAT,
        "name": foreign.name,
        "arch": foreign.name,
        "preprocessing": foreign.preprocessing,
        "license": foreign.license,
        "source": foreign.source,
        "training": "by its authors",
    }


def _registered_sha256(path: Path) -> str:
    if path.name in FOREIGN:
        return FOREIGN[path.name].sha256
    entry = ENTRIES.get(path.stem)
    shipped = entry is not None and path.parent == PACKAGE_DATA
    return entry.shipped_sha256 if entry and shipped else ""
