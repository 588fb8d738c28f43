"""Read whole files, tell their format by their first bytes, and write them in one step."""

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from impasto.errors import ImageError

READABLE = "JPEG, PNG, WebP, AVIF, TIFF, BMP, GIF or HEIC"

_SIGNATURES = {
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"BM": "BMP",
    b"II*\x00": "TIFF",
    b"MM\x00*": "TIFF",
    b"II+\x00": "TIFF",
    b"MM\x00+": "TIFF",
}
_OTHERS = {
    b"%PDF": "a PDF document",
    b"8BPS": "a Photoshop document",
    b"\xff\x0a": "a JPEG XL picture",
    b"\x00\x00\x00\x0cJXL ": "a JPEG XL picture",
    b"<svg": "an SVG drawing",
    b"<?xml": "an XML file",
    b"\x1aE\xdf\xa3": "a video",
    b"PK\x03\x04": "a ZIP archive",
}
_HEIC_BRANDS = {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"}
_HEAD = 256


def read_file(path: str | os.PathLike[str]) -> tuple[str, bytes]:
    """Read a picture file.

    Returns:
        Its format (such as "PNG") and all its bytes.

    Raises:
        ImageError: There is no such file, it cannot be read or it is no picture.
    """
    with opened_file(path) as (kind, file):
        return kind, file.read()


def identify_file(path: str | os.PathLike[str]) -> str:
    """Tell a picture file's format, such as "PNG".

    Raises:
        ImageError: As `read_file`.
    """
    with opened_file(path) as (kind, _):
        return kind


@contextmanager
def opened_file(path: str | os.PathLike[str]) -> Iterator[tuple[str, BinaryIO]]:
    """Open a picture file, at its beginning, and tell its format, such as "PNG".

    Raises:
        ImageError: As `read_file`.
    """
    shown = os.fspath(path)
    try:
        if os.path.isdir(path):
            raise ImageError(f"{shown} is a folder; expected a picture file: name a file in it")
        # Asked before `open`, which would wait for ever on a pipe.
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise ImageError(f"{shown} is a device or a pipe; expected a picture file: save it")
        with open(path, "rb") as file:
            kind = identify(file.read(_HEAD), shown)
            file.seek(0)
            yield kind, file
    except FileNotFoundError:
        raise ImageError(f"{shown} does not exist: check the path") from None
    except PermissionError:
        raise ImageError(f"{shown} may not be read: change its permissions") from None
    except (OSError, ValueError, MemoryError) as error:
        raise ImageError(f"{shown!r} cannot be read: {reason(error)}") from error


def identify(head: bytes, shown: str) -> str:
    """Tell a picture's format from its first bytes; the file's extension is not trusted.

    Raises:
        ImageError: It is empty or of no readable format.
    """
    if not head:
        raise ImageError(f"{shown} has zero bytes; expected a picture: copy or download it again")
    for signature, kind in _SIGNATURES.items():
        if head.startswith(signature):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    found = "not a picture that can be read"
    if head[4:8] == b"ftyp":
        brands = _brands(head)
        if brands & {b"avif", b"avis"}:
            return "AVIF"
        if brands & _HEIC_BRANDS:
            return "HEIC"
        found = "a video"
    for signature, what in _OTHERS.items():
        found = what if head.startswith(signature) else found
    raise ImageError(f"{shown} is {found}; expected {READABLE}: convert it first")


def write_file(path: str | os.PathLike[str], data: bytes) -> Path:
    """Write a file whole or not at all: under a temporary name beside it, then renamed.

    Raises:
        ImageError: The folder is missing or not writable, or the disk is full.
    """
    shown = os.fspath(path)
    try:
        # A symbolic link stays one: what it points to is replaced.
        target = Path(os.path.realpath(path))
        if target.is_dir():
            raise ImageError(f"{shown} is a folder; expected a file name: add one to the path")
        _write_and_rename(target, data)
    except (FileNotFoundError, NotADirectoryError):
        raise ImageError(
            f"{shown} cannot be written: its folder does not exist; make it first"
        ) from None
    except PermissionError:
        raise ImageError(
            f"{shown} cannot be written: its folder is not writable; choose another"
        ) from None
    except (OSError, ValueError) as error:
        raise ImageError(f"{shown} cannot be written: {reason(error)}") from error
    return Path(path)


def sync_file(path: Path) -> None:
    """Return when what was written to a file is where it outlasts a power cut."""
    with open(path, "r+b") as file:
        os.fsync(file.fileno())


def reason(error: BaseException) -> str:
    """Put what an error says into one short line."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    # The text of a KeyError or an IndexError is often a bare number.
    telling = text.strip() and not isinstance(error, LookupError)
    line = " ".join(text.split()) if telling else type(error).__name__
    return line if len(line) <= 160 else line[:157] + "..."


def _write_and_rename(target: Path, data: bytes) -> None:
    # Short and hidden, so that it fits wherever the target's name fits.
    part = target.parent / f".impasto-{secrets.token_hex(6)}.part"
    try:
        # "x" with the ordinary mode: unlike tempfile's 0600, the user's umask decides.
        with open(part, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _brands(head: bytes) -> set[bytes]:
    size = int.from_bytes(head[:4], "big")
    box = head[:size] if size >= 16 else head[:12]
    return {box[start : start + 4] for start in (8, *range(16, len(box), 4))}
