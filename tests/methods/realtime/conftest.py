"""Engines that compute in float32 on one thread, and pictures that we draw ourselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from impasto.methods.realtime.codes import StyleCode, shipped_codes
from impasto.methods.realtime.engines import Engine, make_engine
from impasto.methods.realtime.model import RealtimeModel, shipped_model
from impasto.methods.realtime.options import RealtimeOptions
from impasto.methods.realtime.stylizer import RealtimeStylizer
from tests.drawings import draw as draw_style

Array = NDArray[np.float32]
Make = Callable[..., RealtimeStylizer]


@pytest.fixture(scope="session")
def model() -> RealtimeModel:
    return shipped_model()


@pytest.fixture(scope="session")
def engine() -> Engine:
    """Return the engine that takes another size of picture without compiling anything."""
    return make_engine("torch", "float32", "cpu", 1)


@pytest.fixture(scope="session")
def codes() -> dict[str, StyleCode]:
    return shipped_codes()


@pytest.fixture(scope="session")
def styled(model: RealtimeModel, engine: Engine, codes: dict[str, StyleCode]) -> Make:
    """Return a function that makes a stylizer of presets' names or codes, without loading."""

    def make(*styles: str | StyleCode, blend: Any = None, **rest: Any) -> RealtimeStylizer:
        given = tuple(codes[s] if isinstance(s, str) else s for s in styles)
        weights = tuple(blend) if blend else (1 / len(given),) * len(given)
        guides = {name: rest.pop(name) for name in ("masks", "strength_map") if name in rest}
        options = RealtimeOptions(**rest)
        return RealtimeStylizer(model, engine, given, blend=weights, options=options, **guides)

    return make


@pytest.fixture(scope="session")
def scene() -> Array:
    """Return a content with colours and shapes, 80 x 112."""
    picture: Array = draw_style("watercolor", size=112)[:80]
    return picture
