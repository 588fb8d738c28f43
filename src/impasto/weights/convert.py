"""Bring weights files of other programs into the user's folder, as our safetensors."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from impasto.errors import WeightsError
from impasto.weights.layout import canonical, check, depths_from_keys, recognise
from impasto.weights.locate import user_weights_dir
from impasto.weights.readers import file_kind, read_foreign
from impasto.weights.registry import ENTRIES, FOREIGN, Mirror, lookup
from impasto.weights.store import (
    FORMAT,
    read_safetensors,
    read_weights,
    weights_sha256,
    write_weights,
)

PUBLISHED_PREPROCESSINGS = ("caffe", "torchvision")


@dataclass(frozen=True)
class Origin:
    """Say what a file's numbers expect as input, under which terms, and whose they are."""

    preprocessing: str
    license: str
    source: str


def import_weights(
    file: str | Path, name: str | None = None, *, preprocessing: str | None = None
) -> Path:
    """Convert a weights file into the user's folder and return where it lies.

    Reads our safetensors, and VGG weights in safetensors, PyTorch (.pth, a plain state dict)
    or Keras (.h5, without top). `name` is found out from the layers where it is not given.
    `preprocessing` says what the numbers expect, "caffe" (BGR, 0 to 255 minus the mean) or
    "torchvision" (RGB, mean and standard deviation); it is needed only for PyTorch-style
    files that no known SHA-256 identifies.

    Raises:
        WeightsError: The file is damaged, holds code, or is not the network it should be, or
            its preprocessing cannot be told.
        MissingExtraError: The package that reads this kind of file is not installed.
    """
    file = Path(file)
    if name is not None:
        lookup(name)
    if preprocessing is not None and preprocessing not in PUBLISHED_PREPROCESSINGS:
        raise WeightsError(
            f"preprocessing {preprocessing!r}: choose one of {', '.join(PUBLISHED_PREPROCESSINGS)}"
        )
    kind = file_kind(file)
    if kind == "safetensors" and _is_described(file):
        return _copy(file, name)
    mirrors = [mirror for entry in ENTRIES.values() for mirror in entry.mirrors]
    return convert(file, name, identify(file, kind, preprocessing, mirrors))


def convert(file: Path, name: str | None, origin: Origin) -> Path:
    """Write the VGG in `file` into the user's folder, under its name."""
    tensors = canonical(read_foreign(file))
    entry = lookup(name or recognise(tensors))
    if not entry.mirrors:
        raise WeightsError(f"{file}: {entry.name} can only be imported from Impasto's own files")
    check(entry, tensors)
    depths = depths_from_keys(tensors)
    metadata = {
        "name": entry.name,
        "arch": entry.name,
        "preprocessing": origin.preprocessing,
        "license": origin.license,
        "source": origin.source,
        "training": "ImageNet classification (ILSVRC), by its authors",
        "source_sha256": weights_sha256(file),
    }
    if depths != entry.depths:
        metadata["config"] = json.dumps({"depths": depths})
    return write_weights(user_weights_dir() / f"{entry.name}.safetensors", tensors, metadata)


def identify(file: Path, kind: str, preprocessing: str | None, mirrors: Iterable[Mirror]) -> Origin:
    """Find out what a foreign file is: by the argument, its hash, or being Keras's.

    Raises:
        WeightsError: It bears a published file's name but not its hash, or nothing tells.
    """
    mirrors = list(mirrors)
    if preprocessing is not None:
        return Origin(preprocessing, "as its source states", file.name)
    digest = weights_sha256(file)
    for mirror in mirrors:
        if matches(file, digest, mirror):
            return Origin(mirror.preprocessing, mirror.license, mirror.url)
    if any(mirror.file_name == file.name for mirror in mirrors):
        raise WeightsError(
            f"{file}: damaged or another file, its hash is not the published one; download it "
            f"again, or give preprocessing= if you made it yourself"
        )
    if kind == "keras":
        # Keras's VGGs are all the Caffe ones
        return Origin("caffe", "as its source states", file.name)
    raise WeightsError(
        f"{file}: cannot tell whether these weights expect Caffe's input or torchvision's "
        f'(SHA-256 {digest[:8]} is unknown): give preprocessing="caffe" or "torchvision"'
    )


def matches(file: Path, digest: str, mirror: Mirror) -> bool:
    """Return whether a file with the SHA-256 `digest` is the one a mirror should hold."""
    if mirror.sha256:
        return digest.startswith(mirror.sha256)
    if not mirror.md5 or mirror.size not in (None, file.stat().st_size):
        return False
    with file.open("rb") as stream:
        # against damage only, so MD5 serves where nothing better is published
        md5 = hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False))
    return md5.hexdigest() == mirror.md5


def _is_described(file: Path) -> bool:
    return file.name in FOREIGN or read_safetensors(file)[1].get("format") == FORMAT


def _copy(file: Path, name: str | None) -> Path:
    tensors, metadata = read_weights(file)
    found = metadata["name"]
    if name not in (None, found):
        raise WeightsError(f"{file}: these are the weights of {found!r}, not of {name!r}")
    entry = lookup(found)
    if entry.mirrors:
        check(entry, tensors)
    return write_weights(user_weights_dir() / f"{entry.name}.safetensors", tensors, metadata)
