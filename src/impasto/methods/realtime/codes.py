"""Style codes: what the real-time network needs to know of a style, in half a kilobyte.

A code is a vector: what the style encoder learned to see, and at its end the mean of the
colours and the root of their covariance (see `model.COLOR`). Codes are blended by weights,
stored in files, and shipped as presets.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from impasto.errors import WeightsError
from impasto.methods.realtime.model import checked, shipped_model
from impasto.weights import read_weights, write_weights

if TYPE_CHECKING:
    from impasto.methods.realtime.network_file import NetworkFile

Array = NDArray[np.float32]

ARCH = "realtime-style"
SUFFIX = ".style"
CODES = "styles.safetensors"


@dataclass(frozen=True, eq=False)
class StyleCode:
    """Hold a style's code and what is known of it.

    `vector` is (code,) float32; `affines` the gains and shifts of a style that was tuned beyond
    its code, as one vector that is added to those of the code, or None. `sha256` is the hash of
    the picture or of the file that it comes from. `network` is the network that it was trained
    with; None is the one that ships. There the vector holds the colours alone.
    """

    name: str
    vector: Array
    source: str = ""
    license: str = ""
    sha256: str = ""
    affines: Array | None = None
    tuned: bool = False
    network: NetworkFile | None = None

    @property
    def digest(self) -> str:
        """Return the SHA-256 of what it paints with."""
        digest = hashlib.sha256(self.vector.tobytes())
        if self.affines is not None:
            digest.update(self.affines.tobytes())
        if self.network is not None:
            digest.update(self.network.sha256.encode())
        return digest.hexdigest()


def blend_codes(codes: Sequence[StyleCode], weights: Sequence[float]) -> StyleCode:
    """Return the mean of codes by weights that sum to one; colours are blended as well."""
    if len(codes) == 1:
        return codes[0]
    vector = sum(w * code.vector for w, code in zip(weights, codes, strict=True))
    changes = [w * c.affines for w, c in zip(weights, codes, strict=True) if c.affines is not None]
    affines = np.asarray(sum(changes), np.float32) if changes else None
    name = "+".join(code.name for code in codes)
    vector = np.asarray(vector, np.float32)
    return StyleCode(name, vector, affines=affines, network=codes[0].network)


def renamed(code: StyleCode, name: str) -> StyleCode:
    """Return the code under another name."""
    return replace(code, name=name, source=code.source or code.name)


def save_code(path: Path, code: StyleCode) -> Path:
    """Write a code to a file.

    Raises:
        WeightsError: it cannot be written, or belongs to another network.
    """
    if code.network is not None:
        raise WeightsError(f"{code.name} needs its network: copy {code.network.path.name} instead")
    tensors = {"code": code.vector}
    if code.affines is not None:
        tensors["affines"] = code.affines
    return write_weights(path, tensors, _metadata(code.name, [code]))


def load_code(path: str | os.PathLike[str]) -> StyleCode:
    """Read a code that `save_code` wrote.

    Raises:
        WeightsError: the file is damaged, no code, or made for another network.
    """
    from impasto.weights import weights_sha256

    tensors, metadata = read_weights(path)
    styles, model = _about(path, metadata), shipped_model()
    _check(path, tensors.get("code"), (model.code_size,))
    if "affines" in tensors:
        _check(path, tensors["affines"], model.bias.shape)
    if len(styles) != 1:
        raise WeightsError(f"{path}: tells of {len(styles)} styles, expected one")
    about = styles[0]
    return StyleCode(
        about["name"],
        tensors["code"],
        about["source"],
        about["license"],
        weights_sha256(path),
        tensors.get("affines"),
        about["tuned"],
    )


def _check(path: str | os.PathLike[str], values: Array | None, shape: tuple[int, ...]) -> None:
    found = None if values is None else values.shape
    if values is None or found != shape or not np.isfinite(values).all():
        raise WeightsError(f"{path}: no style's code: found {found}, expected finite {shape}")


def save_codes(path: Path, codes: Sequence[StyleCode]) -> Path:
    """Write several codes to one file, as the presets are.

    Raises:
        WeightsError: one has gains and shifts of its own, for which there is no room.
    """
    tuned = [code.name for code in codes if code.affines is not None]
    if tuned:
        raise WeightsError(f"{path}: tuned styles need a file each: {', '.join(tuned)}")
    table = np.stack([code.vector for code in codes])
    return write_weights(path, {"codes": table}, _metadata("styles", codes))


@lru_cache(maxsize=1)
def shipped_codes() -> dict[str, StyleCode]:
    """Return the presets by name.

    Raises:
        WeightsError: the file is missing or damaged.
    """
    path = checked(CODES)
    tensors, metadata = read_weights(path)
    return {
        about["name"]: StyleCode(
            about["name"], vector, about["source"], about["license"], about["sha256"]
        )
        for about, vector in zip(_about(path, metadata), tensors["codes"], strict=True)
    }


def _metadata(name: str, codes: Sequence[StyleCode]) -> dict[str, str]:
    about = [
        {
            "name": code.name,
            "source": code.source,
            "license": code.license,
            "sha256": code.sha256,
            "tuned": code.tuned,
        }
        for code in codes
    ]
    return {
        "name": name,
        "arch": ARCH,
        "preprocessing": "none",
        "license": codes[0].license or "unknown",
        "source": codes[0].source or "unknown",
        "config": json.dumps({"network": shipped_model().sha256, "styles": about}),
        "training": "tuned" if codes[0].tuned else "by the style encoder",
    }


def _about(path: str | os.PathLike[str], metadata: dict[str, str]) -> list[dict[str, Any]]:
    if metadata["arch"] != ARCH:
        raise WeightsError(f"{path}: holds {metadata['arch']}, expected a style's code")
    config = json.loads(metadata.get("config") or "{}")
    if config.get("network") != shipped_model().sha256:
        raise WeightsError(
            f"{path}: made for another version of the network; make it anew with"
            " `impasto styles save` or `impasto styles tune`"
        )
    return config.get("styles", [])  # type: ignore[no-any-return]
