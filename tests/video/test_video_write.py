"""Writing films: what is kept, and what is said where it cannot be."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from films import (
    SIZE,
    av,
    frames,
    loudness,
    make_film,
    number_of,
    packets_of,
    picture,
    times_of,
    with_subtitles,
)

from impasto.errors import OptionError, VideoError
from impasto.images import save_picture
from impasto.video import Frame, iter_frames, probe, write_frames
from impasto.video.tags import Tags

LEVEL = 1 / 255


def copy(source: Path, target: Path, **options: Any) -> Path:
    """Make a film of another's frames, as whoever stylises it does."""
    part = {name: options[name] for name in ("start", "end", "fps") if name in options}
    found = iter_frames(source, **part)
    assert write_frames(target, found, like=probe(source), source=source, **options) == target
    assert sorted(target.parent.glob(".*")) == []
    return target


@pytest.fixture(scope="module")
def sounding(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a film of two seconds with a flash and a beep at 1 s."""
    pictures = [np.full((*SIZE, 3), 0.9 if i == 25 else 0.1, np.float32) for i in range(50)]
    wave = np.zeros(96000, np.float32)
    wave[48000:50400] = 0.8 * np.sin(np.arange(2400) * 0.3)
    path = tmp_path_factory.mktemp("sound") / "sound.mp4"

    def tell(container: Any, stream: Any) -> None:
        container.metadata["title"] = "A flash and a beep"
        stream.metadata["language"] = "swe"
        container.set_chapters(
            [
                {
                    "id": 1,
                    "start": 0,
                    "end": 800,
                    "time_base": Fraction(1, 1000),
                    "metadata": {"title": "Before"},
                },
                {
                    "id": 2,
                    "start": 800,
                    "end": 2000,
                    "time_base": Fraction(1, 1000),
                    "metadata": {"title": "The beep"},
                },
            ]
        )

    return make_film(path, pictures, sound=wave, prepare=tell)


def flash_and_beep(path: Path) -> tuple[float, float]:
    flash = max(iter_frames(path), key=lambda frame: float(frame.pixels.mean()))
    wave, rate = loudness(path)
    return float(flash.time), int(np.argmax(np.abs(wave) > 0.2)) / rate


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".m4v"])
def test_all_but_the_pictures_is_copied_as_it_is(
    sounding: Path, tmp_path: Path, suffix: str
) -> None:
    film = copy(sounding, tmp_path / f"out{suffix}")
    assert [packet[1] for packet in packets_of(film, "audio")] == [
        packet[1] for packet in packets_of(sounding, "audio")
    ]
    # Matroska has no time before 0, where AAC begins: all moves by its first packet
    late = Fraction(21, 1000) if suffix == ".mkv" else 0
    assert times_of(film) == [
        round((time + late) * 1000) * Fraction(1, 1000) for time in times_of(sounding)
    ]
    flash, beep = flash_and_beep(film)
    assert flash == pytest.approx(float(1 + late), abs=1e-6)
    assert abs(beep - flash) < 1 / 25
    with av.open(str(film)) as container:
        assert container.metadata.get("title", container.metadata.get("TITLE")) == (
            "A flash and a beep"
        )
        assert [c["metadata"].get("title") for c in container.chapters()] == ["Before", "The beep"]
        if suffix != ".mov":  # which FFmpeg gives no language for pictures
            assert container.streams.video[0].language == "swe"
        assert len(container.streams.audio) == 1


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
@pytest.mark.parametrize("start", [0.4, 0.77])
def test_sound_is_cut_in_step(sounding: Path, tmp_path: Path, suffix: str, start: float) -> None:
    film = copy(sounding, tmp_path / f"out{suffix}", start=start, end=1.6)
    flash, beep = flash_and_beep(film)
    assert abs(flash - (1 - start)) < 1 / 25
    assert abs(beep - flash) < 1 / 25
    length = float(list(iter_frames(film))[-1].time)
    assert abs(length - (1.6 - start - 1 / 25)) < 1 / 25
    assert 0.9 < packets_of(film, "audio")[-1][0] / Fraction(1.6 - start) <= 1
    with av.open(str(film)) as container:
        assert [round(float(c["start"] * c["time_base"]), 2) for c in container.chapters()] == (
            [0, round(0.8 - start, 2)]
        )


def test_subtitles_are_copied_and_cut(tmp_path: Path) -> None:
    plain = make_film(tmp_path / "plain.mp4", map(picture, [0] * 75))
    film = with_subtitles(
        plain, tmp_path / "film.mkv", [(200, 500, "First"), (1200, 800, "Second"), (2500, 300, "-")]
    )
    whole = copy(film, tmp_path / "whole.mkv")
    assert packets_of(whole, "subtitle") == packets_of(film, "subtitle")
    part = copy(film, tmp_path / "part.mkv", start=1.6, end=2.4)
    assert packets_of(part, "subtitle") == [(0, packets_of(film, "subtitle")[1][1])]


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_variable_times_are_kept(tmp_path: Path, suffix: str) -> None:
    times = [7, 40, 50, 130, 131, 300, 301, 302, 500, 760]
    source = make_film(
        tmp_path / "vfr.mov",
        map(picture, range(10)),
        times=[90 * time for time in times],
        time_base=Fraction(1, 90000),
    )
    film = copy(source, tmp_path / f"out{suffix}")
    assert times_of(film) == times_of(source) == [Fraction(time, 1000) for time in times]
    assert [number_of(frame.pixels) for frame in iter_frames(film)] == list(range(10))


def test_a_rate_of_ones_own(sounding: Path, tmp_path: Path) -> None:
    film = copy(sounding, tmp_path / "slow.mp4", fps=29.97)
    assert times_of(film) == [Fraction(1001 * i, 30000) for i in range(60)]
    assert abs(flash_and_beep(film)[0] - 1) < 1 / 25


@pytest.mark.parametrize("tags", [Tags(1, 1, 1, 1), Tags(6, 1, 6, 6), Tags(5, 2, 5, 6)])
def test_colours_come_back(tmp_path: Path, tags: Tags) -> None:
    source = make_film(tmp_path / "bars.mp4", [bars()] * 3, tags=tags)
    film = copy(source, tmp_path / "out.mp4", video_quality=98)
    assert probe(film).tags == tags
    before, after = (next(iter_frames(path)).pixels for path in (source, film))
    middles = np.s_[24, 8::16]
    assert np.abs(before[middles] - bars()[middles]).max() < 3 * LEVEL
    assert np.abs(after[middles] - bars()[middles]).max() < 5 * LEVEL


@pytest.mark.parametrize(
    ("suffix", "codec", "bound"),
    [(".mp4", "hevc", 6), (".webm", "vp9", 9), (".mkv", "av1", 6), (".mov", "prores", 3)],
)
def test_every_codec_keeps_colours_and_times(
    tmp_path: Path, suffix: str, codec: str, bound: float
) -> None:
    size = (64, 96)
    pictures = [picture(i, size) for i in range(8)]
    made = [Frame(p, Fraction(i, 25), Fraction(1, 25), i) for i, p in enumerate(pictures)]
    film = tmp_path / f"out{suffix}"
    write_frames(film, made, codec=codec, video_quality=96)
    assert probe(film).codec == codec
    found = list(iter_frames(film))
    assert [frame.time for frame in found] == [frame.time for frame in made]
    for frame, pixels in zip(found, pictures, strict=True):
        assert np.abs(frame.pixels - pixels)[40:].max() < bound * LEVEL


@pytest.mark.parametrize("codec", ["h264", "hevc", "vp9", "av1"])
def test_encoders_say_nothing_on_the_terminal(
    tmp_path: Path, codec: str, capfd: pytest.CaptureFixture[str]
) -> None:
    made = [Frame(picture(i, (96, 128)), Fraction(i, 25), Fraction(1, 25), i) for i in range(3)]
    write_frames(tmp_path / "out.mkv", made, codec=codec)
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(
    not hasattr(os, "sched_getscheduler") or os.geteuid() != 0,
    reason="only the superuser's threads can go before others",
)
@pytest.mark.parametrize("codec", ["hevc", "av1"])
def test_encoders_leave_threads_as_urgent_as_they_are(tmp_path: Path, codec: str) -> None:
    def policies() -> set[int]:
        found = set()
        for thread in os.listdir("/proc/self/task"):
            with suppress(ProcessLookupError):
                found.add(os.sched_getscheduler(int(thread)))
        return found

    found = []

    def watched() -> Iterator[Frame]:
        for i in range(40):
            yield Frame(picture(i, (96, 128)), Fraction(i, 25), Fraction(1, 25), i)
            found.append(policies())

    write_frames(tmp_path / "out.mkv", watched(), codec=codec)
    # frames are asked for ahead: while the first are, the encoder is being opened
    assert all(each == {os.SCHED_OTHER} for each in [*found[20:], policies()])


def bars() -> Any:
    colors = [(1, 1, 1), (1, 1, 0), (0, 1, 1), (0, 1, 0), (1, 0, 1), (1, 0, 0), (0, 0, 1), (0,) * 3]
    return np.repeat(np.repeat(np.float32(colors)[None] * 0.75, 16, 1), 48, 0)


def test_ten_bits_stay_ten(tmp_path: Path) -> None:
    ramp = np.repeat(np.linspace(0.2, 0.5, 512, dtype=np.float32)[None, :, None], 32, 0)
    made = [Frame(np.repeat(ramp, 3, 2), Fraction(i, 25), Fraction(1, 25), i) for i in range(3)]
    film = tmp_path / "deep.mov"
    write_frames(film, made, codec="prores")
    assert probe(film).depth >= 10
    found = next(iter_frames(film)).pixels
    steps = np.diff(found[16, :, 1])
    assert np.abs(found - made[0].pixels).max() < 1.5 * LEVEL
    assert steps.max() < 0.8 * LEVEL  # no bands: a step of 8 bits would be one level
    high = tmp_path / "high.mp4"
    write_frames(high, made, video_depth=10, video_quality=98)
    assert probe(high).pixel_format == "yuv420p10le"
    assert len(np.unique(next(iter_frames(high)).pixels[16, :, 1])) > 150  # 8 bits would have 67


@pytest.mark.parametrize(
    ("suffix", "codec"), [(".webm", "vp9"), (".mkv", "vp9"), (".mov", "prores")]
)
def test_transparency_is_kept(tmp_path: Path, suffix: str, codec: str) -> None:
    alpha = np.zeros(SIZE, np.float32)
    alpha[:, 20:44], alpha[:, 44:] = 1, 0.5
    made = frames(6, alpha=alpha)
    film = tmp_path / f"clear{suffix}"
    write_frames(film, made, codec=codec, video_quality=90)
    assert probe(film).has_alpha
    again = tmp_path / f"again{suffix}"
    write_frames(again, iter_frames(film), like=probe(film), source=film, codec=codec)
    for path in (film, again):
        found = list(iter_frames(path))
        assert len(found) == 6
        for frame in found:
            assert frame.alpha is not None
            assert np.abs(frame.alpha - alpha)[:, [5, 30, 60]].max() < 4 * LEVEL


def test_transparency_is_laid_on_white_where_there_is_none(tmp_path: Path) -> None:
    alpha = np.full(SIZE, 0.5, np.float32)
    black = Frame(np.zeros((*SIZE, 3), np.float32), Fraction(0), Fraction(1, 25), alpha=alpha)
    write_frames(tmp_path / "out.mp4", [black])
    assert next(iter_frames(tmp_path / "out.mp4")).pixels.mean() == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize(("suffix", "shape"), [(".mp4", (50, 68)), (".webm", (49, 67))])
def test_odd_sizes_lose_nothing(tmp_path: Path, suffix: str, shape: tuple[int, int]) -> None:
    pixels = picture(2, (49, 67))
    pixels[-1] = 0.95
    film = tmp_path / f"odd{suffix}"
    write_frames(film, [Frame(pixels, Fraction(0), Fraction(1, 25))] * 1, video_quality=96)
    found = next(iter_frames(film)).pixels
    assert found.shape[:2] == shape
    assert number_of(found[:49, :67]) == 2
    assert found[48:, :60].mean() > 0.85


def test_an_animation_has_all_frames(tmp_path: Path) -> None:
    from PIL import Image

    made = frames(10, rate=10)
    for name in ("out.gif", "out.webp"):
        assert write_frames(tmp_path / name, made) == tmp_path / name
        with Image.open(tmp_path / name) as image:
            assert image.n_frames == 10
            assert image.info["loop"] == 0
            image.seek(4)
            found = np.asarray(image.convert("RGB"), np.float32) / 255
        assert number_of(found) == 4
        assert np.abs(found - picture(4)).mean() < 8 * LEVEL
    assert [frame.time for frame in iter_frames(tmp_path / "out.gif")] == [
        Fraction(i, 10) for i in range(10)
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.gif", "out.webp"]


def test_a_folder_is_a_film_in_the_order_of_numbers(tmp_path: Path) -> None:
    for number in (9, 10, 100):
        save_picture(tmp_path / f"f{number}.png", picture(number % 11))
    found = list(iter_frames(tmp_path, fps=12))
    assert [number_of(frame.pixels) for frame in found] == [9, 10, 1]
    assert [frame.time for frame in found] == [0, Fraction(1, 12), Fraction(2, 12)]
    save_picture(tmp_path / "f101.png", picture(1, (32, 32)))
    with pytest.raises(VideoError, match="32x32 px and f9.png 64x48"):
        list(iter_frames(tmp_path))


@pytest.mark.parametrize("name", ["frames", "some/%03d.jpg", "some/%05d.tif"])
def test_frames_are_written_as_pictures(tmp_path: Path, name: str) -> None:
    alpha = None if name.endswith("jpg") else np.full(SIZE, 0.5, np.float32)
    folder = write_frames(tmp_path / name, frames(3, alpha=alpha))
    assert folder is not None
    assert len(list(folder.iterdir())) == 3
    for number, frame in enumerate(iter_frames(folder)):
        assert number_of(frame.pixels) == number
        assert (frame.alpha is None) == (alpha is None)
    with pytest.raises(VideoError, match="holds pictures already"):
        write_frames(tmp_path / name, frames(3))


# what cannot be


@pytest.mark.parametrize("name", ["out.webm", "out.gif", "out.webp", "pictures"])
def test_what_a_container_cannot_hold_is_said(sounding: Path, tmp_path: Path, name: str) -> None:
    with pytest.warns(UserWarning, match=f"{name} cannot hold audio aac of the film"):
        copy(sounding, tmp_path / name)


@pytest.mark.parametrize(
    ("name", "options", "error", "text"),
    [
        ("out.avi", {}, VideoError, "end it with one of .mp4"),
        ("out.mp4", {"codec": "prores"}, OptionError, "end the name with .mov or .mkv"),
        ("out.mp4", {"codec": "divx"}, OptionError, "choose one of"),
        ("out.mp4", {"video_quality": 0}, OptionError, "1 to 100"),
        ("out.gif", {"codec": "h264"}, OptionError, "no choice of codec"),
        ("out.gif", {"video_quality": 50}, OptionError, "gif has no quality"),
        ("no/out.mp4", {}, VideoError, "is not a folder"),
        ("%.png", {}, OptionError, "expected a number"),
    ],
)
def test_wrong_targets_are_refused_before_any_work(
    tmp_path: Path, name: str, options: dict[str, Any], error: type[Exception], text: str
) -> None:
    def never() -> Iterator[Frame]:
        raise AssertionError("a frame was asked for")
        yield

    with pytest.raises(error, match=text):
        write_frames(tmp_path / name, never(), **options)
    assert list(tmp_path.iterdir()) == []


def test_the_film_itself_is_not_overwritten(sounding: Path) -> None:
    before = sounding.read_bytes()
    with pytest.raises(VideoError, match="is the film itself"):
        write_frames(sounding, iter_frames(sounding), source=sounding)
    assert sounding.read_bytes() == before


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_to(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(VideoError, match="cannot be written to"):
        write_frames(tmp_path / "out.mp4", frames(2))


@pytest.mark.parametrize("name", ["out.mp4", "out.gif", "out"])
def test_without_frames_there_is_no_film(tmp_path: Path, name: str) -> None:
    with pytest.raises(VideoError, match="no frames"):
        write_frames(tmp_path / name, [])
    assert not (tmp_path / name).is_file()
    assert list(tmp_path.glob(".*")) == []


def test_frames_of_another_size_are_refused(tmp_path: Path) -> None:
    other = Frame(picture(1, (32, 32)), Fraction(1), Fraction(1, 25), 1)
    with pytest.raises(VideoError, match="32x32 px, and the film 64x48"):
        write_frames(tmp_path / "out.mp4", [*frames(2), other])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["out.mp4", "out.gif"])
def test_an_error_leaves_what_was_there(tmp_path: Path, name: str) -> None:
    def failing() -> Iterator[Frame]:
        yield from frames(5)
        raise RuntimeError("the stylizer failed")

    (tmp_path / name).write_text("before")
    with pytest.raises(RuntimeError, match="the stylizer failed"):
        write_frames(tmp_path / name, failing())
    assert (tmp_path / name).read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full")
    from impasto.video.y4m import Y4mWriter  # the one that writes where it is told to

    with open("/dev/full", "wb", buffering=0) as file, pytest.raises(VideoError, match="No space"):
        write_frames(file, frames(3))
    assert Y4mWriter is not None


def test_one_frame_is_written(tmp_path: Path) -> None:
    for name in ("out.mp4", "out.webm", "out.gif"):
        write_frames(tmp_path / name, frames(1))
        assert len(list(iter_frames(tmp_path / name))) == 1


def test_nothing_is_warned_of_in_a_plain_film(sounding: Path, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        copy(sounding, tmp_path / "out.mkv")
