"""Tokens, as a browser and as a program show them; and what settings are refused."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from impasto.cli.main import cli
from impasto.errors import OptionError
from impasto.studio.guard import COOKIE, Guard
from impasto.studio.settings import Settings
from impasto.studio.store import Store

TOKEN = "a secret of some length"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def guarded(settings: Settings) -> httpx.AsyncClient:
    async def inside(request: object) -> PlainTextResponse:
        return PlainTextResponse("inside")

    app = Guard(
        Starlette(routes=[Route("/{path:path}", inside, methods=["GET", "POST"])]), settings
    )
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app, client=("10.0.0.7", 1)), base_url="http://192.0.2.1:7860"
    )


@pytest.mark.anyio
async def test_a_token_opens() -> None:
    async with guarded(Settings(host="0.0.0.0", token=TOKEN)) as client:
        assert (await client.get("/v1/jobs")).status_code == 401
        assert (await client.get("/healthz")).text == "inside"
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        assert (await client.get("/v1/jobs", headers=bearer)).text == "inside"
        opened = await client.get("/", params={"token": TOKEN})
        assert (opened.status_code, opened.headers["location"]) == (303, "/")
        sent = opened.headers["set-cookie"].lower()
        assert "httponly" in sent
        assert "samesite=strict" in sent
        assert TOKEN not in sent
        assert (await client.get("/v1/jobs")).text == "inside"  # by the cookie
        client.cookies.clear()
        client.cookies.set(COOKIE, "guessed")
        assert (await client.get("/v1/jobs")).status_code == 401


@pytest.mark.anyio
async def test_tokens_are_not_guessed() -> None:
    async with guarded(Settings(host="0.0.0.0", token=TOKEN)) as client:
        wrong = {"Authorization": "Bearer wrong"}
        states = [(await client.get("/v1/jobs", headers=wrong)).status_code for _ in range(12)]
        assert states == [401] * 10 + [429] * 2


@pytest.mark.anyio
async def test_hosts_and_lengths() -> None:
    async with guarded(Settings(allow_host="studio.example")) as client:
        for host, status in (
            ("studio.example", 200),
            ("localhost:7860", 200),
            ("[::1]:7860", 200),
            ("127.0.0.1:99", 200),
            ("studio.example.evil", 421),
            ("127.0.0.1.evil.example", 421),
            ("", 421),
        ):
            answer = await client.get("/x", headers={"Host": host})
            assert answer.status_code == status, host
        assert (await client.get("/" + "a" * 5000)).status_code == 414


@pytest.fixture(autouse=True)
def no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IMPASTO_TOKEN", raising=False)


def test_strangers_need_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OptionError, match="IMPASTO_TOKEN"):
        Settings(host="0.0.0.0")
    with pytest.raises(OptionError, match="12 letters"):
        Settings(host="0.0.0.0", token="short")
    monkeypatch.setenv("IMPASTO_TOKEN", TOKEN)
    assert Settings(host="0.0.0.0").token == TOKEN
    with pytest.raises(OptionError, match="memory"):
        Settings(max_bytes="a lot")


def test_a_folder_is_one_servers(tmp_path: Path) -> None:
    from impasto.studio.service import Service

    service = Service(Settings(data=str(tmp_path)))
    with pytest.raises(OptionError, match="another server"):
        Service(Settings(data=str(tmp_path)))
    service.release()
    Service(Settings(data=str(tmp_path))).release()


def test_the_commands_say_what_they_take() -> None:
    for command in ("serve", "studio"):
        told = CliRunner().invoke(cli, [command, "--help"])
        assert told.exit_code == 0
        assert "--max-queue" in told.output
        assert "default 127.0.0.1" in " ".join(told.output.split())


def test_the_store_keeps_whole_files_under_their_hash(tmp_path: Path) -> None:
    store = Store(tmp_path)
    path = store.spooled()
    path.write_bytes(b"some bytes")
    name = store.keep(path)
    assert store.path(name).read_bytes() == b"some bytes"
    assert not path.exists()
    assert store.path(name).stat().st_mode & 0o077 == 0
    for wrong in ("", "../x", name.upper(), name + "\n", "g" * 64):
        with pytest.raises(ValueError, match="no SHA-256"):
            store.path(wrong)
    linked = store.link(name, tmp_path / "other")
    store.remove(name)
    assert not store.has(name)
    assert linked.read_bytes() == b"some bytes"
