"""What a measurement was taken on, and where it is kept."""

from __future__ import annotations

import json
import platform
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

from impasto.engine import usable_cores

Measured = TypeVar("Measured")
QUIET = 0.03  # share of the time that others may take

HERE = Path(__file__).parent
_FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8")


def describe() -> dict[str, Any]:
    """Return date, commit, hardware and versions."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": _output("git", "rev-parse", "--short", "HEAD"),
        "processor": _processor(),
        "cores": usable_cores(),
        "python": platform.python_version(),
        **{name: version(name) for name in ("openvino", "torch")},
    }


def quietest(measure: Callable[[], Measured], tries: int = 4) -> tuple[Measured, float]:
    """Measure until the machine is quiet, or so many times; return the quietest, and how quiet.

    That is the share of the cores' busy time that a virtual machine's host kept for others: where
    it is a tenth, times say more of the others than of what is measured. 0 where nobody tells.
    """
    found: list[tuple[Measured, float]] = []
    while len(found) < tries and not (found and found[-1][1] <= QUIET):
        before = _busy_and_stolen()
        value = measure()
        busy, stolen = (b - a for a, b in zip(before, _busy_and_stolen(), strict=True))
        found.append((value, round(stolen / max(busy + stolen, 1), 3)))
    return min(found, key=lambda each: each[1])


def _busy_and_stolen() -> tuple[int, int]:
    """Return what Linux has counted since its start, in ticks of all cores."""
    try:
        counts = [int(n) for n in Path("/proc/stat").read_text().split("\n")[0].split()[1:]]
    except (OSError, ValueError):
        return 0, 0
    return sum(counts[:3]), counts[7]  # user, nice, system; steal


def save(name: str, command: str, results: Any, folder: Path = HERE / "results") -> None:
    """Write results/NAME.json with the command that made it."""
    path = folder / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    whole = {"command": command, "machine": describe(), "results": results}
    path.write_text(json.dumps(whole, indent=1) + "\n")
    print(path)


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, cwd=HERE).stdout.strip()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    flags = next((line for line in lines if line.startswith("flags")), "")
    extras = [flag for flag in _FLAGS if flag in flags]
    return " ".join([names[0] if names else platform.processor(), *extras])
