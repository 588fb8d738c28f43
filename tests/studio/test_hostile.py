"""What strangers may send: damaged and oversized pictures, paths, slow and endless requests.

IMPASTO_HOSTILE says how many mutated pictures are sent, and how many requests of each kind are made
up from the interface's description; a few without it. The full form: IMPASTO_HOSTILE=2000.
"""

from __future__ import annotations

import io
import os
import random
import socket
import struct
import sys
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from impasto.studio.shelf import safe_name
from tests.studio.servers import Running, png, running

COUNT = int(os.environ.get("IMPASTO_HOSTILE", "30"))
MOST = 20.0  # seconds that any answer may take
MEMORY = 1200  # MB, of which the libraries themselves take some


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    limits = {
        "--max-bytes": "3MB", "--max-pixels": "1000000", "--live-pixels": "300000",
        "--seconds": "6", "--memory": f"{MEMORY}MB",
    }  # fmt: skip
    flags = [part for pair in limits.items() for part in pair]
    with running(tmp_path_factory.mktemp("hostile") / "data", *flags) as found:
        yield found


def test_mutated_pictures(server: Running) -> None:
    rng, seen = random.Random(0), set()
    originals = _originals()
    for number in range(COUNT):
        data = _mutated(rng, originals[number % len(originals)])
        began = time.monotonic()
        if number % 5:
            answer = server.http.post("/v1/files", files={"file": ("a.png", data)})
        else:
            form = {"style_name": "ink"}
            answer = server.http.post("/v1/stylize", data=form, files={"content": ("a.png", data)})
        assert answer.status_code < 500, (number, answer.text)
        assert time.monotonic() - began < MOST
        seen.add(answer.status_code)
        if answer.status_code >= 400:
            assert "\n" not in answer.json()["detail"]
    assert 422 in seen
    assert _largest(server) < MEMORY + 300


def _originals() -> list[bytes]:
    image = Image.open(io.BytesIO(png(40, 56)))
    kinds = {
        "PNG": {}, "JPEG": {"quality": 80}, "WEBP": {}, "GIF": {}, "BMP": {},
        "TIFF": {"compression": "tiff_lzw"}, "AVIF": {},
    }  # fmt: skip
    found = []
    for kind, options in kinds.items():
        buffer = io.BytesIO()
        image.save(buffer, kind, **options)
        found.append(buffer.getvalue())
    return found


def _mutated(rng: random.Random, data: bytes) -> bytes:
    out = bytearray(data)
    for _ in range(rng.choice((1, 2, 8, 64))):
        at = rng.randrange(len(out))
        how = rng.randrange(5)
        if how == 0:
            out[at] = rng.randrange(256)
        elif how == 1:
            out[at : at + 4] = rng.choice((b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\0"))
        elif how == 2 and len(out) > 32:
            del out[at : at + rng.randrange(1, 64)]
        elif how == 3:
            out[at:at] = rng.randbytes(rng.randrange(1, 64))
        else:
            out[at] ^= 1 << rng.randrange(8)
    return bytes(out[: rng.randrange(1, len(out) + 1)] if rng.random() < 0.15 else out) or b"\0"


def _largest(server: Running) -> float:
    """Return the most memory that a process that decodes has ever held, in MB."""
    if sys.platform != "linux":
        return 0.0
    found = [0.0]
    for pid, command in server.children().items():
        if "studio.live" in command:
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
            found += [int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")]
    return max(found)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _bomb(width: int, height: int, extra: bytes = b"", rows: int = 0) -> bytes:
    head = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    packer = zlib.compressobj(9)
    body = b"".join(packer.compress(bytes(1 + 3 * width)) for _ in range(rows)) + packer.flush()
    return b"\x89PNG\r\n\x1a\n" + head + extra + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def _packed(megabytes: int) -> bytes:
    packer = zlib.compressobj(9)
    parts = [packer.compress(bytes(2**20)) for _ in range(megabytes)]
    return b"".join(parts) + packer.flush()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(_bomb(2**31 - 1, 2**31 - 1), id="a header that lies"),
        pytest.param(_bomb(20_000, 20_000, rows=50), id="400 million pixels"),
        pytest.param(_bomb(1100, 1000, rows=1000), id="a little too many pixels"),
        pytest.param(
            _bomb(64, 64, _chunk(b"iCCP", b"a\0\0" + _packed(400)), 64), id="a profile of 400 MB"
        ),
        pytest.param(
            _bomb(64, 64, _chunk(b"zTXt", b"a\0\0" + _packed(400)), 64), id="a text of 400 MB"
        ),
    ],
)
def test_pictures_that_are_larger_than_they_seem(server: Running, data: bytes) -> None:
    for url, field, form in (
        ("/v1/files", "file", {}),
        ("/v1/stylize", "content", {"style_name": "ink"}),
    ):
        began = time.monotonic()
        answer = server.http.post(url, data=form, files={field: ("a.png", data)})
        assert answer.status_code < 500, answer.text
        if answer.status_code >= 400:
            assert answer.status_code == 422
        assert time.monotonic() - began < MOST
    assert _largest(server) < MEMORY + 300
    assert server.http.get("/healthz").status_code == 200


def test_more_than_is_taken(server: Running) -> None:
    long = server.http.post("/v1/files", files={"file": ("a", bytes(5 * 2**20))})
    assert long.status_code == 413

    def endless() -> Iterator[bytes]:
        for _ in range(8):
            yield bytes(2**20)

    try:
        head = {"Content-Type": "multipart/form-data; boundary=x"}
        answer = server.http.post("/v1/files", content=endless(), headers=head)
        assert answer.status_code in (400, 413)
    except httpx.TransportError:  # it hung up while we were still sending
        pass
    deep = b'{"options":' + b"[" * 100_000
    answer = server.http.post(
        "/v1/jobs", content=deep, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 422
    assert server.http.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/../../../etc/passwd",
        "/assets/../../../serving.py",
        "/assets/..%2f..%2fserving.py",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/docs/..%2fserving.py",
        "/docs//etc/passwd",
        "/v1/files/../../jobs.db",
        "/v1/files/..%2f..%2fjobs.db",
        "/v1/styles/..%2f..%2fjobs.db/thumbnail",
        "/v1/styles/%2fetc%2fpasswd/thumbnail",
        "/v1/jobs/00000000000000000000000000/tiles_files/0/..%2f..%2f0_0.jpg",
        "/v1/jobs/..%2f..%2fjobs.db",
    ],
)
def test_no_path_leads_to_a_file(server: Running, path: str) -> None:
    answer = _raw(server, f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
    status = int(answer.split(b" ")[1])
    assert status in (400, 404, 422), answer[:300]
    assert b"root:" not in answer
    assert b"SQLite" not in answer


def test_names_of_uploads_lead_nowhere(server: Running) -> None:
    for name in (
        "../../x.png",
        "/etc/passwd",
        "..\\..\\x",
        "a\0b.png",
        "." * 300,
        "",
        "CON",
        "é\u202e.png",
    ):
        answer = server.http.post("/v1/files", files={"file": (name or "x", png(number=3))})
        assert answer.status_code in (200, 201), (name, answer.text)
        made = safe_name(name, "image/png")
        assert "/" not in made and "\\" not in made and "\0" not in made  # noqa: PT018
        assert made.endswith(".png")
        assert not made.startswith(".")
    outside = {path.name for path in server.data.parent.iterdir()}
    assert outside == {"data", "data.log"}


def _raw(server: Running, request: str | bytes, seconds: float = MOST) -> bytes:
    host, _, port = server.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=seconds) as connection:
        connection.sendall(request.encode() if isinstance(request, str) else request)
        return _read(connection)


def _read(connection: socket.socket) -> bytes:
    got = b""
    try:
        while part := connection.recv(65536):
            got += part
    except ConnectionError:
        pass
    return got


def test_slow_and_silent_clients_are_left(server: Running) -> None:
    host, _, port = server.url.removeprefix("http://").partition(":")
    place, began = (host, int(port)), time.monotonic()
    silent = socket.create_connection(place, timeout=MOST)
    half = socket.create_connection(place, timeout=MOST)
    half.sendall(b"POST /v1/files HTTP/1.1\r\nHost: 127.0.")
    slow = socket.create_connection(place, timeout=MOST)
    slow.sendall(
        b"POST /v1/files HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100000\r\n"
        b"Content-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\n"
    )
    second = socket.create_connection(place, timeout=MOST)
    second.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    assert b" 200 " in second.recv(65536)
    second.sendall(b"GET /healthz HTTP/1.1\r\nHos")
    # others are answered meanwhile
    assert server.http.get("/healthz").status_code == 200
    for connection in (silent, half, slow, second):
        answer = _read(connection)
        if connection is slow:
            assert b" 408 " in answer.partition(b"\r\n")[0]
        connection.close()
    assert time.monotonic() - began < MOST


def test_huge_heads(server: Running) -> None:
    for line in (f"X-Long: {'a' * 200_000}\r\n", "X-Many: b\r\n" * 20_000):
        answer = _raw(server, f"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n{line}\r\n")
        assert answer == b"" or int(answer.split(b" ")[1]) in (400, 431)
    long = server.http.get(f"/v1/jobs?before={'A' * 5000}")
    assert long.status_code == 414
    assert server.http.get("/healthz").status_code == 200


def test_other_sites_may_not_ask(server: Running) -> None:
    def post(**headers: str) -> int:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return server.http.post("/v1/jobs", json={}, headers=named).status_code

    assert post() == 422
    assert post(Origin=server.url) == 422
    assert post(Origin="http://evil.example") == 403
    assert post(Origin="null") == 403
    assert post(Sec_Fetch_Site="cross-site") == 403
    assert post(Host="evil.example") == 421
    rebound = server.http.get("/v1/jobs", headers={"Host": "evil.example:7860"})
    assert rebound.status_code == 421


def test_pages_may_do_little(server: Running) -> None:
    for path in ("/", "/docs"):
        policy = server.http.get(path).headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        scripts = next(part for part in policy.split(";") if "script-src" in part)
        assert scripts.split() == ["script-src", "'self'"]
    file = server.http.post("/v1/files", files={"file": ("a.html", png(number=4))}).json()
    answer = server.http.get(f"/v1/files/{file['id']}")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    script = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    assert server.http.post("/v1/files", files={"file": ("a.svg", script)}).status_code == 422


def test_requests_made_up_from_the_description(server: Running) -> None:
    schemathesis = pytest.importorskip("schemathesis")
    hypothesis = pytest.importorskip("hypothesis")
    schema = schemathesis.openapi.from_dict(server.http.get("/openapi.json").json())
    schema.config.update(base_url=server.url)
    count = max(1, COUNT // 50)
    tried = 0
    for operation in schema.get_all_operations():
        case_of: Any = operation.ok().as_strategy()

        @hypothesis.settings(
            max_examples=count, deadline=None, database=None, derandomize=True,
            suppress_health_check=list(hypothesis.HealthCheck),
        )  # fmt: skip
        @hypothesis.given(case=case_of)
        def ask(case: Any) -> None:
            nonlocal tried
            began = time.monotonic()
            answer = case.call(timeout=MOST)
            tried += 1
            assert answer.status_code < 500, (case.as_curl_command(), answer.text)
            assert time.monotonic() - began < MOST

        ask()
    assert tried >= 25
    assert server.http.get("/readyz").json()["ready"]
