"""The loop of all trainings: exact after any end, and it survives steps that explode."""

from __future__ import annotations

import csv
import os
import resource
import signal
import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from impasto.errors import DivergedError, OptionError, WeightsError
from impasto.train.checkpoint import load_checkpoint
from impasto.train.loop import CHECKPOINT, Loop, Schedule
from tests.children import child
from tests.train.line import Line, weights

PROGRAM = Path(__file__).with_name("line.py")


def run(task: Line, folder: Path, steps: int = 20, **rest: Any) -> Loop:
    loop = Loop(task, folder, Schedule(steps, {"a": 1}, every=5, look_every=2), **rest)
    loop.run()
    return loop


def alone(folder: Path, steps: int) -> list[torch.Tensor]:
    """Return what a run of `line.py` without interruption ends with, without starting one."""
    task = Line()
    Loop(task, folder, Schedule(steps, {}, every=5)).run()
    return weights(task)


def same(first: list[torch.Tensor], second: list[torch.Tensor]) -> bool:
    return all(torch.equal(x, y) for x, y in zip(first, second, strict=True))


def program(folder: Path, steps: int, **rest: Any) -> AbstractContextManager[subprocess.Popen[str]]:
    folder.mkdir(exist_ok=True)
    command = [sys.executable, str(PROGRAM), str(folder), str(steps)]
    return child(command, text=True, **{"stderr": None} | rest)


def test_a_run_writes_its_log_checkpoint_and_samples(tmp_path: Path) -> None:
    task, rows = Line(), []
    run(task, tmp_path, 23, report=rows.append)
    assert [row["step"] for row in rows] == [5, 10, 15, 20, 23]
    with (tmp_path / "log.csv").open(newline="") as file:
        log = list(csv.DictReader(file))
    assert [row["held"] != "" for row in log] == [False, True, False, True, True]
    assert float(log[-1]["loss"]) < float(log[0]["loss"])
    assert load_checkpoint(tmp_path / CHECKPOINT)["step"] == 23
    assert list((tmp_path / "tensorboard").glob("events.out.tfevents*"))
    with Image.open(tmp_path / "samples.png") as sheet:
        assert sheet.size == (8, 8)


@pytest.mark.parametrize("killed_after", [5, 15])
def test_a_killed_run_goes_on_to_the_very_same_weights(tmp_path: Path, killed_after: int) -> None:
    with program(tmp_path / "killed", 10**9) as process:
        assert process.stdout is not None
        while int(process.stdout.readline()) < killed_after:
            pass
        process.send_signal(signal.SIGKILL)
    step = load_checkpoint(tmp_path / "killed" / CHECKPOINT)["step"]
    assert step >= killed_after
    with program(tmp_path / "killed", step + 12) as process:
        process.wait()
    found = torch.load(tmp_path / "killed" / "weights-0.pt")
    assert same(found, alone(tmp_path / "whole", step + 12))


def test_a_full_disk_leaves_the_last_checkpoint(tmp_path: Path) -> None:
    alone(tmp_path, 5)
    before = (tmp_path / CHECKPOINT).read_bytes()

    def full() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    with program(tmp_path, 20, preexec_fn=full, stderr=subprocess.PIPE) as process:
        told = process.communicate()[1]
        assert process.returncode != 0
    assert "cannot be written (File too large); make room and go on with --resume" in told
    assert (tmp_path / CHECKPOINT).read_bytes() == before
    assert not list(tmp_path.glob(".checkpoint*"))
    with program(tmp_path, 20) as process:
        assert process.wait() == 0
    assert same(torch.load(tmp_path / "weights-0.pt"), alone(tmp_path / "whole", 20))


def test_a_torn_log_is_mended(tmp_path: Path) -> None:
    run(Line(), tmp_path, 10)
    log = tmp_path / "log.csv"
    whole = log.read_text()
    header, first, _ = whole.splitlines()
    for cut in range(len(whole)):
        log.write_text(whole[:cut])
        run(Line(), tmp_path, 10)  # nothing is left to do but to look
        lines = log.read_text().splitlines()
        assert lines[0] == header
        assert all(line.startswith(("5.0,", "10.0,")) for line in lines[1:])
    log.write_text(f"{header}\n{first[: len(first) // 2]}")
    run(Line(), tmp_path, 20)
    with log.open(newline="") as file:
        assert [row["step"] for row in csv.DictReader(file)] == ["15.0", "20.0"]


@pytest.mark.parametrize("poison", [float("nan"), float("inf"), 1e9])
def test_a_step_that_explodes_is_taken_back(tmp_path: Path, poison: float) -> None:
    task, notes = Line({12: poison}), []
    run(task, tmp_path, note=notes.append)
    assert len(notes) == 1
    assert notes[0].startswith("step 12: ")
    assert notes[0].endswith("back to step 10, the rate times 0.5")
    again = task.rates.index((10, 0.5))
    assert task.rates[again - 1] == (12, 1.0)
    assert task.rates[again:] == [(step, 0.5) for step in range(10, 20)]
    assert all(torch.isfinite(value).all() for value in weights(task))
    with (tmp_path / "log.csv").open(newline="") as file:
        assert [row["step"] for row in csv.DictReader(file)] == ["5.0", "10.0", "15.0", "20.0"]


def test_stepping_back_is_the_same_after_an_interruption(tmp_path: Path) -> None:
    poisoned = {7: float("nan"), 12: float("nan")}
    whole = Line(poisoned)
    run(whole, tmp_path / "whole")

    def stop(line: str) -> None:
        if line.startswith("step 12"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(Line(poisoned), tmp_path / "parts", note=stop)
    second = Line(poisoned)  # which explodes there once more
    run(second, tmp_path / "parts")
    assert same(weights(whole), weights(second))


def test_a_run_that_always_explodes_says_so(tmp_path: Path) -> None:
    with pytest.raises(DivergedError, match=r"after 3 steps .* whatever the rate"):
        run(Line({3: float("nan")}, times=100), tmp_path)


def test_a_run_goes_on_only_with_its_own_settings(tmp_path: Path) -> None:
    run(Line(), tmp_path)
    with pytest.raises(OptionError, match=r"begun with other settings: a 1, not 2\. Give it"):
        Loop(Line(), tmp_path, Schedule(20, {"a": 2})).run()
    with pytest.raises(OptionError, match="20 steps are taken, more than 19"):
        run(Line(), tmp_path, 19)
    assert run(Line(), tmp_path, 21).step == 21


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WeightsError, match="file/x: cannot be written"):
        run(Line(), tmp_path / "file" / "x")


def test_what_a_reader_raises_is_no_full_disk(tmp_path: Path) -> None:
    def gone(row: dict[str, float]) -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        run(Line(), tmp_path, report=gone)


def test_two_processes_hold_the_same_weights(tmp_path: Path, port: int) -> None:
    shared = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": "2"}
    folder = tmp_path / "two"
    ranks = [{**os.environ, **shared, "RANK": str(i), "LOCAL_RANK": str(i)} for i in range(2)]
    with program(folder, 12, env=ranks[0]) as one, program(folder, 12, env=ranks[1]) as other:
        assert (one.wait(60), other.wait(60)) == (0, 0)
    first, second = (torch.load(folder / f"weights-{i}.pt") for i in range(2))
    assert same(first, second)
    # twice the pictures are another mean
    assert not same(first, alone(tmp_path / "one", 12))
    # only one of them writes
    assert len((folder / "log.csv").read_text().splitlines()) == 4
