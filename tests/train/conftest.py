"""What tests of trainings share."""

from __future__ import annotations

import socket

import pytest


@pytest.fixture
def port() -> int:
    """Return a free port, where processes that train together may meet."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
