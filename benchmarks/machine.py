"""What a measurement was taken on, and where it is kept."""

from __future__ import annotations

import json
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from impasto.engine import usable_cores

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
