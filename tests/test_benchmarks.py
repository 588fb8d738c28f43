"""The benchmarks' own arithmetic, and that the docs say what the results say."""

from __future__ import annotations

import json
import sys

import pytest

from benchmarks import bars, machine, report
from benchmarks.machine import HERE
from benchmarks.measure import CommandError, interleaved, ratio, run, spread
from benchmarks.speed import reached, table, times
from benchmarks.text import number

PYTHON = (sys.executable, "-S", "-c")


def test_spread_is_median_and_outer_tenths() -> None:
    assert spread([float(i) for i in range(11)]) == {"median": 5.0, "p10": 1.0, "p90": 9.0}
    assert spread([7.0]) == {"median": 7.0, "p10": 7.0, "p90": 7.0}


def test_ratios_are_formed_round_by_round() -> None:
    # a disturbed second round slows both: their ratio stays
    assert ratio([20.0, 60.0, 22.0], [10.0, 30.0, 10.0]) == {
        "median": 2.0,
        "least": 2.0,
        "most": 2.2,
    }


def test_a_command_tells_time_and_memory_of_its_own() -> None:
    held = bytes(64 << 20)  # of this process, which must not count
    done = run([*PYTHON, "print('x')"])
    assert done.output == "x\n"
    assert done.seconds > 0
    assert 1 < done.peak_mb < len(held) >> 20


def test_a_failing_command_says_why_and_does_not_stop_the_rest() -> None:
    found = interleaved(
        {"good": [*PYTHON, "print(3)"], "bad": [*PYTHON, "raise SystemExit('no such file')"]}, 2
    )
    assert isinstance(found["bad"], CommandError)
    assert str(found["bad"]) == "no such file"
    good, bad = table(found, "512x512")
    assert bad["failed"] == "no such file"
    assert good["ms"]["median"] == 3.0
    assert len(good["rounds"]) == 2


def test_output_of_a_peer_and_of_a_case_are_read_alike() -> None:
    assert times("1.5\n2.5\n") == {"ms": [1.5, 2.5]}
    assert times('{"ms": [1.5], "engine_ms": [1.0]}\n') == {"ms": [1.5], "engine_ms": [1.0]}


def test_a_peer_that_prints_no_milliseconds_is_a_failure_of_its_own() -> None:
    ran = [*PYTHON, "print('hello')"], [*PYTHON, "pass"]
    found = interleaved(dict(zip(("chatty", "silent"), ran, strict=True)), 1)
    assert all("milliseconds" in row["failed"] for row in table(found, "512x512"))


def test_roofline_counts_pixels_multiplications_and_bytes() -> None:
    rows = [
        {"program": "realtime openvino bfloat16", "size": "1000x1000", "engine_ms": {"median": 10}},
        {"program": "residual openvino bfloat16", "size": "1000x1000", "engine_ms": {"median": 10}},
    ]
    known = {
        "machine": {"peak_gmacs": {"bfloat16": 400.0}, "copy_gbs": 20.0},
        "work": {"multiply_adds": 2000.0, "numbers": 10.0},
    }
    [row] = reached(rows, known)
    assert (row["gmacs"], row["share_of_peak"]) == (200.0, 0.5)
    assert (row["gbs"], row["share_of_copy"]) == (2.0, 0.1)


@pytest.mark.parametrize(
    ("value", "shown"), [(0.234, "0.23"), (1.256, "1.26"), (12.64, "12.6"), (1234.0, "1234")]
)
def test_numbers_have_the_digits_that_say_something(value: float, shown: str) -> None:
    assert number(value) == shown


def test_a_bar_that_is_missed_says_what_takes_the_time() -> None:
    results = {
        "networks": [
            {
                "program": "realtime openvino int8",
                "size": "1920x1080",
                "engine_ms": {"median": 80.0},
            }
        ],
        "counters": {"1920x1080": {"layers": [{"kind": "Conv", "shapes": "3x2 -> 4x2", "ms": 9}]}},
    }
    shown = bars.table({"results": results}).splitlines()
    assert shown[2] == "| 1080p, engine | 60 ms | 80.0 ms | missed: Conv 3x2 to 4x2 9.00 ms |"
    assert "not measured" in shown[3]


def test_the_docs_say_what_the_results_say() -> None:
    whole = json.loads((HERE / "results/speed.json").read_text())
    page = report.PAGE.read_text(encoding="utf-8")
    assert report.renewed(page, whole) == page


def test_what_is_disturbed_is_measured_again(monkeypatch: pytest.MonkeyPatch) -> None:
    # busy and stolen ticks before and after each try
    counted = iter([(0, 0), (50, 50), (50, 50), (140, 60), (140, 60), (239, 61)])
    monkeypatch.setattr(machine, "_busy_and_stolen", lambda: next(counted))
    values = iter("abcde")
    assert machine.quietest(lambda: next(values)) == ("c", 0.01)
    counted = iter([(0, 0), (50, 50), (50, 50), (140, 60)])
    assert machine.quietest(lambda: next(values), tries=2)[1] == 0.1
