"""Reading films: what is shown, when, and what is said of bad ones."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from films import SIZE, av, make_film, number_of, picture
from hypothesis import given
from hypothesis import strategies as st

from impasto.errors import OptionError, VideoError
from impasto.video import iter_frames, probe
from impasto.video.tags import Tags
from impasto.video.timing import Shown, at_rate, between, with_durations

LEVEL = 1 / 255


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_film(tmp_path_factory.mktemp("films") / "film.mp4", map(picture, range(12)))


def test_frames_keep_the_contract(film: Path) -> None:
    found = list(iter_frames(film))
    assert [frame.index for frame in found] == list(range(12))
    assert [frame.time for frame in found] == [Fraction(i, 25) for i in range(12)]
    assert {frame.duration for frame in found} == {Fraction(1, 25)}
    for frame in found:
        assert frame.pixels.dtype == np.float32
        assert frame.pixels.shape == (*SIZE, 3)
        assert frame.pixels.flags.c_contiguous
        assert frame.alpha is None
        assert number_of(frame.pixels) == frame.index
        assert np.abs(frame.pixels - picture(frame.index)).mean() < 3 * LEVEL


def test_probe_tells_what_it_is(film: Path) -> None:
    info = probe(film)
    assert (info.width, info.height, info.codec, info.pixel_format) == (64, 48, "h264", "yuv420p")
    assert (info.rate, info.frames, info.is_counted, info.is_variable) == (25, 12, True, False)
    assert (info.duration, info.start, info.depth) == (Fraction(12, 25), 0, 8)
    assert info.tags == Tags(1, 1, 1, 1)
    assert not info.has_alpha
    assert not info.is_interlaced


def test_a_part_is_cut_where_it_is_asked(film: Path) -> None:
    found = list(iter_frames(film, start=0.12, end=0.3))
    assert [number_of(frame.pixels) for frame in found] == [3, 4, 5, 6, 7]
    assert found[0].time == Fraction(3, 25)
    assert found[-1].time + found[-1].duration == Fraction(3, 10)


def test_frames_that_are_skipped_are_counted(film: Path) -> None:
    found = list(iter_frames(film, skip=9))
    assert [frame.index for frame in found] == [9, 10, 11]
    assert [number_of(frame.pixels) for frame in found] == [9, 10, 11]


def test_a_higher_rate_repeats_and_a_lower_one_leaves_out(film: Path) -> None:
    double = list(iter_frames(film, fps=50))
    assert [frame.repeats for frame in double] == [False, True] * 12
    assert double[1].pixels is double[0].pixels
    assert [frame.time for frame in double] == [Fraction(i, 50) for i in range(24)]
    half = list(iter_frames(film, fps=12.5))
    assert len(half) == 6
    assert [number_of(frame.pixels) for frame in half] == [0, 2, 4, 6, 8, 10]


def test_size_is_the_longest_side(film: Path) -> None:
    frame = next(iter_frames(film, size=32))
    assert frame.pixels.shape == (24, 32, 3)


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".ts"])
def test_variable_times_are_exact(tmp_path: Path, suffix: str) -> None:
    tick = Fraction(1, 1000)
    times = [0, 40, 50, 130, 131, 300]
    film = make_film(
        tmp_path / f"film{suffix}", map(picture, range(6)), times=times, time_base=tick
    )
    expected = [time * tick for time in times]
    if suffix == ".ts":  # which begins its clock anywhere
        expected = [round(time * 90000) * Fraction(1, 90000) for time in expected]
    assert [frame.time for frame in iter_frames(film)] == expected
    assert probe(film).is_variable


def test_a_late_start_is_kept(tmp_path: Path) -> None:
    times = [12800 + i * 512 for i in range(4)]
    film = make_film(tmp_path / "late.mkv", map(picture, range(4)), times=times)
    assert [frame.time for frame in iter_frames(film)] == [1 + Fraction(i, 25) for i in range(4)]
    assert probe(film).start == 1


@pytest.mark.parametrize("degrees", [0, 90, 180, -90])
@pytest.mark.parametrize("flip", [False, True])
def test_it_is_shown_upright(tmp_path: Path, degrees: int, flip: bool) -> None:
    upright = picture(3)
    upright[40:, :10] = (1, 0, 0)  # so that no turn looks like another
    # the matrix turns counter-clockwise, then mirrors; so what is stored is the reverse of that
    stored = upright[:, ::-1] if flip else upright
    stored = np.ascontiguousarray(np.rot90(stored, -degrees // 90))

    def turn(container: Any, stream: Any) -> None:
        stream.set_display_rotation(degrees, hflip=flip)

    film = make_film(tmp_path / "turned.mp4", [stored] * 3, prepare=turn)
    found = next(iter_frames(film)).pixels
    assert found.shape == upright.shape
    assert np.abs(found - upright).mean() < 4 * LEVEL
    assert (probe(film).width, probe(film).height) == (64, 48)


def test_oblong_pixels_become_square(tmp_path: Path) -> None:
    def stretch(container: Any, stream: Any) -> None:
        stream.codec_context.sample_aspect_ratio = Fraction(4, 3)

    film = make_film(tmp_path / "wide.mp4", map(picture, range(3)), prepare=stretch)
    assert next(iter_frames(film)).pixels.shape == (48, 85, 3)
    assert (probe(film).width, probe(film).pixel_aspect) == (85, Fraction(4, 3))


def test_ten_bits_are_read_in_full(tmp_path: Path) -> None:
    ramp = np.repeat(np.linspace(0, 1, 512, dtype=np.float32)[None, :, None], 32, 0)
    film = make_film(
        tmp_path / "deep.mkv",
        [np.repeat(ramp, 3, 2)] * 2,
        codec="libx265",
        pixel_format="yuv444p10le",
        settings={"x265-params": "lossless=1:bframes=0:log-level=none"},
    )
    found = next(iter_frames(film)).pixels
    assert probe(film).depth == 10
    assert len(np.unique(found[0, :, 1])) > 400  # 8 bits would have 220
    assert np.abs(found - ramp).max() < 0.4 * LEVEL
    assert found.max() == 1


@pytest.mark.parametrize("matrix", [1, 5, 6, 9])
@pytest.mark.parametrize("range_", [1, 2])
@pytest.mark.parametrize("kind", ["yuv444p", "yuv420p", "yuv422p10le"])
def test_colours_are_read_as_they_are_tagged(
    tmp_path: Path, matrix: int, range_: int, kind: str
) -> None:
    """FFmpeg's encoder gets numbers of our own arithmetic, not of its converter."""
    bars = [(1, 1, 1), (1, 1, 0), (0, 1, 1), (0, 1, 0), (1, 0, 1), (1, 0, 0), (0, 0, 1), (0, 0, 0)]
    bars = [tuple(0.75 * c for c in bar) for bar in bars] + [(0.2, 0.5, 0.9), (1, 1, 1)]
    deep = "10" in kind
    film = tmp_path / "bars.mkv"
    with av.open(str(film), "w") as out:
        stream = out.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 32, 32, kind
        stream.codec_context.colorspace, stream.codec_context.color_range = matrix, range_
        for bar in bars:
            frame = av.VideoFrame(32, 32, kind)
            for plane, value in zip(frame.planes, numbers(bar, matrix, range_, deep), strict=True):
                store = np.uint16 if deep else np.uint8
                count = plane.buffer_size // np.dtype(store).itemsize
                plane.update(np.full(count, value, store).tobytes())
            frame.colorspace, frame.color_range = matrix, range_
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    for bar, frame in zip(bars, iter_frames(film), strict=True):
        assert np.abs(frame.pixels - np.float32(bar)).max() < 1.3 * LEVEL


def numbers(bar: Any, matrix: int, range_: int, deep: bool) -> list[int]:
    """Return Y', Cb and Cr as BT.709, BT.601 and BT.2020 define them."""
    red, blue = {1: (0.2126, 0.0722), 9: (0.2627, 0.0593)}.get(matrix, (0.299, 0.114))
    luma = red * bar[0] + blue * bar[2] + (1 - red - blue) * bar[1]
    cb, cr = (bar[2] - luma) / 2 / (1 - blue), (bar[0] - luma) / 2 / (1 - red)
    k = 4 if deep else 1
    top = 256 * k - 1
    if range_ == 2:
        values = luma * top, cb * top + 128 * k, cr * top + 128 * k
    else:
        values = (219 * luma + 16) * k, (224 * cb + 128) * k, (224 * cr + 128) * k
    return [min(top, max(0, round(value))) for value in values]


@pytest.mark.parametrize("transfer", [16, 18])
def test_hdr_is_brought_to_srgb_and_said(tmp_path: Path, transfer: int) -> None:
    grey = np.full((*SIZE, 3), 0.58 if transfer == 16 else 0.75, np.float32)  # 203 cd/m2: white
    film = make_film(
        tmp_path / "hdr.mp4",
        [grey] * 2,
        pixel_format="yuv420p10le",
        tags=Tags(9, 1, 9, transfer),
    )
    assert probe(film).tags.is_hdr
    with pytest.warns(UserWarning, match="is HDR"):
        found = next(iter_frames(film)).pixels
    assert 0.85 < found.mean() < 1  # a bit under white: the tone curve leaves room above
    assert np.ptp(found) < 4 * LEVEL


def test_wide_colours_become_srgb(tmp_path: Path) -> None:
    pure = np.zeros((*SIZE, 3), np.float32)
    pure[...] = (0.5, 0.5, 0.5)
    pure[:24] = (0.2, 0.6, 0.2)
    film = make_film(
        tmp_path / "wide.mkv",
        [pure] * 2,
        pixel_format="yuv444p10le",
        tags=Tags(9, 1, 9, 14),
    )
    found = next(iter_frames(film)).pixels
    assert np.allclose(found[40], 0.5, atol=2 * LEVEL)  # grey stays grey
    assert found[4, 4, 1] > 0.62  # a green of BT.2020 is a stronger green of sRGB
    assert found[4, 4, 0] < 0.1


# bad ones


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    for path, text in ((tmp_path / "no.mp4", "does not exist"), (tmp_path, "no pictures")):
        with pytest.raises(VideoError, match=text):
            next(iter_frames(path))


@pytest.mark.parametrize(
    ("name", "data", "text"),
    [
        ("empty.mp4", b"", "zero bytes"),
        ("text.mp4", b"This is not a film, but a text.\n" * 50, "is not a film"),
        ("text.txt", b"This is not a film, but a text.\n" * 50, "is not a film"),
        ("list.m3u8", b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n", "m3u8"),
    ],
)
def test_what_is_no_film_is_said(tmp_path: Path, name: str, data: bytes, text: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    for read in (probe, lambda path: next(iter_frames(path))):
        with pytest.raises(VideoError, match=text) as caught:
            read(path)
        assert "\n" not in str(caught.value)


def test_sound_alone_has_no_video(tmp_path: Path) -> None:
    path = tmp_path / "song.m4a"
    with av.open(str(path), "w", format="mp4") as out:
        stream = out.add_stream("aac", rate=48000, layout="mono")
        wave = av.AudioFrame.from_ndarray(np.zeros((1, 4800), np.float32), "fltp", "mono")
        wave.sample_rate = 48000
        out.mux(stream.encode(wave))
        out.mux(stream.encode(None))
    with pytest.raises(VideoError, match="no video stream, only audio"):
        probe(path)


def test_without_its_index_a_file_is_refused(film: Path, tmp_path: Path) -> None:
    data = film.read_bytes()
    path = tmp_path / "cut.mp4"
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(VideoError, match="cut off"):
        probe(path)


def test_a_film_that_breaks_off_gives_what_is_there(tmp_path: Path) -> None:
    film = make_film(tmp_path / "whole.mkv", map(picture, range(75)), settings={"g": "5"})
    data = film.read_bytes()
    path = tmp_path / "cut.mkv"
    path.write_bytes(data[: len(data) // 2])
    with pytest.warns(UserWarning, match=r"breaks off|is damaged"):
        found = list(iter_frames(path))
    assert 10 < len(found) < 70
    assert all(number_of(frame.pixels) == frame.index for frame in found[:12])


def test_a_part_without_frames_is_said(film: Path) -> None:
    with pytest.raises(VideoError, match="no frames there"):
        next(iter_frames(film, start=60))


@pytest.mark.parametrize("wrong", [{"start": -1}, {"fps": 0}, {"size": 4}, {"start": 2, "end": 1}])
def test_wrong_parts_are_refused_at_once(film: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match=r"expected"):
        iter_frames(film, **wrong)


def test_one_frame_is_a_film(tmp_path: Path) -> None:
    film = make_film(tmp_path / "one.mp4", [picture(5)])
    (frame,) = iter_frames(film)
    assert (frame.time, frame.duration) == (0, Fraction(1, 25))
    assert number_of(frame.pixels) == 5


# times


TIMES = st.lists(st.integers(1, 40), min_size=1, max_size=30)


@given(TIMES, st.sampled_from([10, 24, 25, 60]))
def test_a_rate_keeps_length_and_order(steps: list[int], rate: int) -> None:
    shown, time = [], Fraction(0)
    for number, step in enumerate(steps):
        shown.append(Shown(number, time, Fraction(step, 100)))
        time += Fraction(step, 100)
    found = list(at_rate(shown, Fraction(rate)))
    assert abs(len(found) - time * rate) <= 1
    assert [s.time for s in found] == [Fraction(i, rate) for i in range(len(found))]
    assert [s.picture for s in found] == sorted(s.picture for s in found)


@given(TIMES, st.integers(0, 300), st.integers(1, 300))
def test_a_part_lies_where_it_is_asked(steps: list[int], start: int, length: int) -> None:
    shown, time = [], Fraction(0)
    for number, step in enumerate(steps):
        shown.append(Shown(number, time, Fraction(step, 100)))
        time += Fraction(step, 100)
    first, last = Fraction(start, 70), Fraction(start + length, 70)
    for piece in between(shown, first, last):
        assert first <= piece.time
        assert piece.time + piece.duration <= last
        assert piece.duration > 0


def test_missing_and_backward_times() -> None:
    given_times = [("a", None, None), ("b", Fraction(1), None), ("c", Fraction(1), None)]
    found = list(with_durations(given_times, Fraction(10)))
    assert found == [Shown("a", 0, 1), Shown("b", 1, Fraction(1, 10))]
