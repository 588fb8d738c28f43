"""Where a user's key and the certificates that are trusted are kept."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ENVIRONMENT = "IMPASTO_CONFIG"


def user_config_dir() -> Path | None:
    """Return the folder for what is the user's own; it need not exist.

    IMPASTO_CONFIG names another; then XDG_CONFIG_HOME rules, then the platform's convention. A user
    without a home has none.
    """
    given, xdg = os.environ.get(ENVIRONMENT), os.environ.get("XDG_CONFIG_HOME", "")
    if given:
        return Path(given)
    # the XDG specification says to ignore relative paths
    if xdg and Path(xdg).is_absolute():
        return Path(xdg) / "impasto"
    try:
        home = Path.home()
    except RuntimeError:
        return None
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA") or home / "AppData" / "Roaming") / "impasto"
    return (
        home
        / ("Library/Application Support" if sys.platform == "darwin" else ".config")
        / ("impasto")
    )


def trusted_certificates(more: tuple[Path, ...] = ()) -> str:
    """Return, as PEM, the certificates that are trusted: of the user's folder and of other files.

    Raises:
        OSError: one of the other files cannot be read.
    """
    texts = [path.read_text(encoding="ascii", errors="replace") for path in more]
    folder = user_config_dir()
    for path in sorted((folder / "trusted").glob("*.pem")) if folder is not None else ():
        try:
            texts.append(path.read_text(encoding="ascii", errors="replace"))
        except OSError:
            continue  # what may not be read is not trusted
    return "\n".join(texts)
