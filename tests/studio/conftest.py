"""One server for all tests of a file; and the films of another folder's tests."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# In pytest's importlib mode the folder of a test is not on the path.
sys.path.append(str(Path(__file__).parents[1] / "video"))

pytest.importorskip("fastapi", reason="FastAPI, of the extra [studio], is not installed")

from tests.studio.servers import Running, running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("studio") / "data", "--max-queue", "3") as found:
        yield found
