"""Long runs: stopped, gone on with, piped, and in bounded memory."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from films import SIZE, frames, make_film, number_of, packets_of, picture, times_of

from impasto.errors import OptionError, VideoError
from impasto.video import (
    Copied,
    FilmOptions,
    Frame,
    Plan,
    iter_frames,
    open_sink,
    probe,
    write_frames,
)
from impasto.video.y4m import Header
from tests.children import child

SECOND = Fraction(1)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    times = [512 * i + (i % 7) * 30 for i in range(90)]
    pictures = (picture(i % 12) for i in range(90))
    return make_film(tmp_path_factory.mktemp("runs") / "film.mp4", pictures, times=times)


def plan_for(film: Path, **others: object) -> Plan:
    plan = Plan(probe(film), Copied(film), segment=SECOND, keep=True, threads=2)
    return replace(plan, **others)  # type: ignore[arg-type]


def run(film: Path, out: Path, plan: Plan, stop: int | None = None) -> int:
    """Write a film's frames; stop after some as Ctrl-C does. Return how many were skipped."""
    sink = open_sink(out, FilmOptions(), plan)
    skipped = sink.written
    try:
        for frame in islice(iter_frames(film, skip=skipped, threads=2), stop):
            sink.write(frame)
        if stop is not None:
            raise KeyboardInterrupt
        sink.close()
    except KeyboardInterrupt:
        assert sink.abandon()
    return skipped


@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
def test_a_run_that_goes_on_makes_the_same_film(film: Path, tmp_path: Path, suffix: str) -> None:
    whole, parts = tmp_path / f"whole{suffix}", tmp_path / f"parts{suffix}"
    assert run(film, whole, plan_for(film)) == 0
    assert run(film, parts, plan_for(film), stop=40) == 0
    assert not parts.exists()
    assert run(film, parts, plan_for(film, resume=True), stop=30) == 25
    # a frame of the third second comes late
    assert run(film, parts, plan_for(film, resume=True)) == 51
    assert packets_of(parts, "video") == packets_of(whole, "video")
    assert times_of(parts) == times_of(whole)
    assert sorted(p.name for p in tmp_path.iterdir()) == [f"parts{suffix}", f"whole{suffix}"]
    if suffix == ".mp4":
        assert parts.read_bytes() == whole.read_bytes()
        assert times_of(parts) == times_of(film)


def test_a_run_with_nothing_left_to_write_is_finished(film: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    sink = open_sink(out, FilmOptions(), plan_for(film))
    for frame in iter_frames(film):
        sink.write(frame)
    out.mkdir()  # so that the file cannot be put in place
    with pytest.raises(VideoError, match="out.mp4 cannot be written"):
        sink.close()
    assert sink.abandon()
    out.rmdir()
    sink = open_sink(out, FilmOptions(), plan_for(film, resume=True))
    assert sink.written == 90
    assert sink.close() == out
    assert times_of(out) == times_of(film)


def test_other_frames_do_not_go_on(film: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    run(film, out, plan_for(film, job={"style": "one"}), stop=40)
    with pytest.raises(VideoError, match="25 frames of another film"):
        run(film, out, plan_for(film, job={"style": "two"}, resume=True))
    with pytest.warns(UserWarning, match="25 frames that a run before had left"):
        assert run(film, out, plan_for(film, job={"style": "two"})) == 0
    run(film, out, plan_for(film), stop=40)
    sink = open_sink(out, FilmOptions(), plan_for(film, resume=True))
    with pytest.raises(VideoError, match="differs in width, height"):
        sink.write(Frame(picture(0, (32, 32)), SECOND, SECOND))
    sink.abandon()


def test_two_runs_do_not_share_a_folder(film: Path, tmp_path: Path) -> None:
    sink = open_sink(tmp_path / "out.mp4", FilmOptions(), plan_for(film))
    with pytest.raises(VideoError, match="another run is making this film"):
        open_sink(tmp_path / "out.mp4", FilmOptions(), plan_for(film))
    assert not sink.abandon()
    assert list(tmp_path.iterdir()) == []


SCRIPT = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
import numpy as np
from fractions import Fraction
from impasto.video import Frame, write_frames

def endless():
    number = 0
    while True:
        yield Frame(np.full((48, 64, 3), number % 50 / 50, np.float32), Fraction(number, 25),
                    Fraction(1, 25), number)
        number += 1
        if number == 400:
            print("go", flush=True)

write_frames(sys.argv[1], endless())
"""


@pytest.mark.parametrize("name", ["out.mp4", "out.gif"])
def test_ctrl_c_leaves_nothing(tmp_path: Path, name: str) -> None:
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / name)]
    with child(command) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"go\n"
        assert list(tmp_path.iterdir()) != []
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert b"KeyboardInterrupt" in said
    assert process.returncode != 0
    assert list(tmp_path.iterdir()) == []


MEMORY = """
import sys
import numpy as np
from fractions import Fraction
from impasto.engine import used_memory
from impasto.video import iter_frames, probe, write_frames

film, out = sys.argv[1:]

def looped(times):
    info, number = probe(film), 0
    for turn in range(times):
        for frame in iter_frames(film):
            yield type(frame)(frame.pixels, frame.time + turn * info.duration, frame.duration)
            number += 1
            if number in (500, 3000):
                print(used_memory(), flush=True)

write_frames(out, looped(34), like=probe(film), source=film)
"""


def test_memory_does_not_grow_with_the_film(film: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", MEMORY, str(film), str(tmp_path / "long.mp4")]
    said = subprocess.run(command, capture_output=True, check=True, timeout=120).stdout.split()
    early, late = map(int, said)
    assert late - early < 25 * 2**20  # 2500 of its frames take 92 MB
    assert len(times_of(tmp_path / "long.mp4")) == 34 * 90


# pipes


@pytest.mark.parametrize("depth", [8, 10])
def test_frames_go_through_a_pipe(depth: int) -> None:
    reading, writing = os.pipe()
    made = frames(12, rate=Fraction(30000, 1001))
    with open(reading, "rb") as source, open(writing, "wb") as target:

        def write() -> None:
            write_frames(target, made, video_depth=depth)
            target.close()

        thread = threading.Thread(target=write)
        thread.start()
        found = list(iter_frames(source))
        thread.join()
    assert [frame.time for frame in found] == [frame.time for frame in made]
    for frame, sent in zip(found, made, strict=True):
        assert number_of(frame.pixels) == frame.index
        assert np.abs(frame.pixels - sent.pixels)[20:].max() < (3 if depth == 8 else 1.5) / 255


def test_ffmpeg_reads_what_is_piped(tmp_path: Path) -> None:
    with open(tmp_path / "out.y4m", "wb") as file:
        write_frames(file, frames(3))
    info = probe(tmp_path / "out.y4m")
    assert (info.frames, info.width, info.height, info.rate) == (3, 64, 48, 25)
    assert number_of(list(iter_frames(tmp_path / "out.y4m"))[2].pixels) == 2


def test_a_reader_that_goes_is_said() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with (
        open(writing, "wb", buffering=0) as file,
        pytest.raises(VideoError, match="that reads the y4m stream has gone"),
    ):
        write_frames(file, frames(50))


@pytest.mark.parametrize(
    ("kind", "planes", "deep"),
    [
        ("mono", 1, False),
        ("420jpeg", 1.5, False),
        ("422", 2, False),
        ("444", 3, False),
        ("420p10", 1.5, True),
        ("444p10", 3, True),
        ("mono10", 1, True),
    ],
)
def test_kinds_of_pixels(kind: str, planes: float, deep: bool) -> None:
    count = 20 * 18
    grey = np.full(round(count * planes), 512 if deep else 128, np.uint16 if deep else np.uint8)
    grey[:count] = 180 * (4 if deep else 1)
    data = f"YUV4MPEG2 W20 H18 F10:1 C{kind}\nFRAME\n".encode() + grey.tobytes()
    (frame,) = iter_frames(io.BytesIO(data))
    assert frame.pixels.shape == (18, 20, 3)
    assert np.abs(frame.pixels - (180 - 16) / 219).max() < 1.2 / 255
    assert frame.duration == Fraction(1, 10)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "is not y4m"),
        (b"RIFF....", "is not y4m"),
        (b"YUV4MPEG2 W20 H18 F10:1 C411\n", "expected one of 420"),
        (b"YUV4MPEG2 W20 Hx F10:1\n", "damaged first line"),
        (b"YUV4MPEG2 W20 H18 F10:1 Cmono\n", "no frames"),
        (b"YUV4MPEG2 W20 H18 F10:1 Cmono\nFRAME\n" + bytes(100), "breaks off in frame 1"),
        (b"YUV4MPEG2 W20 H18 F10:1 Cmono\nFLAME\n" + bytes(400), "is damaged after frame 0"),
    ],
)
def test_bad_streams_are_said(data: bytes, text: str) -> None:
    with pytest.raises(VideoError, match=text):
        list(iter_frames(io.BytesIO(data)))


def test_a_header_says_what_is_read_of_it() -> None:
    header = Header(64, 48, Fraction(24), "yuv422p10le", Fraction(1), 2, False)
    assert Header.parse(header.line(), "it") == header


def test_pipes_and_folders_cannot_be_gone_on_with(tmp_path: Path) -> None:
    for target in ("-", tmp_path / "frames", tmp_path / "out.gif"):
        with pytest.raises(OptionError, match="gone on with"):
            open_sink(target, FilmOptions(), Plan(resume=True))


def test_what_is_read_ahead_stops_with_its_reader(film: Path) -> None:
    before = threading.active_count()
    coming: Iterator[Frame] = iter_frames(film)
    assert next(coming).pixels.shape == (*SIZE, 3)
    coming.close()  # type: ignore[attr-defined]
    assert threading.active_count() <= before + 1
