"""Make keys and certificates, and read those of others. X.509, as C2PA asks for it."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

from impasto.errors import ProvenanceError
from impasto.images.files import reason

_YEARS = 20  # nothing says when a picture was signed, so that it cannot outlast the certificate
_CURVES = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}


@dataclass(frozen=True)
class Made:
    """Hold a private key, its certificates and the authority's alone, all as PEM."""

    key: str
    chain: str
    authority: str
    serial: int


def make() -> Made:
    """Return a new key (P-256), and a certificate by an authority whose own key is not kept.

    So nothing else can ever be certified by it, whoever gets hold of the key. The names in it are
    the same for everyone.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    serial = x509.random_serial_number()
    authority = _authority(authority_key, serial).sign(authority_key, hashes.SHA256())
    leaf = _leaf(key, authority).sign(authority_key, hashes.SHA256())
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    pem = [c.public_bytes(serialization.Encoding.PEM).decode() for c in (leaf, authority)]
    return Made(private.decode(), "".join(pem), pem[1], serial >> 96)


def _authority(key: Any, serial: int) -> Any:
    from cryptography import x509

    name = _name("Impasto authority of one user")
    signs = _usage(key_cert_sign=True, crl_sign=True)
    return (
        _builder(name, name, key, serial)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(signs, critical=True)
    )


def _leaf(key: Any, authority: Any) -> Any:
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    name = _name("Impasto on a user's computer")
    by = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key())
    # what C2PA asks of who signs
    use = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
    return (
        _builder(name, authority.subject, key, x509.random_serial_number())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(use, critical=False)
        .add_extension(by, critical=False)
    )


def _builder(subject: Any, issuer: Any, key: Any, serial: int) -> Any:
    from cryptography import x509

    # of a whole day before, as clocks differ, and so that nobody reads the hour off it
    today = datetime.datetime.now(datetime.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(today - datetime.timedelta(days=1))
        .not_valid_after(today + datetime.timedelta(days=365 * _YEARS))
        .add_extension(own, critical=False)
    )


def _name(common: str) -> Any:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    parts = {NameOID.ORGANIZATION_NAME: "Impasto", NameOID.COMMON_NAME: common}
    return x509.Name([x509.NameAttribute(kind, text) for kind, text in parts.items()])


def _usage(**wanted: bool) -> Any:
    from cryptography import x509

    kinds = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
        "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{kind: wanted.get(kind, False) for kind in kinds})


def algorithm_of(chain: str, key: str, cert_path: str, key_path: str) -> str:
    """Return C2PA's name for how a key signs, such as "es256".

    Raises:
        ProvenanceError: there is no certificate or no key, it is another's, or of an unusual kind.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    try:
        leaf = x509.load_pem_x509_certificates(chain.encode())[0]
    except ValueError as error:
        raise ProvenanceError(f"{cert_path} holds no certificate ({reason(error)})") from None
    try:
        private: Any = serialization.load_pem_private_key(key.encode(), None)
    except TypeError:
        raise ProvenanceError(f"{key_path} has a password: expected a key without one") from None
    except ValueError as error:
        raise ProvenanceError(f"{key_path} holds no private key ({reason(error)})") from None
    if private.public_key() != leaf.public_key():
        raise ProvenanceError(f"{key_path} is not the key of {cert_path}: name its own")
    return _algorithm(private, key_path)


def _algorithm(private: Any, path: str) -> str:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(private, ec.EllipticCurvePrivateKey) and private.curve.name in _CURVES:
        return _CURVES[private.curve.name]
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if isinstance(private, rsa.RSAPrivateKey):
        return "ps256"
    raise ProvenanceError(f"{path} is of a kind that C2PA has not: use P-256, Ed25519 or RSA")
