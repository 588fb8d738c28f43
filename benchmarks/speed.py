"""Impasto's speed beside its peers', in one run: every size, method, engine and precision.

    python -m benchmarks.speed --peer 'NAME=COMMAND {width} {height} {repeats}' --gigapixel

Every case is a process of its own, and all that is compared runs in turn, A B C A B C, for a few
rounds. A peer is a command that paints a picture in memory so many times and prints the
milliseconds of each, a line for each; a `--step-peer` does so for steps of an optimiser. So no
peer's code is here. `python -m benchmarks.report` makes the tables and the plot of the docs.
"""

from __future__ import annotations

import json
import shlex
import statistics
import subprocess
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.commands import commands, gigapixel
from benchmarks.machine import HERE, save
from benchmarks.measure import CommandError, Ran, interleaved, ratio, run, significant, spread

# size -> repeats in a round: ours, and peers'
SIZES = {"512x512": (11, 5), "1920x1080": (7, 2), "3840x2160": (5, 1), "7680x4320": (2, 1)}
STEP_SIZES = {"512x512": 4, "1024x1024": 2}
COUNTED = ("1920x1080", "3840x2160")  # what OpenVINO's counters are asked of
PARTS = ("networks", "steps", "commands", "roofline", "counters")


@dataclass(frozen=True)
class Case:
    """Name what of ours is timed, and up to which size."""

    method: str
    engine: str
    precision: str
    largest: str

    @property
    def name(self) -> str:
        """Return the case's name in results."""
        return " ".join((self.method, self.engine, self.precision))


# the first is what the others' ratios are to: what `auto` takes where bytes are multiplied
NETWORKS = (
    Case("realtime", "openvino", "int8", "7680x4320"),
    Case("realtime", "openvino", "bfloat16", "7680x4320"),
    Case("realtime", "openvino", "float32", "7680x4320"),
    Case("realtime", "onnxruntime", "float32", "3840x2160"),
    Case("realtime", "torch", "bfloat16", "1920x1080"),
    Case("realtime", "torch", "float32", "1920x1080"),
    Case("residual", "openvino", "bfloat16", "3840x2160"),
    Case("residual", "openvino", "float32", "1920x1080"),
)
STEPS = (
    Case("optimize vgg19", "torch", "bfloat16", "1024x1024"),
    Case("optimize vgg19", "torch", "float32", "1024x1024"),
    Case("optimize compact", "torch", "bfloat16", "1024x1024"),
)


def networks(given: Namespace) -> list[dict[str, Any]]:
    """Time all networks, and the peers', at each size."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        network = Path(folder) / "mine.impasto"
        making = [sys.executable, "-m", "benchmarks.networks", str(network)]
        subprocess.run(making, check=True, capture_output=True)
        for size in given.sizes:
            print(size, flush=True)
            ours, theirs = SIZES[size]
            wanted = {
                case.name: _case(case, size, ours, network)
                for case in NETWORKS
                if pixels(size) <= pixels(case.largest)
            }
            if pixels(size) <= pixels(given.largest_peer):
                wanted |= peers(given.peer, size, theirs)
            wanted = {name: command for name, command in wanted.items() if given.only in name}
            rows += table(interleaved(wanted, given.rounds), size)
    return rows


def steps(given: Namespace) -> list[dict[str, Any]]:
    """Time the optimiser's steps, and the peers', at each size."""
    rows = []
    for size, repeats in STEP_SIZES.items():
        print(size, "steps", flush=True)
        wanted = {case.name: _case(case, size, repeats) for case in STEPS}
        wanted |= peers(given.step_peer, size, repeats)
        rows += table(interleaved(wanted, min(2, given.rounds)), size)
    return rows


def pixels(size: str) -> int:
    """Return the pixels of "1920x1080"."""
    width, height = map(int, size.split("x"))
    return width * height


def _case(case: Case, size: str, repeats: int, network: Path | None = None) -> list[str]:
    method, _, backbone = case.method.partition(" ")
    known = "optimize" if method == "optimize" else "realtime"
    command = [sys.executable, "-m", "benchmarks.case", known, size, str(repeats)]
    command += ["--engine", case.engine, "--precision", case.precision]
    if backbone:
        command += ["--backbone", backbone]
    return command + (["--network", str(network)] if method == "residual" else [])


def peers(given: Sequence[str], size: str, repeats: int) -> dict[str, list[str]]:
    width, height = size.split("x")
    known = {"width": width, "height": height, "repeats": str(repeats)}
    named = dict(part.split("=", 1) for part in given)
    return {
        name: [part.format(**known) for part in shlex.split(command)]
        for name, command in named.items()
    }


def table(found: Mapping[str, list[Ran] | CommandError], size: str) -> list[dict[str, Any]]:
    """Return a row for each program, with ratios to the first by round."""
    rows: list[dict[str, Any]] = []
    first: list[float] = []
    for name, runs in found.items():
        row: dict[str, Any] = {"program": name, "size": size}
        rows.append(row)
        if isinstance(runs, CommandError):
            row["failed"] = str(runs)
            continue
        try:
            rounds = [times(done.output) for done in runs]
        except ValueError:
            row["failed"] = "printed something else than milliseconds"
            continue
        medians = [statistics.median(one["ms"]) for one in rounds]
        for kind in rounds[0]:
            row[kind] = spread([value for one in rounds for value in one[kind]])
        row["mpx_per_s"] = significant(pixels(size) / 1e3 / row["ms"]["median"])
        row["peak_mb"] = max(done.peak_mb for done in runs)
        row["rounds"] = [significant(value) for value in medians]
        first = first or medians
        row["ratio"] = ratio(medians, first)
    return rows


def times(output: str) -> dict[str, list[float]]:
    """Read what a case prints: one of ours JSON, a peer's a number in each line.

    Raises:
        ValueError: it is neither.
    """
    *_, last = output.strip().splitlines()
    if last.startswith("{"):
        return dict(json.loads(last))
    return {"ms": [float(line) for line in output.split()]}


def roofline(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what this machine can do, and the shares of it that the engine reached."""
    known: dict[str, Any] = json.loads(run([sys.executable, "-m", "benchmarks.roofline"]).output)
    return known | {"reached": reached(rows, known)}


def reached(rows: Sequence[Mapping[str, Any]], known: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the shares of peak and copy that each of OpenVINO's engine times means."""
    found = []
    sizes = {"float32": 4, "bfloat16": 2, "int8": 1}
    for row in rows:
        *kind, precision = row["program"].split()
        if kind != ["realtime", "openvino"] or "engine_ms" not in row:
            continue
        rate = pixels(row["size"]) / (row["engine_ms"]["median"] / 1e3)
        macs = rate * known["work"]["multiply_adds"] / 1e9
        moved = rate * known["work"]["numbers"] * sizes[precision] / 1e9
        found.append(
            {
                "precision": precision,
                "size": row["size"],
                "gmacs": round(macs, 1),
                "share_of_peak": round(macs / known["machine"]["peak_gmacs"][precision], 3),
                "gbs": round(moved, 2),
                "share_of_copy": round(moved / known["machine"]["copy_gbs"], 3),
            }
        )
    return found


def counters() -> dict[str, Any]:
    """Return the largest layers by size, as OpenVINO counts them."""
    found: dict[str, Any] = {}
    for size in COUNTED:
        command = [sys.executable, "-m", "benchmarks.counters", size, "--precision", "int8"]
        found[size] = json.loads(run([*command, "--json", "--largest", "8"]).output)
    return found


def main() -> None:
    given = _parser().parse_args()
    found: dict[str, Any] = {"note": given.note} if given.note else {}
    makers: dict[str, Callable[[], Any]] = {
        "networks": lambda: networks(given),
        "steps": lambda: steps(given),
        "commands": lambda: commands(2 * given.rounds + 1),
        "roofline": lambda: roofline(found.get("networks", [])),
        "counters": counters,
        "gigapixel": gigapixel,
    }
    wanted = [part for part in PARTS if part in given.parts]
    for part in wanted + ["gigapixel"] * given.gigapixel:
        print(part, flush=True)
        found[part] = makers[part]()
        # after each, so that what goes wrong later takes nothing away
        save("speed", "python -m benchmarks.speed", found, given.out)


def _parser() -> ArgumentParser:
    parser = ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    peer = "NAME=COMMAND, with {width}, {height} and {repeats} in it; prints milliseconds"
    parser.add_argument("--peer", action="append", default=[], help=f"{peer} of pictures")
    parser.add_argument("--step-peer", action="append", default=[], help=f"{peer} of steps")
    parser.add_argument("--largest-peer", default="3840x2160", help="size up to which peers run")
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=list(SIZES))
    parser.add_argument("--only", default="", help="networks whose name has this in it")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--gigapixel", action="store_true", help="32768x32768, file to file, too")
    parser.add_argument("--note", help="what to know of this run; is shown with it")
    parser.add_argument("--out", type=Path, default=HERE / "results", help="folder of the JSON")
    return parser


if __name__ == "__main__":
    main()
