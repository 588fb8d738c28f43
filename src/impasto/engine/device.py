"""Choose the device, and know its limits before work begins."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from impasto.errors import MissingExtraError, OptionError

if TYPE_CHECKING:
    import torch


def choose_device(name: str) -> torch.device:
    """Return the device of this name; "auto" is a GPU where there is one, else the CPU.

    Raises:
        OptionError: the device is not to be had here; nothing else is taken in its place.
        MissingExtraError: PyTorch is not installed.
    """
    try:
        import torch
    except ModuleNotFoundError:
        raise MissingExtraError("The optimiser", "optimize") from None
    there = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        name = next(kind for kind, available in there.items() if available)
    if not there.get(name, False):
        raise OptionError(f"device {name}: not available here; use cpu or auto")
    return torch.device(name)


def choose_precision(name: str, device: torch.device) -> str:
    """Return float32 or bfloat16; "auto" is bfloat16 where the device computes it natively.

    Raises:
        OptionError: unknown name.
    """
    import torch

    if name not in ("auto", "float32", "bfloat16"):
        raise OptionError(f"precision {name!r}: choose auto, float32 or bfloat16")
    if name != "auto":
        return name
    native = {
        "cuda": device.type == "cuda" and torch.cuda.is_bf16_supported(),
        "cpu": torch.cpu._is_avx512_bf16_supported(),
    }
    return "bfloat16" if native.get(device.type, False) else "float32"


@contextmanager
def cpu_threads(count: int | None) -> Iterator[int]:
    """Compute with so many CPU threads (None: one for each usable core), then put back."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count or usable_cores())
    try:
        yield torch.get_num_threads()
    finally:
        torch.set_num_threads(before)


def usable_cores() -> int:
    """Return the number of CPU cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def processor_features() -> str:
    """Return what Linux says the first core can do; nothing on other systems."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return ""
    return next((line for line in lines if line.startswith(("flags", "Features"))), "")


def available_memory(root: Path = Path("/")) -> int | None:
    """Return the bytes of main memory that can be had without swapping; None where unknown.

    The smallest of what the machine has, and what the container (control group) and this
    process's own limit leave. `root` is where Linux has /proc and /sys.
    """
    if sys.platform != "linux":
        return _elsewhere()[0]
    limits = [
        _machine_memory(root / "proc/meminfo"),
        _container_memory(root / "sys/fs/cgroup"),
        _own_limit(root / "proc/self/statm"),
    ]
    return min((limit for limit in limits if limit is not None), default=None)


def used_memory() -> int:
    """Return the bytes of main memory that this process holds now; 0 where unknown."""
    if sys.platform != "linux":
        return _elsewhere()[1]
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _elsewhere() -> tuple[int, int]:
    """Return what is available, and what this process holds, on other systems than Linux."""
    psutil = import_module("psutil")
    return psutil.virtual_memory().available, psutil.Process().memory_info().rss


def _machine_memory(path: Path) -> int | None:
    found = _table(path)
    return found["MemAvailable"] * 1024 if "MemAvailable" in found else None


def _container_memory(folder: Path) -> int | None:
    try:
        limit = int((folder / "memory.max").read_text())
        used = int((folder / "memory.current").read_text())
    except (OSError, ValueError):  # no control group of version 2, or "max"
        return None
    # file pages are given back when memory is wanted
    return max(0, limit - used + _table(folder / "memory.stat").get("inactive_file", 0))


def _own_limit(path: Path) -> int | None:
    import resource

    most, _ = resource.getrlimit(resource.RLIMIT_DATA)
    if most == resource.RLIM_INFINITY:
        return None
    try:
        pages = int(path.read_text().split()[5])
    except (OSError, IndexError, ValueError):
        return None
    return max(0, most - pages * os.sysconf("SC_PAGE_SIZE"))


def _table(path: Path) -> dict[str, int]:
    """Return the numbers of a file with a name and a number on each line."""
    try:
        lines = [line.replace(":", " ").split() for line in path.read_text().splitlines()]
    except OSError:
        return {}
    return {line[0]: int(line[1]) for line in lines if len(line) > 1 and line[1].isdigit()}
