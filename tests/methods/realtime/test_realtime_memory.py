"""How large a tile may be."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impasto.errors import OptionError
from impasto.methods.realtime import memory
from impasto.methods.realtime.memory import LARGEST_TILE, LEAST_TILE, tile_side
from impasto.methods.realtime.model import CELL, shipped_model
from impasto.methods.realtime.options import RealtimeOptions
from impasto.options import byte_count


@pytest.fixture(autouse=True)
def nothing_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "used_memory", lambda: 0)


def of(megabytes: float) -> RealtimeOptions:
    return RealtimeOptions(memory=f"{megabytes:.3f}MB")


@given(st.integers(200, 20_000), st.integers(0, 20_000), st.integers(300, 60_000),
       st.integers(300, 60_000), st.sampled_from([0, 24]))  # fmt: skip
def test_more_memory_never_makes_smaller_tiles(
    low: int, more: int, height: int, width: int, held: float
) -> None:
    sides = []
    for amount in (low, low + more):
        try:
            sides.append(tile_side(of(amount), height, width, held))
        except OptionError:
            sides.append(0)
    assert sides[0] <= sides[1]
    for side, amount in zip(sides, (low, low + more), strict=True):
        assert side == 0 or LEAST_TILE <= side <= LARGEST_TILE
        assert side % CELL == 0
        # and what is held, with the tile, is what was asked for
        window = min((side + memory.AROUND) ** 2, height * width)
        needed = held * height * width + memory.BYTES_PER_TILE_PIXEL * window
        assert side == 0 or needed <= amount * 2**20


def test_a_share_of_the_memory_is_a_share() -> None:
    assert tile_side(of(1600), 30_000, 30_000, 0, 0.25) == tile_side(of(400), 30_000, 30_000, 0)


def test_what_is_used_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = tile_side(of(600), 30_000, 30_000, 0)
    monkeypatch.setattr(memory, "used_memory", lambda: 500 * 2**20)
    assert tile_side(of(1100), 30_000, 30_000, 0) == alone


def test_without_an_amount_most_of_what_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_memory", lambda: 1000 * 2**20)
    assert tile_side(RealtimeOptions(), 30_000, 30_000, 0) == tile_side(of(800), 30_000, 30_000, 0)
    monkeypatch.setattr(memory, "available_memory", lambda: None)
    assert tile_side(RealtimeOptions(), 30_000, 30_000) == LARGEST_TILE


@pytest.mark.parametrize("shape", [(20_000, 30_000), (30_000, 2000), (9000, 9000)])
@pytest.mark.parametrize("amount", [100, 400, 1000])
def test_an_error_tells_a_size_that_does(shape: tuple[int, int], amount: int) -> None:
    with pytest.raises(OptionError, match=r"picture needs about \d+\.\d GB more") as caught:
        tile_side(of(amount), *shape)
    found = re.search(r"use --size (\d+)$", str(caught.value))
    assert found is not None
    scale = int(found[1]) / max(shape)
    assert 0 < scale < 1
    tile_side(of(amount), *(int(side * scale) for side in shape))


def test_the_surroundings_that_are_reckoned_with_are_those_of_the_network() -> None:
    assert 2 * shipped_model().halo + 3 * CELL <= memory.AROUND


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
