"""Small weights files of every layout, and a real web server that misbehaves on request."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

Array = NDArray[Any]
WIDTHS = (64, 128, 256, 512, 512)


def vgg_tensors(*depths: int) -> dict[str, Array]:
    """Return random convolutions of a VGG's first blocks."""
    rng = np.random.default_rng(0)
    tensors: dict[str, Array] = {}
    channels = 3
    for block, depth in enumerate(depths, 1):
        width = WIDTHS[block - 1]
        for i in range(1, depth + 1):
            weight = rng.standard_normal((width, channels, 3, 3), dtype=np.float32)
            tensors[f"conv{block}_{i}.weight"] = weight
            tensors[f"conv{block}_{i}.bias"] = rng.standard_normal(width, dtype=np.float32)
            channels = width
    return tensors


def numbered(tensors: dict[str, Array], prefix: str = "features.") -> dict[str, Array]:
    """Rename convolutions the way torchvision numbers them."""
    renamed, number, last = {}, -2, "1"
    for key, tensor in tensors.items():
        name, kind = key.split(".")
        if kind == "weight":
            number += 2 if name[4] == last else 3
            last = name[4]
        renamed[f"{prefix}{number}.{kind}"] = tensor
    return renamed


@pytest.fixture
def vgg() -> Any:
    """Return the maker of random VGG tensors."""
    return vgg_tensors


@pytest.fixture
def as_torchvision() -> Any:
    """Return the function that gives torchvision's names."""
    return numbered


@pytest.fixture(autouse=True)
def user_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep every test away from the user's own weights, settings and proxies."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("IMPASTO_WEIGHTS", raising=False)
    monkeypatch.delenv("IMPASTO_OFFLINE", raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return tmp_path / "data" / "impasto" / "weights"


class Site:
    """Hold what the server gives, how it misbehaves, and what it was asked."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.drops: dict[str, int] = {}
        self.ignores_range = False
        self.redirects: dict[str, str] = {}
        self.requests: list[tuple[str, str | None]] = []
        self.url = ""


def _handler(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            return

        def do_GET(self) -> None:
            wanted = self.headers.get("Range")
            site.requests.append((self.path, wanted))
            if self.path in site.redirects:
                self.send_response(302)
                self.send_header("Location", site.redirects[self.path])
                self.end_headers()
                return
            if self.path not in site.files:
                self.send_error(404)
                return
            data = site.files[self.path]
            start = int(wanted[6:-1]) if wanted and not site.ignores_range else 0
            if start >= len(data):
                self.send_error(416)
                return
            self._send(data, start)

        def _send(self, data: bytes, start: int) -> None:
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
            self.send_header("Content-Length", str(len(data) - start))
            self.end_headers()
            rest = data[start:]
            if site.drops.get(self.path, 0) > 0:
                site.drops[self.path] -= 1
                rest = rest[: len(rest) // 2]
            # a client may well hang up on an offer that it refuses
            with suppress(ConnectionError):
                self.wfile.write(rest)

    return Handler


@pytest.fixture
def site() -> Iterator[Site]:
    """Serve a `Site` on loopback."""
    site = Site()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(site))
    site.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield site
    server.shutdown()
    server.server_close()
    thread.join()
