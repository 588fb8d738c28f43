"""Files by their content: each is named by the SHA-256 of its bytes, and is whole or not there."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from contextlib import suppress
from pathlib import Path

from impasto.recipe import file_sha256

ID = re.compile(r"[0-9a-f]{64}")
_FOLDERS = ("blobs", "spool", "made", "jobs")


class Store:
    """Keep files in a folder. Several processes may use it at once.

    `blobs` holds what was taken in and what was painted; `spool` what is being written, and is
    emptied when the server starts; `made` what can be made again, such as thumbnails; `jobs` a
    folder for the work of each job.
    """

    def __init__(self, root: Path) -> None:
        """Make the folders, for this user alone."""
        self.root = root
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in _FOLDERS:
            (root / name).mkdir(mode=0o700, parents=True, exist_ok=True)

    def spooled(self, suffix: str = "") -> Path:
        """Return the name of a new file in the spool."""
        return self.root / "spool" / f"{secrets.token_hex(12)}{suffix}"

    def keep(self, path: Path) -> str:
        """Take a file of the same disk into the store, and return its name.

        It is on the disk before it is seen, and seen before this returns. The file itself goes.
        """
        sha256 = file_sha256(path)
        target = self.path(sha256)
        if target.exists():
            path.unlink()
            return sha256
        with open(path, "rb") as file:
            os.fsync(file.fileno())
        target.parent.mkdir(mode=0o700, exist_ok=True)
        path.chmod(0o600)
        os.replace(path, target)
        _sync_folder(target.parent)
        return sha256

    def path(self, sha256: str) -> Path:
        """Return where a file of this name is, or would be.

        Raises:
            ValueError: that is no hash; so no text of a client leads anywhere else.
        """
        if not ID.fullmatch(sha256):
            raise ValueError(f"{sha256!r} is no SHA-256")
        return self.root / "blobs" / sha256[:2] / sha256

    def has(self, sha256: str) -> bool:
        """Return whether the file is there."""
        return self.path(sha256).exists()

    def link(self, sha256: str, target: Path) -> Path:
        """Give a file another name, under which it stays if the store forgets it."""
        if target.exists():
            return target
        try:
            os.link(self.path(sha256), target)
        except OSError:  # a disk without such names
            shutil.copyfile(self.path(sha256), target)
        return target

    def remove(self, sha256: str) -> None:
        """Delete a file, and what was made of it."""
        self.path(sha256).unlink(missing_ok=True)
        for path in (self.root / "made").glob(f"{sha256}*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)

    def made(self, name: str) -> Path:
        """Return where something that was made of a file is, or would be."""
        return self.root / "made" / name

    def work(self, job: str) -> Path:
        """Return the folder of a job's work, made if need be."""
        folder = self.root / "jobs" / job
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    def drop_work(self, job: str) -> None:
        """Delete a job's folder."""
        shutil.rmtree(self.root / "jobs" / job, ignore_errors=True)

    def clear_spool(self) -> None:
        """Delete what was being written when a server before this one ended."""
        for path in (self.root / "spool").iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    with suppress(OSError):  # Windows has no such thing
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
