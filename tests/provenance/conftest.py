"""What the tests of this folder need: a config folder of their own, recipes, certificates."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from impasto.provenance.identity import forget
from impasto.recipe import Ingredient, Recipe

KEYS: dict[str, Any] = {
    "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "rsa": lambda: rsa.generate_private_key(65537, 2048),
}


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give each test a folder of its own for keys, and a folder to stand in."""
    folder = tmp_path / "config"
    monkeypatch.setenv("IMPASTO_CONFIG", str(folder))
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    forget()
    return folder


def recipe(**rest: Any) -> Recipe:
    """Return a recipe of two pictures."""
    plain: dict[str, Any] = {
        "method": "realtime",
        "options": {"strength": 0.8},
        "content": Ingredient("photo.jpg", "ab" * 32),
        "styles": [Ingredient("paint.jpg", "cd" * 32, 1.0)],
        "made_with": {"impasto": "0.1.0"},
    }
    return Recipe(**plain | rest)


def certificate(
    name: str, kind: str = "p256", seconds: float = 86400, password: bytes | None = None
) -> tuple[Path, Path, Path]:
    """Write a certificate of somebody else's, its key and its authority; return the files."""
    key, authority_key = KEYS[kind](), KEYS["p256"]()
    now = datetime.datetime.now(datetime.UTC)

    def built(subject: str, public: Any, ca: bool) -> Any:
        usage = {
            "digital_signature": not ca, "content_commitment": False, "key_encipherment": False,
            "data_encipherment": False, "key_agreement": False, "key_cert_sign": ca,
            "crl_sign": ca, "encipher_only": False, "decipher_only": False,
        }  # fmt: skip
        builder = (
            x509.CertificateBuilder()
            .subject_name(named(subject))
            .issuer_name(named(f"{name} authority"))
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(seconds=seconds))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.KeyUsage(**usage), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()),
                critical=False,
            )
        )
        if not ca:
            use = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
            builder = builder.add_extension(use, critical=False)
        return builder.sign(authority_key, hashes.SHA256())

    authority = built(f"{name} authority", authority_key.public_key(), True)
    leaf = built(name, key.public_key(), False)
    encoding = serialization.Encoding.PEM
    files = Path(f"{name}.pem"), Path(f"{name}.key"), Path(f"{name}-authority.pem")
    files[0].write_bytes(leaf.public_bytes(encoding) + authority.public_bytes(encoding))
    locked: Any = serialization.NoEncryption()
    if password is not None:
        locked = serialization.BestAvailableEncryption(password)
    files[1].write_bytes(key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, locked))
    files[2].write_bytes(authority.public_bytes(encoding))
    return files


def named(common: str) -> x509.Name:
    parts = {NameOID.ORGANIZATION_NAME: "Somebody", NameOID.COMMON_NAME: common}
    return x509.Name([x509.NameAttribute(kind, text) for kind, text in parts.items()])
