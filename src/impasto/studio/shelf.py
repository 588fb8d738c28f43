"""Find what requests name: files that were taken in, and styles by their names."""

from __future__ import annotations

import json
import re
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from impasto.errors import ImpastoError, OptionError
from impasto.images import Picture, load_picture
from impasto.masks import Guides, MaskSource
from impasto.methods.realtime import catalog
from impasto.methods.realtime.codes import StyleCode, renamed, shipped_codes
from impasto.methods.realtime.network_file import read_network
from impasto.studio.asked import Painting
from impasto.studio.database import Database
from impasto.studio.store import Store
from impasto.styles import StyleSource, open_styles

SUFFIXES = {
    "image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp", "image/avif": ".avif",
    "image/tiff": ".tif", "image/bmp": ".bmp", "image/gif": ".gif", "image/heic": ".heic",
    "video/mp4": ".mp4", "video/quicktime": ".mov", "video/x-matroska": ".mkv",
    "video/webm": ".webm",
}  # fmt: skip


class NotThereError(ImpastoError):
    """Say that a file, a job or a style is not there."""


class Shelf:
    """Look things up in the database and in the store."""

    def __init__(self, database: Database, store: Store) -> None:
        self.database, self.store = database, store

    def file(self, sha256: str) -> sqlite3.Row:
        """Return what is known of a file.

        Raises:
            NotThereError: it is not there.
        """
        row = self.database.one("SELECT * FROM files WHERE id = ?", sha256)
        if row is None or not self.store.has(sha256):
            raise NotThereError(f"no file {sha256[:12]}: upload it again")
        return row

    def add_file(self, about: dict[str, Any]) -> None:
        """Remember a file that the store has, or that it was used again."""
        names = ("id", "kind", "type", "bytes", "width", "height", "frames", "seconds", "name")
        values = [about.get(name) for name in names]
        with self.database.transaction() as db:
            db.execute(
                f"INSERT INTO files ({', '.join(names)}, used) VALUES ({'?, ' * len(names)}?)"
                " ON CONFLICT (id) DO UPDATE SET used = excluded.used",
                (*values, time.time()),
            )

    def use(self, ids: Sequence[str]) -> None:
        """Say that files are used now, so that the oldest go first.

        Raises:
            NotThereError: one is not there.
        """
        for sha256 in ids:
            self.file(sha256)
        with self.database.transaction() as db:
            db.executemany(
                "UPDATE files SET used = ? WHERE id = ?", [(time.time(), i) for i in ids]
            )

    def picture(self, sha256: str) -> Picture:
        """Load a picture, under the name that its file had.

        Raises:
            NotThereError: it is not there.
            ImageError: it cannot be read.
        """
        row = self.file(sha256)
        return replace(load_picture(self.store.path(sha256)), name=row["name"])

    def linked(self, sha256: str, folder: Path) -> Path:
        """Return a path of a file in a folder, under a name like the one that it had."""
        row = self.file(sha256)
        return self.store.link(sha256, folder / row["name"])

    def style(self, name: str) -> list[StyleSource]:
        """Return a style that goes by a name: its code, or its pictures.

        Raises:
            NotThereError: there is none of this name.
        """
        row = self.database.one("SELECT * FROM styles WHERE name = ?", name)
        if row is not None:
            ids = json.loads(row["files"])
            if row["network"]:
                return [renamed(read_network(self.store.path(ids[0])).style(), name)]
            return [self.picture(sha256) for sha256 in ids]
        try:
            code = catalog.find_style(name)
        except ImpastoError as error:
            raise NotThereError(str(error)) from None
        if code is None:
            raise NotThereError(str(catalog.unknown_style(name)))
        return [code]

    def styles(
        self, asked: Painting, uploads: Sequence[Picture] = ()
    ) -> tuple[list[StyleSource], list[float] | None]:
        """Return the styles that are asked for, and their weights.

        Raises:
            NotThereError: one is not there.
            OptionError: there is none, or not a weight for each.
        """
        groups: list[list[StyleSource]] = []
        for ref in asked.styles:
            if ref.name is not None:
                groups.append(self.style(ref.name))
            elif ref.file is not None:
                groups.append([self.picture(ref.file)])
            elif ref.upload is not None and ref.upload < len(uploads):
                groups.append([uploads[ref.upload]])
            else:
                raise OptionError(f"style {ref.upload}: {len(uploads)} were uploaded")
        if not groups:
            raise OptionError("styles: name at least one")
        weights = asked.blend or [1.0] * len(groups)
        if len(weights) != len(groups):
            raise OptionError(f"blend has {len(weights)} weights for {len(groups)} styles")
        flat = [style for group in groups for style in group]
        # a style of several pictures shares its weight among them
        pairs = zip(weights, groups, strict=True)
        return flat, [weight / len(group) for weight, group in pairs for _ in group]

    def weights(self, asked: Painting) -> list[float]:
        """Return a weight for each picture of the styles that are asked for."""
        return [
            weight / count
            for weight, ref in zip(asked.blend or [], asked.styles, strict=True)
            for count in [self._count(ref.name)]
            for _ in range(count)
        ]

    def _count(self, name: str | None) -> int:
        files = None if name is None else self._own(name)
        return len(json.loads(files)) if files else 1

    def identity(self, name: str) -> str:
        """Return what tells a style from another that had its name before."""
        return self._own(name) or name

    def _own(self, name: str) -> str | None:
        row = self.database.one("SELECT files FROM styles WHERE name = ?", name)
        return None if row is None else str(row["files"])

    def guides(self, asked: Painting, show: Any) -> Guides:
        """Load masks and maps.

        Raises:
            NotThereError: one is not there.
            ImageError: one is no picture.
        """
        masks: list[MaskSource] = [
            mask if mask.startswith("auto") else self.picture(mask) for mask in asked.masks
        ]
        where = None if asked.strength_map is None else self.picture(asked.strength_map)
        return Guides.load(masks, where, asked.feather, asked.faces, show)

    def all_styles(self) -> list[dict[str, Any]]:
        """Return all styles that go by a name: one's own, networks, presets."""
        found = [
            _described(row["name"], row["title"], "network" if row["network"] else "own", own=True)
            for row in self.database.all("SELECT * FROM styles ORDER BY name")
        ]
        taken = {style["name"] for style in found}
        codes: list[tuple[str, StyleCode]] = []
        for name, path in {**catalog.shipped_networks(), **catalog.user_styles()}.items():
            if name in taken:
                continue
            try:
                codes += [(name, code) for code in _codes(name, path)]
            except ImpastoError:  # a damaged file of the user's own is not for this list
                continue
        found += [_described(n, c.source or n, "network", c.license) for n, c in codes]
        for name, code in shipped_codes().items():
            if name not in taken:
                found.append(_described(name, code.source, "preset", code.license))
        return found


def _codes(name: str, path: Path) -> list[StyleCode]:
    return [style for style in open_styles([name]) if isinstance(style, StyleCode)]


def _described(
    name: str, title: str, kind: str, credit: str = "", *, own: bool = False
) -> dict[str, Any]:
    return {
        "name": name,
        "title": title,
        "kind": kind,
        "thumbnail": f"/v1/styles/{name.replace('#', '%23')}/thumbnail",
        "credit": credit,
        "removable": own,
        "picture": kind == "own",
    }


def safe_name(name: str, type: str) -> str:
    """Return a file name of plain letters that leads nowhere, with the ending of its content.

    >>> safe_name("../../etc/passwd", "image/png")
    'passwd.png'
    """
    stem = re.split(r"[/\\]", name)[-1].rpartition(".")
    plain = re.sub(r"[^\w ()+-]", "_", stem[0] or stem[2]).strip(" _")[:60]
    return (plain or "picture") + SUFFIXES.get(type, "")
