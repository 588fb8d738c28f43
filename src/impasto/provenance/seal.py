"""Sign results: in memory before they are written, or as files that are whole."""

from __future__ import annotations

import hashlib
import io
import os
import secrets
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import Any, BinaryIO

from impasto.errors import ImpastoError, ProvenanceError
from impasto.images.files import identify, reason
from impasto.provenance.identity import identity_of
from impasto.provenance.layout import HASHED, Layout, layout_of, read_parts
from impasto.provenance.manifest import manifest_of, parent_of
from impasto.provenance.media import carries_manifest, fits_memory, type_of
from impasto.provenance.native import NativeSigner, Parent, check_signer, native_signer
from impasto.provenance.options import ProvenanceOptions


def check_identity(options: ProvenanceOptions) -> None:
    """Check before long work that a certificate that is named can sign.

    What signs is loaded meanwhile, so that nobody waits for that when the work is done.

    Raises:
        ProvenanceError: it cannot.
    """
    if not options.signs:
        return
    if options.cert is None and not os.environ.get("IMPASTO_CERT"):
        # what is amiss with Impasto's own key is no reason to paint nothing
        if "c2pa" not in sys.modules:
            Thread(target=import_module, args=("c2pa",), daemon=True).start()
        return
    found = identity_of(options.cert, options.key)
    try:
        check_signer(found.chain, found.key, found.algorithm)
    except ValueError as error:
        raise ProvenanceError(f"{found.shown} cannot sign ({reason(error)})") from None


@dataclass(frozen=True, eq=False)
class Seal:
    """Say how one result was made, to whoever signs it.

    `content` is the file that it was made of, or that file's bytes, where it may have a manifest
    of its own; that becomes part of this one.
    """

    options: ProvenanceOptions
    recipe: Mapping[str, Any]
    content: bytes | Path | None = None

    def sealed(self, data: bytes, shown: str) -> bytes:
        """Return an encoded picture with its manifest; as it is, with a note, if that fails."""
        source, target = io.BytesIO(data), io.BytesIO()
        with noted(shown):
            self._copy(source, target)
            return target.getvalue()
        return data

    def seal_file(self, path: Path) -> None:
        """Put the manifest into a file that is whole; it stays whole, signed or not."""
        with noted(os.fspath(path)), _replacing(path) as (source, target):
            self._copy(source, target)

    def _copy(self, source: BinaryIO, target: BinaryIO) -> None:
        """Copy a file, its manifest put in.

        Raises:
            ProvenanceError: it cannot be signed.
        """
        kind = type_of(source)
        if kind is None:
            raise ProvenanceError("its format carries no manifest")
        signer, unsigned = _signer(self.options), _sha256(source)

        def put(parent: Parent | None) -> None:
            source.seek(0)
            target.seek(0)
            target.truncate()
            manifest = manifest_of(self.recipe, unsigned, parent_apart=parent is not None)
            if kind.removeprefix("image/").upper() in HASHED:
                _embed(signer, manifest, parent, source, target)
                return
            if not fits_memory(source.seek(0, os.SEEK_END)):
                raise ProvenanceError("it is too large for the memory that is free")
            source.seek(0)
            signer.embed(manifest, parent, kind, source, target)

        with self._parent() as parent:
            try:
                put(parent)
            except ProvenanceError:
                if parent is None:
                    raise
                put(None)  # the content's manifest is a ruin, or the fault is another

    @contextmanager
    def _parent(self) -> Iterator[Parent | None]:
        """Open the content, if it has a manifest."""
        content = self.content
        if content is None or (isinstance(content, Path) and not _is_kept(content)):
            yield None
            return
        with open(content, "rb") if isinstance(content, Path) else io.BytesIO(content) as file:
            kind = type_of(file)
            yield None if kind is None else (parent_of(self.recipe), kind, file)


def _is_kept(content: Path) -> bool:
    return fits_memory(content.stat().st_size) and carries_manifest(content)


def _signer(options: ProvenanceOptions) -> NativeSigner:
    who = identity_of(options.cert, options.key)
    try:
        return native_signer(who.chain, who.key, who.algorithm)
    except ValueError as error:
        raise ProvenanceError(f"{who.shown} cannot sign ({error})") from None


def _embed(
    signer: NativeSigner,
    manifest: Mapping[str, Any],
    parent: Parent | None,
    source: BinaryIO,
    target: BinaryIO,
) -> None:
    """Copy a file part by part, hashing it on the way; the manifest comes last, into its gap."""
    length, signed = signer.embeddable(manifest, parent)
    head = source.read(256)
    layout: Layout = layout_of(identify(head, "it"), source, length)
    digest = hashlib.sha256()
    for data in read_parts(layout.before, source):
        digest.update(data)
        target.write(data)
    target.write(bytes(layout.framed))
    for data in read_parts(layout.after, source):
        digest.update(data)
        target.write(data)
    target.seek(layout.start)
    target.write(layout.frame(signed(layout.start, layout.framed, digest.digest())))


def _sha256(file: BinaryIO) -> str:
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]


@contextmanager
def noted(shown: str, what: str = "is not signed") -> Iterator[None]:
    """Say why something is not marked, where it is not: it is not lost for that."""
    try:
        yield
    except (ImpastoError, OSError, MemoryError, ValueError) as error:
        warnings.warn(f"{shown} {what}: {reason(error)}", UserWarning, stacklevel=4)


@contextmanager
def _replacing(path: Path) -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """Open a file, and one beside it that takes its place when all has gone well."""
    real = Path(os.path.realpath(path))
    part = real.with_name(f".impasto-{secrets.token_hex(6)}.part")
    try:
        with open(real, "rb") as source, open(part, "x+b") as target:
            yield source, target
            target.flush()
            os.fsync(target.fileno())
        os.replace(part, real)
    finally:
        part.unlink(missing_ok=True)
