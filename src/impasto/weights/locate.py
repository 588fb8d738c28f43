"""Find weights by name, on this machine."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from impasto.errors import WeightsError
from impasto.weights.registry import ENTRIES, FOREIGN, Entry, lookup
from impasto.weights.store import PACKAGE_DATA

ENVIRONMENT = "IMPASTO_WEIGHTS"


@dataclass(frozen=True)
class WeightsStatus:
    """Say what is known of one network and whether its weights are here.

    `size` is in bytes; it and `path` are None where nothing was found.
    """

    name: str
    path: Path | None
    size: int | None
    license: str
    preprocessing: str
    description: str


def user_weights_dir() -> Path:
    """Return the folder for a user's weights; it need not exist.

    XDG_DATA_HOME rules where it is set, then the platform's convention.
    """
    xdg = os.environ.get("XDG_DATA_HOME", "")
    # the XDG specification says to ignore relative paths
    if xdg and Path(xdg).is_absolute():
        base = Path(xdg)
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path.home() / ".local" / "share"
    return base / "impasto" / "weights"


def find_weights(name: str) -> Path:
    """Return the file with a network's weights.

    Looks in the folders that IMPASTO_WEIGHTS lists, in the user's data folder and in the
    package, in this order.

    Raises:
        WeightsError: The name is unknown, or no folder has the file.
    """
    entry = lookup(name)
    for path in _candidates(entry):
        if path.is_file():
            return path
    raise WeightsError(_absent(entry))


def list_weights() -> list[WeightsStatus]:
    """Return the state of every known network."""
    return [_status(entry) for entry in ENTRIES.values()]


def _status(entry: Entry) -> WeightsStatus:
    path = next((path for path in _candidates(entry) if path.is_file()), None)
    size = path.stat().st_size if path else None
    return WeightsStatus(
        entry.name, path, size, entry.license, entry.preprocessing, entry.description
    )


def _candidates(entry: Entry) -> Iterator[Path]:
    listed = os.environ.get(ENVIRONMENT, "").split(os.pathsep)
    names = [f"{entry.name}.safetensors"]
    names += [foreign.file_name for foreign in FOREIGN.values() if foreign.name == entry.name]
    for folder in (*(Path(item).expanduser() for item in listed if item), user_weights_dir()):
        yield from (folder / name for name in names)
    if entry.shipped:
        yield PACKAGE_DATA / names[0]


def _absent(entry: Entry) -> str:
    if entry.mirrors:
        return (
            f"weights {entry.name} are not on this machine: fetch with `impasto weights fetch "
            f"{entry.name}` or import with `impasto weights import FILE`"
        )
    if entry.shipped:
        return f"weights {entry.name} are missing from this installation: reinstall impasto"
    return (
        f"weights {entry.name} are not on this machine and have no download: put their file into "
        f"a folder that {ENVIRONMENT} names, or import with `impasto weights import FILE`"
    )
