"""What is found in a content is kept, as long as that lives and cannot become another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from impasto.methods.realtime.engines import Engine, Engines
from impasto.methods.realtime.findings import Findings
from impasto.methods.realtime.options import RealtimeOptions
from impasto.methods.realtime.stylizer import prepare

Array = NDArray[np.float32]


def fixed(content: Array) -> Array:
    content = content.copy()
    content.flags.writeable = False
    return content


def test_a_fixed_content_is_looked_at_once() -> None:
    findings, content, asked = Findings(), fixed(np.zeros((4, 4, 3), np.float32)), []
    for key in ("a", "b", "a", "b"):
        found = findings.get(content, key, lambda key=key: asked.append(key) or key.upper())  # type: ignore[misc]
        assert found == key.upper()
    assert asked == ["a", "b"]


def test_a_content_that_may_change_is_looked_at_anew() -> None:
    findings, content = Findings(), np.zeros((4, 4, 3), np.float32)
    assert findings.get(content, "mean", lambda: content.mean()) == 0
    content += 1
    assert findings.get(content, "mean", lambda: content.mean()) == 1


def test_another_array_in_the_same_place_is_another_content() -> None:
    findings = Findings()
    for value in range(200):  # whose addresses come again
        content = fixed(np.full((4, 4, 3), value, np.float32))
        assert findings.get(content, "mean", lambda content=content: content.mean()) == value  # type: ignore[misc]
        del content


class Counting:
    """Count what an engine runs."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.runs = engine, []  # type: ignore[var-annotated]
        self.name, self.precision = engine.name, engine.precision
        self.threads = engine.threads

    def run(self, graph: str, inputs: Mapping[str, Array], outputs: Sequence[str]) -> list[Array]:
        self.runs.append(graph if "picture" not in outputs else "picture")
        return self.engine.run(graph, inputs, outputs)


@pytest.mark.parametrize(
    ("options", "found"), [({"local": 0.3}, "content"), ({"strength": 0.6}, "style")]
)
def test_another_style_looks_at_a_content_no_more(
    engine: Engine, codes: Any, scene: Array, options: Any, found: str, monkeypatch: Any
) -> None:
    counting, engines = Counting(engine), Engines()
    monkeypatch.setattr(engines, "of", lambda *args: counting)
    settings = RealtimeOptions(**options)
    ink, batik = (
        prepare([codes[name]], [1], settings, engines=engines) for name in ("ink", "batik")
    )
    content = fixed(scene)
    first = ink(content)
    assert found in counting.runs
    counting.runs.clear()
    second = batik(content)
    assert counting.runs == ["picture"]
    # as without
    assert np.array_equal(ink(scene), first)
    assert np.array_equal(batik(scene), second)
    assert found in counting.runs
