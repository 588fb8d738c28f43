"""Who signs: a key made on first use and kept for this user alone, or a certificate of theirs."""

from __future__ import annotations

import os
import secrets
import stat
import sys
import time
import warnings
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

from impasto.errors import ProvenanceError
from impasto.images.files import reason
from impasto.provenance.certificates import Made, algorithm_of, make
from impasto.provenance.folder import user_config_dir

_FILE = "signing-key.pem"
_TRIES = 20
_KEY_BEGIN, _BEGIN = "-----BEGIN PRIVATE KEY-----", "-----BEGIN CERTIFICATE-----"


@dataclass(frozen=True)
class Identity:
    """Hold what signs: certificates (PEM, the signer's first), its private key and algorithm."""

    chain: str
    key: str
    algorithm: str
    shown: str


def identity_of(cert: str | None, key: str | None) -> Identity:
    """Return the certificate named, else IMPASTO_CERT's with IMPASTO_KEY, else Impasto's own.

    Impasto's own is made on first use; where it cannot be kept, it is one for this process alone.

    Raises:
        ProvenanceError: a certificate is named and cannot sign.
    """
    cert = cert or os.environ.get("IMPASTO_CERT") or None
    key = key or os.environ.get("IMPASTO_KEY") or None
    if cert is None and key is None:
        return _own(user_config_dir())
    if cert is None or key is None:
        raise ProvenanceError("IMPASTO_CERT and IMPASTO_KEY go together: set both, or none")
    chain, private = _read(Path(cert)), _read(Path(key))
    return Identity(chain, private, algorithm_of(chain, private, cert, key), cert)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, ValueError) as error:
        raise ProvenanceError(f"{path} cannot be read ({reason(error)}): expected PEM") from None


@lru_cache(maxsize=4)  # for each folder, so that what is noted is noted once
def _own(folder: Path | None) -> Identity:
    """Return the key of this folder, made if there is none."""
    if folder is None:
        return _passing("there is no home to keep a key in: set IMPASTO_CONFIG to a folder")
    path = folder / _FILE
    try:
        text = _stored(path)
        return _parsed(_keep(path) if text is None else text, path)
    except OSError as error:
        return _passing(f"{path} cannot be kept ({reason(error)})")
    except ValueError:
        return _passing(f"{path} is damaged: delete it, and a new one is made")


def _passing(why: str) -> Identity:
    """Return a key that nobody will know again, and say why; a picture is worth more than it."""
    warnings.warn(f"signed with a key for this run alone; {why}", UserWarning, stacklevel=2)
    made = make()
    return Identity(made.chain, made.key, "es256", "a key for this run alone")


def _stored(path: Path) -> str | None:
    """Return what a file holds, None if there is none; only its owner may read it after that."""
    for _ in range(_TRIES):
        try:
            with open(path, encoding="ascii") as file:
                _close_to_others(file, path)
                text = file.read()
        except FileNotFoundError:
            return None
        if text:
            break
        time.sleep(0.05)  # another process is about to fill it: see `_placed`
    return text


def _close_to_others(file: IO[str], path: Path) -> None:
    mode = os.fstat(file.fileno()).st_mode
    if sys.platform != "win32" and stat.S_IMODE(mode) & 0o077:
        os.chmod(path, 0o600)
        text = f"others could read {path}; now they cannot. Delete it if they may have"
        warnings.warn(text, UserWarning, stacklevel=2)


def _parsed(text: str, path: Path) -> Identity:
    """Read what `_keep` wrote.

    Raises:
        ValueError: it is damaged.
    """
    start = text.find(_BEGIN)
    if not text.startswith(_KEY_BEGIN) or start < 0 or text.count(_BEGIN) != 2:
        raise ValueError("not a key and two certificates")
    key, chain = text[:start], text[start:]
    # by the library that signs, which is loaded anyway, and not by another
    from impasto.provenance.native import check_signer

    check_signer(chain, key, "es256")
    return Identity(chain, key, "es256", str(path))


def _keep(path: Path) -> str:
    """Make a key and keep it; of several processes that do so at once, one's is kept for all.

    Raises:
        OSError: it cannot be kept.
    """
    made = make()
    trusted = path.parent / "trusted"
    trusted.mkdir(mode=0o700, parents=True, exist_ok=True)
    text = made.key + made.chain
    part = path.with_name(f".{path.name}-{secrets.token_hex(6)}.part")
    try:
        _write(part, text)
        if not _placed(part, path):
            found = _stored(path)
            return text if found is None else found
    finally:
        part.unlink(missing_ok=True)
    _trust(trusted, made)
    return text


def _write(path: Path, text: str) -> None:
    # "x" and the mode from the start: nobody may read it at any moment
    with open(path, "x", encoding="ascii", opener=_private) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _placed(part: Path, path: Path) -> bool:
    """Give a whole file its name unless another has it; return whether it has it now."""
    try:
        if sys.platform == "win32":
            os.rename(part, path)  # which never replaces there
        else:
            os.link(part, path)
    except FileExistsError:
        return False
    except OSError:  # a disk without links: the name first, then what it holds
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError:
            return False
        os.replace(part, path)
    return True


def _trust(folder: Path, made: Made) -> None:
    """Trust what is signed with it, as others may who are given this file; it holds no secret."""
    (folder / f"impasto-{made.serial:016x}.pem").write_text(made.authority, encoding="ascii")


def forget() -> None:
    """Look for the key anew when it is next needed."""
    cached: Any = _own
    cached.cache_clear()
