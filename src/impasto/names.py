"""What results are called: each by a name of its own, and by none that is taken unasked."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from impasto.errors import ImageError, OptionError
from impasto.images.save import FORMATS

Row = tuple[Path, tuple[str, ...], Path | None]  # content, styles, result


def named(
    rows: Sequence[Row], folder: Path, suffix: str | None = None, *, pyramids: bool = False
) -> list[Path]:
    """Return where each row's result goes: as it says, else content-style.

    Where two would be alike, the content's folder is put before, and a hash of its path behind if
    that does not do. Alike are names that differ in case only, and with pyramids in their ending.
    The order does not matter: a row that is added takes no other's name.

    Raises:
        OptionError: two rows say the same.
    """

    def key(path: Path) -> str:
        return str(path.with_suffix("") if pyramids else path).casefold()

    found = [folder / (row[2] or _name(row, suffix)) for row in rows]
    for more in (1, 2):
        alike = Counter(map(key, found))
        found = [
            path if row[2] or alike[key(path)] == 1 else folder / _name(row, suffix, more)
            for row, path in zip(rows, found, strict=True)
        ]
    alike = Counter(map(key, found))
    for path in found:
        if alike[key(path)] > 1:
            raise OptionError(f"{path} is the result of two pairs: name another")
    return found


def _name(row: Row, suffix: str | None, more: int = 0) -> str:
    content, styles, _ = row
    path = os.path.abspath(content)
    folder = [Path(path).parent.name] if more else []
    parts = [*folder, content.stem, *(Path(style).stem for style in styles)]
    stem = short("-".join(part for part in parts if part), 200)
    if more > 1:
        stem += f"-{hashlib.sha256(os.fsencode(repr((path, styles)))).hexdigest()[:8]}"
    ending = suffix or content.suffix.lower()
    return stem + (ending if ending in FORMATS else ".png")


def target(out: Path | None, default: str, *, force: bool) -> Path:
    """Return where to write: `out` unless it exists and may not be, or a new name by default.

    Raises:
        ImageError: `out` exists and `force` is not given.
    """
    if out is not None:
        return unused(out, force=force)
    path, number = Path(default), 1
    while path.exists():
        number += 1
        path = Path(default).with_stem(f"{Path(default).stem}-{number}")
    return path


def unused(path: Path, *, force: bool) -> Path:
    """Return a path that nothing stands at, or that may be overwritten.

    Raises:
        ImageError: a file is there and `force` is not given.
    """
    try:
        taken = path.exists() and not path.is_dir()
    except OSError as error:
        raise ImageError(f"{path}: no such name is possible ({error.strerror})") from None
    if taken and not force:
        raise ImageError(f"{path} exists: choose another name, or add --force to overwrite it")
    return path


def unused_pyramid(path: Path, *, force: bool) -> None:
    """Refuse to replace the pyramid at `path` (.dzi), or a folder called as its own, unasked.

    Raises:
        ImageError: one is there and `force` is not given.
    """
    unused(path, force=force)
    folder = path.with_name(f"{path.stem}_files")
    if folder.exists() and not force:
        raise ImageError(f"{folder} exists: choose another name, or add --force to replace it")


def short(stem: str, length: int = 100) -> str:
    """Cut a name to so many bytes, as a file name may have 255 at most."""
    whole = os.fsencode(stem)
    return stem if len(whole) <= length else whole[:length].decode(errors="ignore")
