"""Devices, threads and memory."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

from impasto.engine import (
    available_memory,
    choose_device,
    cpu_threads,
    usable_cores,
    used_memory,
)
from impasto.errors import OptionError


def test_devices() -> None:
    assert choose_device("cpu") == torch.device("cpu")
    assert choose_device("auto").type in ("cpu", "cuda", "mps")


@pytest.mark.parametrize("name", ["cuda", "mps", "tpu", ""])
def test_a_device_that_is_not_there_is_an_error_and_nothing_takes_its_place(name: str) -> None:
    if name == "cuda" and torch.cuda.is_available():
        pytest.skip("there is a GPU")
    if name == "mps" and torch.backends.mps.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(OptionError, match=f"device {name}: not available"):
        choose_device(name)


def test_threads_are_put_back() -> None:
    before = torch.get_num_threads()
    with cpu_threads(before + 2) as count:
        assert count == torch.get_num_threads() == before + 2
    assert torch.get_num_threads() == before
    with pytest.raises(KeyboardInterrupt), cpu_threads(before + 1):
        raise KeyboardInterrupt
    assert torch.get_num_threads() == before
    with cpu_threads(None) as count:
        assert count == usable_cores() >= 1


def test_memory_is_plausible() -> None:
    memory = available_memory()
    assert memory is None or 2**20 < memory < 2**50


def test_memory_on_other_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("psutil")  # before it is told that it is elsewhere
    here = available_memory(), used_memory()
    monkeypatch.setattr(sys, "platform", "darwin")
    elsewhere = available_memory(), used_memory()
    for ours, theirs in zip(here, elsewhere, strict=True):
        assert theirs is not None
        assert theirs > 2**20
        assert ours is None or ours == 0 or 0.2 < theirs / ours < 5


def test_memory_is_what_the_container_leaves(tmp_path: Path) -> None:
    assert available_memory(tmp_path) is None
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text("MemTotal: 9000 kB\nMemAvailable:   8000 kB\n")
    assert available_memory(tmp_path) == 8000 * 1024
    group = tmp_path / "sys/fs/cgroup"
    group.mkdir(parents=True)
    (group / "memory.max").write_text("max\n")
    (group / "memory.current").write_text("3000000\n")
    (group / "memory.stat").write_text("anon 100\ninactive_file 500000\n")
    assert available_memory(tmp_path) == 8000 * 1024
    (group / "memory.max").write_text("4000000\n")
    assert available_memory(tmp_path) == 1_500_000
