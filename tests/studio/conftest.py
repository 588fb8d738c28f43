"""One server for all tests of a file; the folder's helpers."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

# In pytest's importlib mode the folder of a test is not on the path.
sys.path.append(str(Path(__file__).parent))
sys.path.append(str(Path(__file__).parents[1] / "video"))

pytest.importorskip("fastapi", reason="FastAPI, of the extra [studio], is not installed")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from servers import running

    with running(tmp_path_factory.mktemp("studio") / "data", "--max-queue", "3") as found:
        yield found
