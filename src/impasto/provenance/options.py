"""Options of what a result says of itself. Needs no library."""

from __future__ import annotations

from dataclasses import dataclass

from impasto.errors import OptionError
from impasto.options import check, option

_GROUP = "Provenance"


@dataclass(frozen=True)
class ProvenanceOptions:
    """Say what is written into a result about how it was made, and who signs it."""

    sign: bool = option(
        True, "Sign the result, with a C2PA manifest that says how it was made.", group=_GROUP
    )
    strip_metadata: bool = option(
        False,
        "Write nothing but the picture: no recipe, no source type, no manifest.",
        group=_GROUP,
    )
    cert: str | None = option(
        None,
        "PEM file of certificates to sign with, yours first; without it, Impasto's own for this"
        " user.",
        group=_GROUP,
    )
    key: str | None = option(None, "PEM file of the certificate's private key.", group=_GROUP)

    def __post_init__(self) -> None:
        """Check that a certificate comes with its key, and that there is something to sign."""
        check(self)
        if (self.cert is None) != (self.key is None):
            raise OptionError("cert and key go together: name both, or none")
        if self.cert is not None and not self.signs:
            raise OptionError("cert is for what is signed: leave it out, or sign")

    @property
    def signs(self) -> bool:
        """Return whether there is to be a manifest."""
        return self.sign and not self.strip_metadata
