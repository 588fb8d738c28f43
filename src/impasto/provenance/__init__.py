"""What a result says of how it was made: signed with it, and looked at again."""

from impasto.provenance.films import CARRIES, mark_film
from impasto.provenance.options import ProvenanceOptions
from impasto.provenance.seal import Seal, check_identity
from impasto.provenance.verdict import Source, Verdict, unsigned_sha256, verify

__all__ = [
    "CARRIES",
    "ProvenanceOptions",
    "Seal",
    "Source",
    "Verdict",
    "check_identity",
    "mark_film",
    "unsigned_sha256",
    "verify",
]
