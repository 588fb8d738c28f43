"""Keep compiled graphs on disk, so that the next process need not compile them.

A cache and no more: what is missing, damaged or cannot be written is compiled, without a word.
"""

from __future__ import annotations

import hashlib
import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

ENVIRONMENT = "IMPASTO_CACHE"

_MOST_FILES, _MOST_BYTES = 32, 2**26  # a graph takes a megabyte or two
_DIGEST = 32
_NAME = Path("impasto", "graphs")


def user_cache_dir() -> Path | None:
    """Return the folder for compiled graphs; it need not exist.

    IMPASTO_CACHE names another, or says "off" (None); then XDG_CACHE_HOME rules, then the
    platform's convention. A user without a home has none.
    """
    given, xdg = os.environ.get(ENVIRONMENT), os.environ.get("XDG_CACHE_HOME", "")
    if given:
        return None if given == "off" else Path(given)
    # the XDG specification says to ignore relative paths
    if xdg and Path(xdg).is_absolute():
        return Path(xdg) / _NAME
    try:
        home = Path.home()
    except RuntimeError:
        return None
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / _NAME
    return home / ("Library/Caches" if sys.platform == "darwin" else ".cache") / _NAME


@dataclass(frozen=True)
class GraphCache:
    """Keep the graphs used last in a folder, or none without a folder.

    Several processes may use it at once: files appear whole, and may go at any time.
    """

    folder: Path | None

    def load(self, key: str) -> bytes | None:
        """Return what was stored under a key, if it is there and whole."""
        if self.folder is None:
            return None
        path = self.folder / key
        try:
            data = path.read_bytes()
        except OSError:
            return None
        with suppress(OSError):
            os.utime(path)  # used last
        digest, graph = data[:_DIGEST], data[_DIGEST:]
        return graph if hashlib.sha256(graph).digest() == digest else None

    def store(self, key: str, graph: bytes) -> None:
        """Keep a graph under a key, and forget those that were not used for longest."""
        if self.folder is None:
            return
        part = self.folder / f"{os.urandom(8).hex()}.part"
        with suppress(OSError):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                part.write_bytes(hashlib.sha256(graph).digest() + graph)
                part.replace(self.folder / key)
            finally:
                part.unlink(missing_ok=True)
            self._make_room(self.folder)

    @staticmethod
    def _make_room(folder: Path) -> None:
        found = []
        for path in folder.iterdir():
            with suppress(OSError):
                about = path.stat()
                found.append((about.st_mtime_ns, about.st_size, path))
        kept = 0
        for number, (_, size, path) in enumerate(sorted(found, reverse=True)):
            kept += size
            if number >= _MOST_FILES or kept > _MOST_BYTES:
                with suppress(OSError):
                    path.unlink()
