"""How large a tile may be."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impasto.errors import OptionError
from impasto.methods.realtime import memory
from impasto.methods.realtime.engines import Engines
from impasto.methods.realtime.memory import (
    GUIDED,
    LARGEST_TILE,
    LEAST_TILE,
    LOCAL,
    REGION,
    Cost,
    free_memory,
    tile_side,
)
from impasto.methods.realtime.model import CELL, shipped_model
from impasto.methods.realtime.network_file import read_network
from impasto.methods.realtime.options import RealtimeOptions
from impasto.methods.realtime.stylizer import prepare
from impasto.options import byte_count
from tests.methods.realtime.networks import random_network, written

MB = 2**20
COST = Cost(122, 336, 0, 20 * MB)


@pytest.fixture
def nothing_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "used_memory", lambda: 0)


@given(st.integers(200, 20_000), st.integers(0, 20_000), st.integers(300, 60_000),
       st.integers(300, 60_000), st.sampled_from([0, 24]), st.sampled_from([0, 2**20]))  # fmt: skip
def test_more_memory_never_makes_smaller_tiles(
    low: int, more: int, height: int, width: int, held: float, least: int
) -> None:
    sides, cost = [], Cost(122, 336, least, 20 * MB)
    for amount in (low, low + more):
        try:
            sides.append(tile_side(amount * MB, cost, height, width, held))
        except OptionError:
            sides.append(0)
    assert sides[0] <= sides[1]
    for side, amount in zip(sides, (low, low + more), strict=True):
        assert side == 0 or LEAST_TILE <= side <= LARGEST_TILE
        assert side % CELL == 0
        # and what is held, with the tile, is what was asked for
        needed = held * height * width + cost.of_tile(side, height, width)
        assert side == 0 or needed <= amount * MB


def test_what_is_used_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "used_memory", lambda: 500 * MB)
    assert free_memory("1100MB") == 600 * MB


def test_without_an_amount_most_of_what_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_memory", lambda: 1000 * MB)
    assert free_memory(None) == 800 * MB
    monkeypatch.setattr(memory, "available_memory", lambda: None)
    assert free_memory(None) is None
    assert tile_side(None, COST, 30_000, 30_000) == LARGEST_TILE


def test_several_pictures_share_what_was_free_at_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "used_memory", lambda: 200 * MB)
    monkeypatch.setattr(memory, "available_memory", lambda: 1000 * MB)
    several, asked, one = Engines(4), Engines(4), Engines()
    assert (several.room(None), asked.room("1GB")) == (200 * MB, 206 * MB)
    assert (one.room(None), one.room("1GB")) == (None, 824 * MB)
    monkeypatch.setattr(memory, "used_memory", lambda: 900 * MB)
    monkeypatch.setattr(memory, "available_memory", lambda: 100 * MB)
    assert (several.room(None), asked.room("1GB")) == (200 * MB, 206 * MB)
    assert one.room("1GB") == 824 * MB


@pytest.mark.parametrize("shape", [(20_000, 30_000), (30_000, 2000), (9000, 9000)])
@pytest.mark.parametrize("amount", [150, 400, 1000])
def test_an_error_tells_a_size_that_does(shape: tuple[int, int], amount: int) -> None:
    with pytest.raises(OptionError, match=r"picture needs about \S+ [MG]B more") as caught:
        tile_side(amount * MB, COST, *shape)
    found = re.search(r"use --size (\d+)$", str(caught.value))
    assert found is not None
    scale = int(found[1]) / max(shape)
    assert 0 < scale < 1
    tile_side(amount * MB, COST, *(int(side * scale) for side in shape))


@pytest.mark.parametrize("amount", [-300 * MB, 0, 20 * MB + 20_000])
def test_where_nothing_does_no_size_is_told(amount: int) -> None:
    with pytest.raises(OptionError, match="allow more with --memory$"):
        tile_side(amount, COST, 2000, 3000)


def test_guides_local_statistics_and_networks_cost_more(tmp_path: Path, draw: Any) -> None:
    def cost(*styles: Any, **options: Any) -> Cost:
        guides = options.pop("masks", [])
        blend = [1 / len(styles)] * len(styles)
        return prepare(styles, blend, RealtimeOptions(**options), guides).cost

    style, grey = draw(), draw().mean(2)
    plain = cost(style, precision="bfloat16")
    assert plain.around >= 2 * shipped_model().halo + 2 * CELL
    assert cost(style, precision="float32").per_pixel > plain.per_pixel
    local = cost(style, precision="bfloat16", local=0.2)
    assert local.per_pixel - plain.per_pixel == LOCAL
    masked = cost(style, style, precision="bfloat16", masks=[grey, grey])
    assert masked.per_pixel - plain.per_pixel == GUIDED + 2 * REGION
    network = written(tmp_path / "n.impasto", random_network("residual"))
    residual = cost(read_network(network).style("s0"), precision="bfloat16")
    assert residual.least == 2**20
    assert (plain + residual).per_pixel == plain.per_pixel + residual.per_pixel
    assert (plain + residual).around == max(plain.around, residual.around)


# not by getrusage, whose peak begins with that of the process before
MEASURED = """
import re, sys
from pathlib import Path
import numpy as np
from impasto.methods.realtime.options import RealtimeOptions
from impasto.methods.realtime.stylizer import prepare
from impasto.styles import open_styles
kind, style = sys.argv[1:]
def known(name):
    return 1024 * int(re.search(name + r":\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
options = RealtimeOptions(threads=1, local=0.1 * (kind == "local"))
ramp = np.tile(np.linspace(0, 1, 64, dtype=np.float32), (64, 1))
ready = prepare(open_styles([style]), [1.0], options, [ramp] if kind == "masks" else [])
ready(np.zeros((64, 64, 3), np.float32))
content = np.random.default_rng(0).random((2400, 2400, 3), dtype=np.float32)
before = known("VmRSS")
for part in ready.parts(content, 1024):
    pass
print(known("VmHWM") - before, ready.cost.of_tile(1024, 2400, 2400))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the peak is read otherwise")
@pytest.mark.parametrize("kind", ["plain", "masks", "local", "residual"])
def test_the_cost_is_above_the_peak_but_not_far(kind: str, tmp_path: Path) -> None:
    style = "ink"
    if kind == "residual":
        style = f"{written(tmp_path / 'n.impasto', random_network('residual'))}#s0"
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, kind, style], capture_output=True, text=True, check=True
    )
    peak, reckoned = map(float, done.stdout.split())
    assert 0.3 * reckoned < peak < reckoned


@pytest.mark.parametrize(
    ("text", "count"),
    [("2GB", 2**31), ("2 gib", 2**31), ("0.5T", 2**39), ("800mb", 800 * 2**20), ("1k", 1024),
     (" 1.5 G ", 3 * 2**29), (None, None)],
)  # fmt: skip
def test_amounts_of_memory(text: str | None, count: int | None) -> None:
    assert byte_count(text) == count


@pytest.mark.parametrize("text", ["", "2", "GB", "-1GB", "2 GBs", "1,5GB", "nanGB", "1e3MB", "²GB"])
def test_what_is_no_amount_is_told(text: str) -> None:
    with pytest.raises(OptionError, match="expected an amount such as 800MB or 2GB"):
        RealtimeOptions(memory=text)
