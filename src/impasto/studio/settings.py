"""Settings of the server, each declared once. Needs neither FastAPI nor torch."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from impasto.errors import OptionError
from impasto.options import byte_count, check, option

LOOPBACK = ("127.0.0.1", "::1", "localhost")
EVERYWHERE = ("0.0.0.0", "::")


@dataclass(frozen=True)
class Settings:
    """Say where the server listens, what it keeps, and how much it takes."""

    host: str = option("127.0.0.1", "Address to listen at; any but this machine's needs a token.")
    port: int = option(7860, "Port to listen at; 0 takes one that is free.", low=0, high=65535)
    token: str | None = option(
        None, "Secret that clients must show; without it, what IMPASTO_TOKEN holds."
    )
    allow_host: str | None = option(
        None, "Other names by which browsers may call the server, as studio.example:7860,other."
    )
    data: str | None = option(
        None, "Folder of pictures, results and jobs; without it, one in the user's own."
    )
    workers: int = option(1, "Processes that work at jobs; they share the cores.", low=1, high=64)
    max_queue: int = option(
        1000, "Jobs that may wait; more are asked to come back later.", group="Limits", low=1
    )
    max_live: int = option(
        128, "Pictures painted at once that may wait.", group="Limits", low=1, high=100_000
    )
    max_bytes: str = option("256MB", "Largest upload.", group="Limits", reads=byte_count)
    max_pixels: int = option(
        2**27, "Most pixels of an upload or a result of a job.", group="Limits", low=256
    )
    live_pixels: int = option(
        2**24, "Most pixels of a picture that is painted at once.", group="Limits", low=256
    )
    seconds: float = option(
        20.0, "Seconds that a request or a slow client may take.", group="Limits", low=1, high=3600
    )
    memory: str = option(
        "4GB", "Memory of a process that decodes or paints at once.", group="Limits",
        reads=byte_count,
    )  # fmt: skip
    per_client: int = option(128, "Requests that one client may have open.", group="Limits", low=1)
    keep_days: float = option(
        30.0, "Days that files stay after they were last used.", group="Limits", low=0
    )
    keep_bytes: str = option(
        "20GB", "Room for files; the oldest go first.", group="Limits", reads=byte_count
    )

    def __post_init__(self) -> None:
        """Check all limits, and that strangers need a token.

        Raises:
            OptionError: something is outside its limits, or nobody would be asked for a token.
        """
        check(self)
        if self.token is None and os.environ.get("IMPASTO_TOKEN"):
            object.__setattr__(self, "token", os.environ["IMPASTO_TOKEN"])
        if self.token is not None and len(self.token) < 12:
            raise OptionError("token: expected at least 12 letters, so that nobody guesses it")
        if self.host not in LOOPBACK and self.token is None:
            raise OptionError(
                f"host {self.host} lets other machines in: set a secret in IMPASTO_TOKEN or with"
                " --token, or listen at 127.0.0.1"
            )

    @property
    def folder(self) -> Path:
        """Return where everything is kept."""
        return Path(self.data) if self.data else user_data_dir()

    @property
    def upload_bytes(self) -> int:
        """Return the bytes of the largest upload."""
        return byte_count(self.max_bytes) or 0

    @property
    def process_bytes(self) -> int:
        """Return the bytes of memory of a process that decodes."""
        return byte_count(self.memory) or 0

    @property
    def kept_bytes(self) -> int:
        """Return the room for files."""
        return byte_count(self.keep_bytes) or 0


def user_data_dir() -> Path:
    """Return the folder of the user's server; IMPASTO_STUDIO names another.

    Raises:
        OptionError: the user has no home.
    """
    given, xdg = os.environ.get("IMPASTO_STUDIO"), os.environ.get("XDG_DATA_HOME", "")
    if given:
        return Path(given)
    if xdg and Path(xdg).is_absolute():
        return Path(xdg) / "impasto" / "studio"
    try:
        home = Path.home()
    except RuntimeError:
        raise OptionError("there is no home folder: name one with --data") from None
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData/Local") / "impasto/studio"
    if sys.platform == "darwin":
        return home / "Library/Application Support/impasto/studio"
    return home / ".local/share/impasto/studio"
