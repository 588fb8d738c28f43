"""The C2PA library: signs manifests that we put into files ourselves, or puts them there.

Its Python interface reads a TIFF whole and copies a PNG or a JPEG twice in memory. The C
functions below make a manifest for a hash that is given instead, so that a picture of any size is
signed in bounded memory, and one in memory in two or three milliseconds.
"""

from __future__ import annotations

import ctypes
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from threading import Lock
from typing import Any, BinaryIO

from impasto.errors import ProvenanceError
from impasto.images.files import reason

Parent = tuple[Mapping[str, Any], str, BinaryIO]  # its description, its type, its file

_RAW = b"application/c2pa"
# Nothing is ever asked of a network, and no previews are made.
_QUIET = {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_after_sign": False}
_BYTES = ctypes.POINTER(ctypes.c_ubyte)


@lru_cache(maxsize=1)
def _library() -> Any:
    """Return the C library, its functions for given hashes declared."""
    from c2pa import c2pa as module

    library = module._lib
    hold, sign = (
        library.c2pa_builder_data_hashed_placeholder,
        library.c2pa_builder_sign_data_hashed_embeddable,
    )
    text, out = ctypes.c_char_p, ctypes.POINTER(_BYTES)
    hold.argtypes = [ctypes.c_void_p, ctypes.c_size_t, text, out]
    sign.argtypes = [ctypes.c_void_p, ctypes.c_void_p, text, text, ctypes.c_void_p, out]
    hold.restype = sign.restype = ctypes.c_int64
    return library


def context(*, trust: str = "", parents: bool = False) -> Any:
    """Return settings for the library: what is trusted, and whether ingredients are looked into."""
    import c2pa

    verify = _QUIET | {"verify_trust": True, "verify_after_reading": parents}
    settings: dict[str, Any] = {"verify": verify, "builder": {"thumbnail": {"enabled": False}}}
    if trust.strip():
        settings["trust"] = {"user_anchors": trust}
    return c2pa.Context.from_dict(settings)


@contextmanager
def told(what: str) -> Iterator[None]:
    """Let the library's errors be ours.

    Raises:
        ProvenanceError: the library has failed.
    """
    import c2pa

    try:
        yield
    except c2pa.C2paError as error:
        raise ProvenanceError(f"{what}: {reason(error)}") from error


@dataclass(frozen=True, eq=False)
class NativeSigner:
    """Hold a key as the library does; several threads may use it."""

    handle: Any
    room: int
    settings: Any
    lock: Lock = field(default_factory=Lock)

    def embeddable(
        self, manifest: Mapping[str, Any], parent: Parent | None
    ) -> tuple[int, Callable[[int, int, bytes], bytes]]:
        """Return how many bytes a manifest takes, and a function that signs it.

        That takes from where on how many bytes of the file are not hashed, as the manifest is
        there, and the SHA-256 of all others.

        Raises:
            ProvenanceError: it cannot be made.
        """
        builder = self._builder(manifest, parent)
        library, out = _library(), _BYTES()
        with told("the manifest cannot be made"):
            size = library.c2pa_builder_data_hashed_placeholder(
                builder._handle, self.room, _RAW, ctypes.byref(out)
            )
            length = len(_taken(size, out))

        def signed(start: int, size: int, digest: bytes) -> bytes:
            hashed = {
                "exclusions": [{"start": start, "length": size}],
                "name": "jumbf manifest",
                "alg": "sha256",
                "hash": list(digest),
                "pad": [],
            }
            out, text = _BYTES(), json.dumps(hashed).encode()
            with told("the manifest cannot be signed"), self.lock:
                size = library.c2pa_builder_sign_data_hashed_embeddable(
                    builder._handle, self.handle._handle, text, _RAW, None, ctypes.byref(out)
                )
                data = _taken(size, out)
            builder.close()
            if len(data) != length:
                raise ProvenanceError(f"the manifest has {len(data)} bytes, and not {length}")
            return data

        return length, signed

    def embed(
        self,
        manifest: Mapping[str, Any],
        parent: Parent | None,
        kind: str,
        source: BinaryIO,
        target: BinaryIO,
    ) -> None:
        """Let the library copy a file of a type such as "image/avif", its manifest put in.

        Raises:
            ProvenanceError: it cannot.
        """
        with told("the manifest cannot be written"):
            builder = self._builder(manifest, parent)
            with self.lock:
                builder.sign(self.handle, kind, source, target)

    def _builder(self, manifest: Mapping[str, Any], parent: Parent | None) -> Any:
        import c2pa

        with told("the manifest cannot be made"):
            settings = self.settings if parent is None else context(parents=True)
            builder = c2pa.Builder.from_json(json.dumps(manifest), context=settings)
            if parent is not None:
                described, kind, file = parent
                builder.add_ingredient(json.dumps(described), kind, file)
        return builder


def _taken(size: int, out: Any) -> bytes:
    """Return what a C function has written, and free it."""
    import c2pa
    from c2pa import c2pa as module

    if size < 0:
        raise c2pa.C2paError(module._read_native_error() or "the library does not say why")
    try:
        return ctypes.string_at(out, size)
    finally:
        _library().c2pa_free(out)


@lru_cache(maxsize=8)
def native_signer(chain: str, key: str, algorithm: str) -> NativeSigner:
    """Return what signs with a key, made once.

    Raises:
        ValueError: the library does not take it.
    """
    import c2pa

    info = c2pa.C2paSignerInfo(algorithm.encode(), chain.encode(), key.encode(), None)
    try:
        handle = c2pa.Signer.from_info(info)
        return NativeSigner(handle, handle.reserve_size(), context())
    except c2pa.C2paError as error:
        raise ValueError(reason(error)) from error


def check_signer(chain: str, key: str, algorithm: str) -> NativeSigner:
    """Sign nothing at all, which a key that is damaged, or whose time is over, cannot.

    Raises:
        ValueError: it cannot.
    """
    signer = native_signer(chain, key, algorithm)
    actions = {"actions": [{"action": "c2pa.created", "digitalSourceType": _EMPTY}]}
    manifest = {"assertions": [{"label": "c2pa.actions.v2", "data": actions}]}
    try:
        signer.embeddable(manifest, None)[1](0, 1, bytes(32))
    except ProvenanceError as error:
        raise ValueError(str(error)) from error
    return signer


_EMPTY = "http://c2pa.org/digitalsourcetype/empty"
