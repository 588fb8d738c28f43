"""One server for all tests of a file; and the films of another folder's tests."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

# In pytest's importlib mode the folder of a test is not on the path.
sys.path.append(str(Path(__file__).parents[1] / "video"))

pytest.importorskip("fastapi", reason="FastAPI, of the extra [studio], is not installed")

from tests.studio.browser import chromium
from tests.studio.servers import Running, running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("studio") / "data", "--max-queue", "3") as found:
        yield found


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Start one browser for all pages; each has a profile of its own."""
    playwright, found = chromium()
    yield found
    found.close()
    playwright.stop()


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Say where servers of pages keep what they compile: once for all of them."""
    return {"IMPASTO_CACHE": str(tmp_path_factory.mktemp("compiled"))}


@pytest.fixture(scope="session")
def studio(
    tmp_path_factory: pytest.TempPathFactory, random_weights: Path, compiled: dict[str, str]
) -> Iterator[Running]:
    """Start a server whose optimiser has a tiny random network."""
    data = tmp_path_factory.mktemp("page") / "data"
    with running(data, IMPASTO_WEIGHTS=str(random_weights), **compiled) as found:
        yield found
