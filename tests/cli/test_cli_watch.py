"""What is shown, logged and written along the way."""

from __future__ import annotations

import io
import math
from pathlib import Path

import numpy as np
import pytest

from impasto.cli.watch import LossLog, LossPlot, Progress, Snapshots, clock, watching
from impasto.methods import Step


def step(number: int, total: int = 4, message: str | None = None, loss: float = 0.5) -> Step:
    losses = {"content relu4_2": loss, "style relu1_1": 0.25, "range": 0.0}
    image = np.full((16, 16, 3), 0.5, np.float32)
    return Step(number, total, 16, 16, losses, number / total, lambda: image, message)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_one_live_line() -> None:
    screen = Terminal()
    progress = Progress(screen)
    for number in range(1, 5):
        progress(step(number))
    progress.close()
    progress.close()
    text = screen.getvalue()
    assert text.count("\n") == 1
    assert text.endswith("\n")
    assert "[####################] step 4/4" in text


def test_a_message_has_a_line_of_its_own() -> None:
    screen = Terminal()
    progress = Progress(screen, quiet=False)
    progress(step(1))
    progress(step(2, message="stepped back"))
    assert "\nimpasto: note: step 2: stepped back\n" in screen.getvalue()
    quiet = Terminal()
    Progress(quiet, quiet=True)(step(2, message="stepped back"))
    assert quiet.getvalue() == "impasto: note: step 2: stepped back\n"


def test_a_pipe_gets_a_line_for_every_twentieth() -> None:
    pipe = io.StringIO()
    progress = Progress(pipe)
    for number in range(1, 1001):
        progress(step(number, 1000))
    progress.close()
    lines = pipe.getvalue().splitlines()
    assert 20 <= len(lines) <= 22
    assert lines[-1].startswith("step 1000/1000  16x16  loss 0.7500  content 0.5000  style 0.2500")


@pytest.mark.parametrize(("first", "left", "later"), [(1, "16:30", "15:10"), (91, "1:30", "10 s")])
def test_time_left_of_a_run_that_goes_on(
    monkeypatch: pytest.MonkeyPatch, first: int, left: str, later: str
) -> None:
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    pipe = io.StringIO()
    progress = Progress(pipe)
    now[0] += 10  # a tile takes so long
    progress(step(first, 100))
    assert pipe.getvalue().splitlines()[-1].endswith(f"  {left} left")
    now[0] += 80
    progress(step(first + 8, 100))
    assert pipe.getvalue().splitlines()[-1].endswith(f"  {later} left")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59.4, "59 s"), (59.6, "1:00"), (185, "3:05"), (3723, "1:02:03")],
)
def test_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text


def test_watchers_are_closed_however_a_run_ends(tmp_path: Path) -> None:
    log = LossLog(tmp_path / "log.csv")
    plot = LossPlot(tmp_path / "plot.png")

    def fail(step: Step) -> None:
        if step.number == 2:
            raise ZeroDivisionError

    def run() -> None:
        with watching([log, plot, fail]) as tell:
            tell(step(1))
            tell(step(2, loss=math.nan))

    with pytest.raises(ZeroDivisionError):
        run()
    assert log.file.closed
    assert (tmp_path / "log.csv").read_text().splitlines()[2].startswith("2,16,16,nan,nan")
    assert (tmp_path / "plot.png").stat().st_size > 1000


def test_snapshots_come_in_order_and_at_the_end(tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path / "new", every=3)
    for number in range(1, 5):
        snapshots(step(number))
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == [
        "step-0003.png",
        "step-0004.png",
    ]
