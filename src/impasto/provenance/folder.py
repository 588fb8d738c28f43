"""Where a user's key and the certificates that are trusted are kept."""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from pathlib import Path

from impasto.errors import ProvenanceError
from impasto.images.files import reason

ENVIRONMENT = "IMPASTO_CONFIG"
_PEM = re.compile("-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


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
        ProvenanceError: one of the other files cannot be read, or holds none.
    """
    found = [_certificates(path) for path in more]
    folder = user_config_dir()
    for path in sorted((folder / "trusted").glob("*.pem")) if folder is not None else ():
        with suppress(ProvenanceError):  # what cannot be read is not trusted
            found.append(_certificates(path))
    return "\n".join(found)


def _certificates(path: Path) -> str:
    try:
        text = path.read_text(encoding="ascii", errors="replace")
    except OSError as error:
        raise ProvenanceError(f"{path} cannot be read: {reason(error)}") from None
    blocks = [block for block in _PEM.findall(text) if _is_sound(block)]
    if not blocks:
        raise ProvenanceError(f"{path} holds no certificate: expected PEM")
    return "\n".join(blocks)


def _is_sound(block: str) -> bool:
    """Return whether a certificate can be read; the library would trust none beside a damaged."""
    from cryptography import x509

    try:
        x509.load_pem_x509_certificate(block.encode())
    except ValueError:
        return False
    return True
