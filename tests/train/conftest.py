"""What tests of trainings share."""

from __future__ import annotations

import socket

import pytest


@pytest.fixture
def no_graphs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out graphs, which take ten seconds each, where weights alone are looked at."""
    empty = {"content.onnx": b"", "style.onnx": b""}
    monkeypatch.setattr("impasto.train.run.network_onnx", lambda network, about: empty)


@pytest.fixture
def port() -> int:
    """Return a free port, where processes that train together may meet."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
