"""Styles that go by a name: the user's own, in a folder, and those that ship.

A name is that of a code, or of a network file; a style of a network with several is called
`network#style`.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache
from pathlib import Path

from impasto.errors import OptionError
from impasto.methods.realtime.codes import SUFFIX, StyleCode, load_code, renamed, shipped_codes
from impasto.methods.realtime.model import DATA
from impasto.methods.realtime.network_file import SUFFIX as NETWORK
from impasto.methods.realtime.network_file import read_network
from impasto.options import suggest
from impasto.weights.locate import user_weights_dir

NETWORKS = DATA.with_name("networks")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


def find_style(name: str) -> StyleCode | None:
    """Return the style of this name, or None; the user's own before those that ship.

    Raises:
        WeightsError: its file is damaged.
        OptionError: its network has several styles, and none of the name after the "#".
    """
    stem, _, part = name.partition("#")
    own = user_styles().get(stem)
    if own is not None and own.suffix == SUFFIX:
        return renamed(load_code(own), stem) if not part else None  # whatever it was called
    if own is None and name in shipped_codes():
        return shipped_codes()[name]
    network = own or shipped_networks().get(stem)
    return None if network is None else read_network(network).style(part)


def unknown_style(name: str) -> OptionError:
    """Return the error for a style that is neither a file nor a name."""
    names = [*user_styles(), *shipped_networks(), *shipped_codes()]
    return OptionError(f"style {name!r} is no file and no style's name: {suggest(name, names)}")


def user_styles() -> dict[str, Path]:
    """Return the files of the user's own styles by name, of codes and of networks."""
    folder = user_styles_dir()
    found = {path.stem: path for path in sorted(folder.glob(f"*{NETWORK}"))}
    return found | {path.stem: path for path in sorted(folder.glob(f"*{SUFFIX}"))}


@lru_cache(maxsize=1)
def shipped_networks() -> dict[str, Path]:
    """Return the networks of single styles that ship, by name."""
    return {path.stem: path for path in sorted(NETWORKS.glob(f"*{NETWORK}"))}


def user_styles_dir() -> Path:
    """Return the folder of the user's styles; it need not exist. IMPASTO_STYLES names another."""
    given = os.environ.get("IMPASTO_STYLES")
    return Path(given) if given else user_weights_dir().with_name("styles")


def target_of(name: str) -> Path:
    """Return where to write a style: a path that ends in .style, or a name in the user's folder.

    Raises:
        OptionError: a name with anything but small letters, digits, "_" and "-".
    """
    path = Path(name)
    if path.name and (name.endswith(SUFFIX) or os.sep in name):
        return path if path.suffix == SUFFIX else path.with_name(path.name + SUFFIX)
    if not _NAME.fullmatch(name):
        raise OptionError(
            f"style name {name!r}: use small letters, digits, '_' and '-', or a path that"
            f" ends in {SUFFIX}"
        )
    return user_styles_dir() / f"{name}{SUFFIX}"
