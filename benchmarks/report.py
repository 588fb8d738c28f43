"""Renew the tables and the plot of docs/benchmarks.md from results/speed.json.

    python -m benchmarks.report
    python -m benchmarks.report --check

A table stands between `<!-- speed.json: NAME -->` and `<!-- speed.json end -->`. `--check` changes
nothing, and exits 1 where a table is not the file's.
"""

from __future__ import annotations

import json
import re
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import bars
from benchmarks.machine import HERE
from benchmarks.plot import draw
from benchmarks.text import REFERENCE, between, label, number, shown_table, size_name, times

PAGE = HERE.parent / "docs/benchmarks.md"
PLOT = HERE.parent / "docs/pictures/speed.png"
_BLOCK = re.compile(r"<!-- speed\.json: ([a-z]+) -->\n.*?<!-- speed\.json end -->", re.DOTALL)
Row = Mapping[str, Any]


def renewed(text: str, whole: Mapping[str, Any]) -> str:
    """Return a page with every table of the file made anew.

    Raises:
        KeyError: a marker names no table.
    """

    def block(match: re.Match[str]) -> str:
        if match[1] == "machine":
            return _between_markers("machine", machine(whole))
        part, make = TABLES[match[1]]
        made = make(whole) if part in whole["results"] else "Not part of this run."
        return _between_markers(match[1], made)

    return _BLOCK.sub(block, text)


def _between_markers(name: str, made: str) -> str:
    return f"<!-- speed.json: {name} -->\n{made}\n<!-- speed.json end -->"


def machine(whole: Mapping[str, Any]) -> str:
    """Return what the run was taken on."""
    known, note = whole["machine"], whole["results"].get("note", "")
    return (
        f"{known['cores']} cores of {known['processor']}, {known['date']}, commit"
        f" {known['commit']}, Python {known['python']}, OpenVINO {known['openvino'].split('-')[0]},"
        f" PyTorch {known['torch']}; `{whole['command']}`. {note}".rstrip()
    )


def calls(whole: Mapping[str, Any]) -> str:
    """Return the milliseconds of a picture in memory, by program and size."""
    return _by_size(whole["results"]["networks"], lambda row: between(row["ms"]))


def engines(whole: Mapping[str, Any]) -> str:
    """Return the milliseconds of the engine alone."""
    rows = [row for row in whole["results"]["networks"] if "engine_ms" in row]
    return _by_size(rows, lambda row: between(row["engine_ms"]))


def rates(whole: Mapping[str, Any]) -> str:
    """Return megapixels a second and peak memory."""
    rows = whole["results"]["networks"]
    return _by_size(rows, lambda row: f"{number(row['mpx_per_s'])}; {row['peak_mb']:.0f} MB")


def ratios(whole: Mapping[str, Any]) -> str:
    """Return how many times as long as ours in int8 each program takes."""
    rows = [row for row in whole["results"]["networks"] if row["program"] != REFERENCE]
    return _by_size(rows, lambda row: times(row["ratio"]))


def ahead(whole: Mapping[str, Any]) -> str:
    """Return where another program is faster than ours, or that none is."""
    found = []
    for part in ("networks", "steps"):
        for row in whole["results"].get(part, []):
            ours = row["program"].split()[0] in ("realtime", "residual", "optimize")
            if not ours and row.get("ratio", {}).get("median", 1) < 1:
                found.append(f"{row['program']} at {size_name(row['size'])}: {times(row['ratio'])}")
    if not found:
        return "In this run no other program is faster than ours at what both do."
    return "Other programs that are faster here: " + "; ".join(found) + "."


def steps(whole: Mapping[str, Any]) -> str:
    """Return seconds a step of optimisers, with ratios and memory."""
    head = ("Program", "Size", "ms a step", "Times as long", "Peak MB")
    rows = [
        (label(row["program"]), size_name(row["size"]), *_step(row))
        for row in whole["results"]["steps"]
    ]
    return shown_table(head, rows)


def _step(row: Row) -> tuple[str, str, str]:
    if "failed" in row:
        return row["failed"], "", ""
    return between(row["ms"]), times(row["ratio"]), f"{row['peak_mb']:.0f}"


def commands(whole: Mapping[str, Any]) -> str:
    """Return seconds and memory of whole commands."""
    rows = []
    for name, row in whole["results"]["commands"].items():
        if "failed" in row:
            rows.append((_command(name), row["failed"], ""))
        else:
            rows.append((_command(name), between(row["seconds"]), f"{row['peak_mb']:.0f}"))
    return shown_table(("Command", "Seconds", "Peak MB"), rows)


def _command(name: str) -> str:
    if name == "--help":
        return "`impasto --help`"
    size, _, rest = name.partition(" ")
    if "x" not in size:
        return "Python, nothing imported"
    return f"`impasto stylize`, {size_name(size)}, {rest}"


def phases(whole: Mapping[str, Any]) -> str:
    """Return what takes the time of a whole command."""
    found = {
        _shortened(name): row["phases"]
        for name, row in whole["results"]["commands"].items()
        if "phases" in row
    }
    names = next(iter(found.values()))
    rows = [(name, *(number(part[name]) for part in found.values())) for name in names]
    return shown_table(("Milliseconds", *found), rows)


def _shortened(command: str) -> str:
    size, _, rest = command.partition(" ")
    return size_name(size) + rest.removeprefix("JPEG to JPEG")


def roofline(whole: Mapping[str, Any]) -> str:
    """Return the shares of what this machine can do."""
    known = whole["results"]["roofline"]
    peaks, work = known["machine"], known["work"]
    most = "; ".join(f"{number(v)} in {p}" for p, v in peaks["peak_gmacs"].items())
    head = ("Precision", "Size", "10⁹ multiply-adds a second", "of the peak", "of the copy")
    rows = [
        (
            row["precision"],
            size_name(row["size"]),
            number(row["gmacs"]),
            f"{100 * row['share_of_peak']:.0f} %",
            f"{100 * row['share_of_copy']:.0f} %",
        )
        for row in known["reached"]
    ]
    return (
        f"The network multiplies and adds {work['multiply_adds']:.0f} times for a pixel, and its"
        f" convolutions take and give {number(work['numbers'])} numbers. Peaks, in 10⁹"
        f" multiply-adds a second: {most}; a copy moves {number(peaks['copy_gbs'])} GB/s.\n\n"
        + shown_table(head, rows)
    )


def counters(whole: Mapping[str, Any]) -> str:
    """Return the largest layers."""
    head = ("Size", "Layer", "Kernel", "ms", "Share")
    rows = [
        (
            size_name(size),
            f"{row['kind']} {row['shapes'].replace(' -> ', ' to ')}".strip(),
            f"`{row['kernel']}`",
            number(row["ms"]),
            f"{100 * row['share']:.0f} %",
        )
        for size, found in whole["results"]["counters"].items()
        for row in found["layers"]
    ]
    return shown_table(head, rows)


def gigapixel(whole: Mapping[str, Any]) -> str:
    """Return what the largest picture takes."""
    row = whole["results"]["gigapixel"]
    if "failed" in row:
        return f"A picture of 32768x32768, from file to file, failed: {row['failed']}"
    return (
        f"A picture of {row['size']}, TIFF to TIFF, with `--memory {row['memory']}`:"
        f" {number(row['seconds']['median'])} s, {number(row['mpx_per_s'])} Mpx/s, at most"
        f" {row['peak_mb']:.0f} MB."
    )


def _by_size(rows: Sequence[Row], cell: Callable[[Row], str]) -> str:
    sizes = list(dict.fromkeys(row["size"] for row in rows))
    programs = dict.fromkeys(row["program"] for row in rows)
    cells = {
        (row["program"], row["size"]): "failed" if "failed" in row else cell(row) for row in rows
    }
    return shown_table(
        ("", *map(size_name, sizes)),
        ((label(name), *(cells.get((name, size), "") for size in sizes)) for name in programs),
    )


# name -> the part of the results that it shows, and what makes it
TABLES: Mapping[str, tuple[str, Callable[[Mapping[str, Any]], str]]] = {
    "calls": ("networks", calls),
    "engines": ("networks", engines),
    "rates": ("networks", rates),
    "ratios": ("networks", ratios),
    "ahead": ("networks", ahead),
    "steps": ("steps", steps),
    "commands": ("commands", commands),
    "phases": ("commands", phases),
    "gigapixel": ("gigapixel", gigapixel),
    "bars": ("networks", bars.table),
    "roofline": ("roofline", roofline),
    "counters": ("counters", counters),
}


def main() -> None:
    parser = ArgumentParser()
    parser.add_argument("--check", action="store_true", help="change nothing")
    parser.add_argument("--json", type=Path, default=HERE / "results/speed.json")
    given = parser.parse_args()
    whole = json.loads(given.json.read_text())
    before = PAGE.read_text(encoding="utf-8")
    after = renewed(before, whole)
    if given.check:
        if after != before:
            print("docs/benchmarks.md is not what results/speed.json says", file=sys.stderr)
        sys.exit(after != before)
    PAGE.write_text(after, encoding="utf-8")
    draw(whole["results"]["networks"], PLOT)


if __name__ == "__main__":
    main()
