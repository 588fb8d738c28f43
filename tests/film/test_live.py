"""Cameras: the newest frame, painted, and on a page of this machine."""

from __future__ import annotations

import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from films import make_film, picture

from impasto.errors import VideoError
from impasto.film.live import Live, Newest, as_jpegs, paint_live
from impasto.film.options import TemporalOptions
from impasto.video.cameras import live_frames
from tests.children import child

pytest.importorskip("cv2", reason="OpenCV, of the extra [video], is not installed")


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pictures = (picture(i % 12, (64, 96)) for i in range(40))
    return make_film(tmp_path_factory.mktemp("live") / "film.mp4", pictures)


def test_the_newest_is_handed_on_and_the_others_are_lost() -> None:
    newest: Newest[int] = Newest()
    found = iter(newest)
    for number in range(3):
        newest.put(number)
    assert next(found) == 2
    newest.put(3)
    newest.end()
    assert list(found) == [3]


def test_what_ended_it_is_raised_where_it_is_read() -> None:
    newest: Newest[int] = Newest()
    newest.end(VideoError("unplugged"))
    with pytest.raises(VideoError, match="unplugged"):
        next(iter(newest))


def test_a_film_is_played_in_real_time(film: Path) -> None:
    begun = time.monotonic()
    frames = list(live_frames(str(film)))
    assert len(frames) == 40
    assert time.monotonic() - begun >= 39 / 25 - 0.01
    assert [came - frames[0][1] for _, came in frames] == pytest.approx(
        [float(frame.time) for frame, _ in frames]
    )


def test_a_slow_painter_leaves_frames_out_and_stays_current(film: Path) -> None:
    def slow(content: np.ndarray) -> np.ndarray:
        time.sleep(0.15)
        return content

    painted = list(paint_live(str(film), slow, TemporalOptions(temporal=0)))
    assert 4 <= len(painted) <= 14  # of 40, in 1.6 s
    # no queue: what waits is one frame at most
    assert max(live.latency for live in painted) < 1.0


def test_stopped_in_the_middle_nothing_goes_on(film: Path) -> None:
    before = threading.active_count()
    painted = paint_live(str(film), lambda content: content, TemporalOptions(temporal=0))
    next(painted)
    painted.close()
    assert threading.active_count() == before


def test_no_camera() -> None:
    with pytest.raises(VideoError, match="cannot be opened|are known on"):
        next(live_frames("97"))


def test_painted_frames_are_shown_as_jpegs() -> None:
    def frames():  # type: ignore[no-untyped-def]
        yield Live(picture(1), 0.1)

    shown: Newest[bytes] = Newest()
    assert len(list(as_jpegs(frames(), shown))) == 1
    (jpeg,) = shown
    assert jpeg.startswith(b"\xff\xd8")


def test_the_page_is_for_this_machine_alone(film: Path) -> None:
    command = [sys.executable, "-m", "impasto", "camera", str(film), "-s", "starry-night"]
    flags = ["--no-browser", "--port", "0", "--temporal", "0"]
    with child([*command, *flags], text=True) as run:
        assert run.stderr is not None
        address = run.stderr.readline().split()[0]
        page = urllib.request.urlopen(address, timeout=10).read()
        assert b'src="/stream"' in page
        stream = urllib.request.urlopen(f"{address}stream", timeout=20)
        assert stream.readline() == b"--frame\r\n"
        foreign = urllib.request.Request(address, headers={"Host": "example.org:80"})
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(foreign, timeout=10)
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{address}other", timeout=10)
        said = run.stderr.read()
        assert run.wait(30) == 0
    assert "latency" in said
