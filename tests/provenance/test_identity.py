"""Who signs: a key made once, kept for its owner, and certificates of a user's own."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from impasto.errors import OptionError, ProvenanceError
from impasto.provenance import ProvenanceOptions, check_identity
from impasto.provenance.folder import user_config_dir
from impasto.provenance.identity import forget, identity_of
from tests.provenance.conftest import KEYS, certificate


def test_a_key_is_made_once_and_kept_for_its_owner(config: Path) -> None:
    first = identity_of(None, None)
    forget()
    assert identity_of(None, None) == first
    [trusted] = (config / "trusted").iterdir()
    assert "PRIVATE" not in trusted.read_text()
    assert sorted(path.name for path in config.iterdir()) == ["signing-key.pem", "trusted"]
    if os.name != "nt":
        assert stat.S_IMODE((config / "signing-key.pem").stat().st_mode) == 0o600
        assert stat.S_IMODE((config / "trusted").stat().st_mode) == 0o700


CALL = """
import sys
from impasto.provenance.identity import identity_of
sys.stdin.readline()
print(identity_of(None, None).key)
"""


def test_several_processes_at_once_agree(config: Path) -> None:
    arguments = [sys.executable, "-W", "error", "-c", CALL]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    started = [subprocess.Popen(arguments, **pipes) for _ in range(6)]
    for process in started:
        process.stdin.write("\n")
        process.stdin.flush()
    found = {process.communicate(timeout=120)[0] for process in started}
    assert all(process.returncode == 0 for process in started)
    assert len(found) == 1
    assert sorted(path.name for path in config.iterdir()) == ["signing-key.pem", "trusted"]
    assert len(list((config / "trusted").iterdir())) == 1


@pytest.mark.skipif(os.name == "nt", reason="no such permissions there")
def test_a_key_that_others_could_read_is_closed(config: Path) -> None:
    identity_of(None, None)
    path = config / "signing-key.pem"
    path.chmod(0o644)
    forget()
    with pytest.warns(UserWarning, match="others could read .*signing-key.pem; now they cannot"):
        identity_of(None, None)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("damage", [b"", b"nonsense", b"\xff\xfe", "cut"])
def test_a_damaged_key_is_left_alone_and_said(config: Path, damage: Any) -> None:
    first = identity_of(None, None)
    path = config / "signing-key.pem"
    text = path.read_bytes()
    if damage == "cut":
        damage = text[:-300]
    path.write_bytes(damage)
    forget()
    with pytest.warns(UserWarning, match="signing-key.pem is damaged: delete it"):
        other = identity_of(None, None)
    assert other.key != first.key
    assert path.read_bytes() == damage
    assert identity_of(None, None) == other  # said once


def test_a_folder_that_cannot_be_made_is_said(config: Path) -> None:
    config.write_text("in the way")
    with pytest.warns(UserWarning, match="a key for this run alone; .* cannot be kept"):
        identity_of(None, None)


def test_no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError

    for name in ("IMPASTO_CONFIG", "XDG_CONFIG_HOME", "APPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    with pytest.warns(UserWarning, match="no home to keep a key in: set IMPASTO_CONFIG"):
        identity_of(None, None)


def test_where_the_folder_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.delenv("IMPASTO_CONFIG")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    assert user_config_dir() == tmp_path / "xdg" / "impasto"
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
    monkeypatch.setenv("APPDATA", str(tmp_path / "roaming"))
    places = {
        "linux": tmp_path / ".config",
        "darwin": tmp_path / "Library" / "Application Support",
        "win32": tmp_path / "roaming",
    }
    for platform, place in places.items():
        monkeypatch.setattr(sys, "platform", platform)
        assert user_config_dir() == place / "impasto"


@pytest.mark.parametrize("kind", KEYS)
def test_certificates_of_all_kinds_can_sign(kind: str) -> None:
    cert, key, _ = certificate("me", kind)
    check_identity(ProvenanceOptions(cert=str(cert), key=str(key)))


def test_a_certificate_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    cert, key, _ = certificate("me")
    monkeypatch.setenv("IMPASTO_CERT", str(cert))
    with pytest.raises(ProvenanceError, match="IMPASTO_CERT and IMPASTO_KEY go together"):
        check_identity(ProvenanceOptions())
    monkeypatch.setenv("IMPASTO_KEY", str(key))
    check_identity(ProvenanceOptions())
    assert identity_of(None, None).shown == "me.pem"
    check_identity(ProvenanceOptions(sign=False))


def test_what_cannot_sign_is_refused_before_work() -> None:
    mine, other = certificate("me"), certificate("other")
    over = certificate("over", seconds=-3600)
    locked = certificate("locked", password=b"secret")
    Path("text.pem").write_text("no certificate")
    Path("odd.pem").write_bytes(b"\xff")
    for cert, key, message in (
        (mine[0], other[1], "other.key is not the key of me.pem"),
        (over[0], over[1], "over.pem cannot sign .*not valid at time of signing"),
        (locked[0], locked[1], "locked.key has a password"),
        ("text.pem", mine[1], "text.pem holds no certificate"),
        (mine[0], "text.pem", "text.pem holds no private key"),
        ("nowhere.pem", mine[1], "nowhere.pem cannot be read"),
        ("odd.pem", mine[1], "odd.pem cannot be read"),
    ):
        with pytest.raises(ProvenanceError, match=message):
            check_identity(ProvenanceOptions(cert=str(cert), key=str(key)))


def test_options_that_contradict() -> None:
    with pytest.raises(OptionError, match="cert and key go together"):
        ProvenanceOptions(cert="me.pem")
    with pytest.raises(OptionError, match="leave it out, or sign"):
        ProvenanceOptions(sign=False, cert="me.pem", key="me.key")
    with pytest.raises(OptionError, match="sign is 'yes'"):
        ProvenanceOptions(sign="yes")  # type: ignore[arg-type]
