"""What many tests need: a tiny random network in place of the real one, and drawn pictures."""

from __future__ import annotations

from tests.cores import worker  # isort: skip

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from numpy.typing import NDArray

from impasto.engine.openvino import load_openvino

# what a test compiles is for that test
os.environ["IMPASTO_CACHE"] = "off"
# before a test imports it, so that none sends the message that the import sends
load_openvino()

# a run that a shell began behind itself ignores Ctrl-C, which some tests press
signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("impasto", deadline=None)
settings.load_profile("impasto")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give a file's tests to one process, so that what they share is made once."""
    from xdist.scheduler import LoadFileScheduling

    return LoadFileScheduling(config, log)


Draw = Callable[..., NDArray[np.float32]]


@pytest.fixture(scope="session")
def random_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a random network of the shape of `compact` and return its folder."""
    import torch

    from impasto.backbones import save_backbone
    from impasto.backbones.vgg import CONFIGS, Vgg

    folder = tmp_path_factory.mktemp("weights")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        state = Vgg(CONFIGS["compact"]).state_dict()
        for name, tensor in state.items():
            if name.endswith(".bias"):
                # unlike a fresh network's, a trained one's features are never all 0
                tensor.uniform_(0, 0.1)
    metadata = {"name": "compact", "arch": "compact", "preprocessing": "unit"}
    metadata |= {"license": "none", "source": "random numbers", "training": "none"}
    save_backbone(folder / "compact.safetensors", state, metadata)
    return folder


@pytest.fixture(scope="session", autouse=True)
def exported(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Let networks that tests export be exported once, whichever process does it."""
    root = tmp_path_factory.getbasetemp()
    folder = (root.parent if worker else root) / "exported"
    folder.mkdir(exist_ok=True)
    os.environ["EXPORTED_GRAPHS"] = str(folder)


@pytest.fixture(scope="session", autouse=True)
def signing(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Let nothing be signed with the key of whoever runs the tests, in this process or others."""
    os.environ["IMPASTO_CONFIG"] = str(tmp_path_factory.mktemp("config"))
    for name in ("IMPASTO_CERT", "IMPASTO_KEY"):
        os.environ.pop(name, None)


@pytest.fixture
def compact(random_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let the random network be found as `compact`, whatever is installed."""
    monkeypatch.setenv("IMPASTO_WEIGHTS", str(random_weights))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "no-user-weights"))
    return random_weights


@pytest.fixture(scope="session")
def draw() -> Draw:
    """Return a function that draws waves (height, width, 3), other ones for each number."""

    def waves(height: int = 48, width: int = 64, number: int = 0) -> NDArray[np.float32]:
        y, x = np.mgrid[0:height, 0:width]
        planes = [np.sin(x / (3 + number + c) + y * c / 9) for c in range(3)]
        return (0.5 + 0.4 * np.stack(planes, axis=2)).astype(np.float32)

    return waves


@pytest.fixture(
    params=[
        ((33, 47), None, (33, 47)),
        ((33, 67), 48, (24, 48)),
        ((67, 33), 48, (48, 24)),
        ((33, 47), 65, (46, 65)),
        ((16, 16), None, (16, 16)),
        ((17, 200), None, (17, 200)),
    ]
)
def fitted(request: pytest.FixtureRequest) -> object:
    """Return a content's height and width, the size asked for, and the result's."""
    return request.param
