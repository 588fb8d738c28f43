"""Look at what a file says of itself, and whether that still holds."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

from impasto.errors import ImpastoError, ProvenanceError
from impasto.images import read_recipe
from impasto.images.files import reason
from impasto.provenance.folder import trusted_certificates
from impasto.provenance.manifest import RECIPE
from impasto.provenance.media import carries_manifest, fits_memory, type_of
from impasto.provenance.native import context, told

# what is said against who signed, and not against what was signed
_ABOUT_WHO = ("signingCredential.untrusted", "signingCredential.expired")
_ROLES = {"parentOf": "content", "componentOf": "component", "inputTo": "input"}


@dataclass(frozen=True)
class Source:
    """Tell of something that a file was made of; `state` is that of its own manifest then."""

    name: str
    role: str
    sha256: str | None
    state: str


@dataclass(frozen=True)
class Verdict:
    """Tell whether a file is as it was signed, by whom, and what made it.

    `state` is "trusted": as it was signed, by a key that is trusted here; "valid": as it was
    signed, by whomever; "tampered": the file or its manifest has been changed since; or "none":
    there is no manifest, and what else is said here anybody may have written.
    """

    state: str
    signer: str | None = None
    issuer: str | None = None
    program: str | None = None
    source_type: str | None = None
    actions: Sequence[str] = ()
    sources: Sequence[Source] = ()
    recipe: Mapping[str, Any] | None = None
    unsigned_sha256: str | None = None
    notes: Sequence[str] = ()

    @property
    def holds(self) -> bool:
        """Return whether the file is as it was signed."""
        return self.state in ("valid", "trusted")

    def as_dict(self) -> dict[str, Any]:
        """Return plain values as JSON keeps them."""
        return asdict(self)


def verify(
    path: str | os.PathLike[str], *, trust: Sequence[str | os.PathLike[str]] = ()
) -> Verdict:
    """Tell whether a picture or a film is as it was signed, by whom, and what made it.

    Nothing is asked of a network. Trusted are the certificates in the folder `trusted` of the
    user's settings, where Impasto puts its own, and those in PEM files named here.

    Raises:
        ProvenanceError: the file or one of the certificates cannot be read, or the file is too
            large for the memory.
    """
    shown = os.fspath(path)
    try:
        anchors = trusted_certificates(tuple(Path(file) for file in trust))
        if os.path.isdir(path):
            raise ProvenanceError(f"{shown} is a folder: name a file in it")
        with open(path, "rb") as file:
            found = _looked_at(file, anchors, Path(path))
    except OSError as error:
        raise ProvenanceError(
            f"{error.filename or shown} cannot be read: {reason(error)}"
        ) from None
    return found if found.state != "none" else _unsigned(Path(path), found)


def unsigned_sha256(path: Path) -> str:
    """Return the hash of a file without its manifest, if it has one that holds; else of it all.

    Raises:
        ProvenanceError: as `verify`.
    """
    found = verify(path)
    if found.holds and found.unsigned_sha256 is not None:
        return found.unsigned_sha256
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _looked_at(file: BinaryIO, anchors: str, path: Path) -> Verdict:
    import c2pa

    kind = type_of(file)
    if kind is None:
        return Verdict("none", notes=("a file of this kind carries no manifest that can be read",))
    if not carries_manifest(path):
        return Verdict("none")
    if not fits_memory(path.stat().st_size):
        raise ProvenanceError(f"{path} is too large to be verified in the memory that is free")
    with told("the certificates cannot be trusted"):
        settings = context(trust=anchors, parents=True)
    try:
        with c2pa.Reader(kind, file, context=settings) as reader:
            store = json.loads(reader.json())
    except c2pa.C2paError.ManifestNotFound:
        return Verdict("none")
    except (c2pa.C2paError, ValueError) as error:
        return Verdict("tampered", notes=(f"the manifest is damaged: {reason(error)}",))
    return _verdict(store)


def _verdict(store: Mapping[str, Any]) -> Verdict:
    """Return what a manifest store comes to."""
    active = (store.get("manifests") or {}).get(store.get("active_manifest"))
    if not isinstance(active, Mapping):
        return Verdict("tampered", notes=("the manifest is damaged: it is not to be read",))
    results = store.get("validation_results", {}).get("activeManifest", {})
    codes = {item["code"] for item in results.get("success", ())}
    failures = results.get("failure", [])
    state = _state(codes, failures)
    kept = _recipe_in(active)
    signature = active.get("signature_info", {})
    done = list(_actions(active))
    deltas = store.get("validation_results", {}).get("ingredientDeltas") or []
    sources = [_source(part, deltas) for part in active.get("ingredients", ())]
    return Verdict(
        state,
        signature.get("common_name"),
        signature.get("issuer"),
        " ".join(_program(active)) or None,
        next((a["digitalSourceType"] for a in done if a.get("digitalSourceType")), None),
        [str(a.get("action")) for a in done],
        sorted(sources, key=lambda source: source.role != "content"),
        kept.get("recipe"),
        kept.get("unsigned_sha256"),
        list(dict.fromkeys(item.get("explanation", item["code"]) for item in failures)),
    )


def _state(codes: set[str], failures: Sequence[Mapping[str, Any]]) -> str:
    """Tell the state of a manifest by what the library says for and against it.

    Whoever it does not know is no reason to call a file tampered; nor is a certificate whose time
    is over. But a signature that it has not found right is, and so is a file that it has not
    compared with its hash.
    """
    against = {item["code"] for item in failures}
    compared = any(c.startswith("assertion.") and c.endswith("Hash.match") for c in codes)
    if against - set(_ABOUT_WHO) or "claimSignature.validated" not in codes or not compared:
        return "tampered"
    return "valid" if against or "signingCredential.trusted" not in codes else "trusted"


def _source(part: Mapping[str, Any], deltas: Sequence[Mapping[str, Any]]) -> Source:
    metadata = part.get("metadata")
    more = metadata if isinstance(metadata, Mapping) else {}
    return Source(
        str(part.get("title", "")),
        _ROLES.get(str(part.get("relationship")), str(part.get("relationship"))),
        more.get("art.impasto.sha256"),
        _state_of_source(part, deltas),
    )


def _state_of_source(part: Mapping[str, Any], deltas: Sequence[Mapping[str, Any]]) -> str:
    """Tell what a source's own manifest was when it was used, and whether it still holds."""
    if "active_manifest" not in part:
        return "none"
    results = (part.get("validation_results") or {}).get("activeManifest", {})
    against = {item["code"] for item in results.get("failure", ())}
    for delta in deltas:
        if str(delta.get("ingredientAssertionURI", "")).endswith(f"/{part.get('label')}"):
            failed = (delta.get("validationDeltas") or {}).get("failure", ())
            against |= {item["code"] for item in failed}
    return "tampered" if against - set(_ABOUT_WHO) else "valid"


def _actions(manifest: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for assertion in manifest.get("assertions", ()):
        data = assertion.get("data")
        if str(assertion.get("label")).startswith("c2pa.actions") and isinstance(data, Mapping):
            yield from (action for action in data.get("actions", ()) if isinstance(action, Mapping))


def _recipe_in(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    for assertion in manifest.get("assertions", ()):
        if assertion.get("label") == RECIPE and isinstance(assertion.get("data"), Mapping):
            return assertion["data"]  # type: ignore[no-any-return]
    return {}


def _program(manifest: Mapping[str, Any]) -> Iterator[str]:
    for part in (manifest.get("claim_generator_info") or [{}])[:1]:
        yield from (str(part[name]) for name in ("name", "version") if part.get(name))


def _unsigned(path: Path, found: Verdict) -> Verdict:
    """Add what a file without a manifest says of itself."""
    try:
        recipe = read_recipe(path)
    except ImpastoError:
        return found
    said = recipe.get("digital_source_type")
    note = "it carries a recipe, which anybody may have written"
    source_type = said if isinstance(said, str) else None
    return Verdict("none", recipe=recipe, source_type=source_type, notes=(*found.notes, note))
