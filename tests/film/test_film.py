"""Whole films: painted, calm, with all that belongs to them, from the command line too."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from films import make_film, packets_of, times_of
from numpy.typing import NDArray

import impasto
from impasto.cli.main import cli
from impasto.errors import ImageError, OptionError, VideoError
from impasto.film import Film, Painted, calm_film, open_film, paint_frames
from impasto.film import Part as FilmPart
from impasto.film.optimized import LAGS, Optimized
from impasto.film.options import TemporalOptions
from impasto.images import save_picture
from impasto.job import Setup
from impasto.masks import Guides
from impasto.methods.quality import resolve
from impasto.video import Frame, iter_frames, probe
from impasto.video.read import Part
from impasto.video.y4m import read_y4m

pytest.importorskip("cv2", reason="OpenCV, of the extra [video], is not installed")

Pictures = NDArray[np.float32]
Draw = Callable[..., Pictures]
STYLE = "starry-night"
SIDE = (72, 96)


@pytest.fixture(scope="module")
def noisy(draw: Draw) -> list[Pictures]:
    """Return frames of a still camera, whose sensor is not."""
    rng = np.random.default_rng(0)
    still = draw(*SIDE, 3)
    return [
        (still + rng.normal(0, 0.03, still.shape)).clip(0, 1).astype(np.float32) for _ in range(8)
    ]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory, noisy: list[Pictures]) -> Path:
    sound = np.sin(np.arange(48000 * 8 // 25) / 20).astype(np.float32)
    times = [512 * i + 100 * (i % 3) for i in range(8)]
    folder = tmp_path_factory.mktemp("film")
    return make_film(folder / "clip.mp4", noisy, times=times, sound=sound)


def frames_of(pictures: list[Pictures]) -> list[Frame]:
    step = Fraction(1, 25)
    return [Frame(p, i * step, step, i) for i, p in enumerate(pictures)]


@pytest.fixture(scope="module")
def setup() -> Setup:
    return Setup.open(STYLE, None, resolve({}))


def painted(setup: Setup, pictures: list[Pictures], temporal: float) -> list[Pictures]:
    found = paint_frames(frames_of(pictures), setup, temporal=TemporalOptions(temporal))
    return [frame.pixels for frame in found]


def restless(pictures: list[Pictures]) -> float:
    return float(np.abs(np.diff(np.stack(pictures), axis=0)).mean())


def test_a_film_keeps_all_but_its_pictures(film: Path, tmp_path: Path) -> None:
    told: list[Painted] = []
    out = impasto.stylize_video(film, STYLE, tmp_path / "out.mp4", progress=told.append)
    assert out == tmp_path / "out.mp4"
    assert times_of(out) == times_of(film)
    assert packets_of(out, "audio") == packets_of(film, "audio")
    assert [p.number for p in told] == list(range(1, 9))
    assert told[-1].total == 8
    assert told[-1].left == 0
    last = [frame.pixels for frame in iter_frames(out)][-1]
    assert np.abs(last - told[-1].image).mean() < 0.03


def test_without_calm_each_frame_is_painted_by_itself(setup: Setup, noisy: list[Pictures]) -> None:
    alone = painted(setup, noisy[:2], 0)
    assert all(
        np.array_equal(one, setup.stylizer(frame)) for one, frame in zip(alone, noisy, strict=False)
    )


def test_calm_frames_flicker_less(setup: Setup, noisy: list[Pictures]) -> None:
    alone, calm = painted(setup, noisy, 0), painted(setup, noisy, 1)
    assert restless(calm) < 0.5 * restless(alone)
    # and are painted as strongly
    apart = np.abs(calm[-1] - noisy[-1]).mean(), np.abs(alone[-1] - noisy[-1]).mean()
    assert apart[0] > 0.8 * apart[1]


def test_behind_a_cut_nothing_of_before_is_seen(setup: Setup, draw: Draw) -> None:
    before, after = draw(*SIDE, 2) * [1, 0.4, 0.2], 1 - 0.8 * draw(*SIDE, 9) * [0.2, 1, 1]
    pictures = [np.float32(before)] * 3 + [np.float32(after)] * 2
    begun = painted(setup, pictures[3:], 1)[0]
    assert np.abs(painted(setup, pictures, 1)[3] - begun).mean() < 0.01


def test_frames_that_repeat_are_painted_once(setup: Setup, noisy: list[Pictures]) -> None:
    one, two = frames_of(noisy[:2])
    again = Frame(one.pixels, two.time, two.duration, 1, repeats=True)
    found = list(paint_frames([one, again, two, again], setup))
    assert found[1].pixels is found[0].pixels
    assert found[3].pixels is found[2].pixels
    assert not np.array_equal(found[2].pixels, found[0].pixels)


def test_alpha_stays_and_takes_the_result_size(noisy: list[Pictures]) -> None:
    small = Setup.open(STYLE, None, resolve({"size": 64}))
    alpha = np.zeros(SIDE, np.float32)
    alpha[:, 48:] = 1
    frame = Frame(noisy[0], Fraction(0), Fraction(1), alpha=alpha)
    (found,) = paint_frames([frame], small)
    assert found.pixels.shape == (48, 64, 3)
    assert found.alpha is not None
    assert found.alpha.shape == (48, 64)
    assert found.alpha[:, :28].max() < 0.1 < 0.9 < found.alpha[:, 36:].min()


def test_keyframes_lead_from_the_content_to_the_style(
    tmp_path: Path, noisy: list[Pictures]
) -> None:
    keys = tmp_path / "keys.toml"
    keys.write_text(
        f'[[key]]\ntime = 0\nstyle = "{STYLE}"\nstrength = 0\n'
        '[[key]]\ntime = 0.2\nstyle = "great-wave"\nstrength = 1\n'
    )
    film = open_film("", None, "", None, keys, Guides(), {"temporal": 0.0})
    found = [f.pixels for f in paint_frames(frames_of(noisy), film.setup, film.keys, film.temporal)]
    assert np.array_equal(found[0], noisy[0])
    wave = Setup.open("great-wave", None, resolve({})).stylizer
    assert np.abs(found[5] - wave(noisy[5])).mean() < 0.01
    apart = [float(np.abs(one - frame).mean()) for one, frame in zip(found, noisy, strict=True)]
    assert apart[0] < apart[1] < apart[3] < apart[5]


def short(film: Path, out: Path, **options: Any) -> Film:
    """Return a film whose segments are two frames long."""
    made = open_film(film, STYLE, out, None, None, Guides(), options)
    return replace(made, segment=Fraction(2, 25))


def stop(frame: Painted) -> None:
    if frame.number == 6:
        raise KeyboardInterrupt


def test_a_run_that_was_stopped_goes_on(film: Path, tmp_path: Path) -> None:
    out, told = tmp_path / "out.mp4", list[Painted]()
    first = short(film, out)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        with pytest.raises(KeyboardInterrupt):
            first.run(stop)
    assert "--resume" in str(said[-1].message)
    assert not out.exists()
    replace(short(film, out), resume=True).run(told.append)
    assert 2 <= told[0].begun < 6
    assert told[0].number == told[0].begun + 1
    assert times_of(out) == times_of(film)
    assert packets_of(out, "audio") == packets_of(film, "audio")
    whole = tmp_path / "whole.mp4"
    short(film, whole).run()
    pairs = zip(iter_frames(out), iter_frames(whole), strict=True)
    assert max(float(np.abs(a.pixels - b.pixels).mean()) for a, b in pairs) < 0.01
    assert set(tmp_path.iterdir()) == {out, whole}


def test_optimised_frames_follow_each_other(compact: Path, noisy: list[Pictures]) -> None:
    style = np.roll(noisy[0], 20, axis=2) ** 2
    setup = Setup.open(style, None, resolve({"steps": 12, "size": 64}))
    few = TemporalOptions(1.0, frame_steps=6)
    calm = [f.pixels for f in paint_frames(frames_of(noisy[:4]), setup, temporal=few)]
    alone = painted(setup, noisy[:4], 0)
    assert restless(calm) < 0.5 * restless(alone)


def test_passes_bring_frames_nearer_to_each_other(compact: Path, noisy: list[Pictures]) -> None:
    style = np.roll(noisy[0], 20, axis=2) ** 2
    setup = Setup.open(style, None, resolve({"steps": 12, "size": 64}))
    frames = frames_of(noisy[:4])
    frames[2] = replace(frames[2], repeats=True)
    results = {}
    for passes in (1, 3):
        options = TemporalOptions(1.0, frame_steps=6, passes=passes)
        results[passes] = [f.pixels for f in paint_frames(frames, setup, temporal=options)]
        assert np.array_equal(results[passes][2], results[passes][1])
    assert restless(results[3]) < 0.95 * restless(results[1])


def test_passes_go_over_a_shot_and_not_over_a_cut(compact: Path, noisy: list[Pictures]) -> None:
    from impasto.drawn import draw

    other = draw("ink", size=max(noisy[0].shape))[: noisy[0].shape[0], : noisy[0].shape[1]]
    setup = Setup.open(noisy[0], None, resolve({"steps": 4, "size": 64}))
    options = TemporalOptions(1.0, frame_steps=2, passes=2)
    both = list(paint_frames(frames_of([*noisy[:2], other, other]), setup, temporal=options))
    alone = list(paint_frames(frames_of([other, other]), setup, temporal=options))
    assert len(both) == 4
    assert np.allclose(both[2].pixels, alone[0].pixels, atol=2 / 255)


def test_older_results_count_where_younger_ones_do_not(noisy: list[Pictures]) -> None:
    from impasto.temporal.flow import Motion

    painter = Optimized(lambda moment: None, 0.5, 10)
    still = np.zeros((*SIDE, 2), np.float32)
    for number in range(3):
        seen = np.zeros(SIDE, np.float32)
        seen[:, : 30 * (number + 1)] = 1  # the older, the less
        painter._motions.append(Motion(SIDE, still, np.ones(SIDE, np.float32)))
        painter._painted.append(np.full((*SIDE, 3), number / 4, np.float32))
    painter._motions[-1] = Motion(SIDE, still, seen)
    anchors = painter._anchors()
    assert len(anchors) == 2 <= len(LAGS)
    assert anchors[0].pixels.mean() == pytest.approx(0.5)
    assert anchors[1].pixels.mean() == pytest.approx(0.25)
    assert np.array_equal(anchors[0].counts, seen)
    assert not anchors[1].counts.any()  # what the youngest hides, the older do not know either


@pytest.mark.parametrize(
    ("name", "passes", "goes_on"),
    [("o.mp4", 1, True), ("o.mp4", 2, False), ("o.gif", 1, False), ("frames", 1, False)],
)
def test_what_can_be_gone_on_with(
    film: Path, tmp_path: Path, name: str, passes: int, goes_on: bool
) -> None:
    whole = replace(short(film, tmp_path / name), temporal=TemporalOptions(passes=passes))
    assert whole.can_go_on is goes_on
    if not goes_on:
        with pytest.raises(OptionError, match="gone on with"):
            replace(whole, resume=True).run()
    assert not list(tmp_path.iterdir())


def test_one_source_of_styles(film: Path, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="not both"):
        impasto.stylize_video(film, STYLE, tmp_path / "o.mp4", keyframes=tmp_path / "keys.toml")
    with pytest.raises(OptionError, match="not both"):
        impasto.stylize_video(film, None, tmp_path / "o.mp4")
    for name in ("frame_steps", "passes"):
        with pytest.raises(OptionError, match=f"{name} is for the optimiser"):
            impasto.stylize_video(film, STYLE, tmp_path / "o.mp4", **{name: 2})
    assert not list(tmp_path.iterdir())


def test_the_command(film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = CliRunner()
    flags = [str(film), "-s", STYLE, "--from", "0.04", "--to", "0:00.2"]
    first = run.invoke(cli, ["video", *flags], catch_exceptions=False)
    assert first.exit_code == 0, first.output
    out = tmp_path / f"clip-{STYLE}.mp4"
    assert len(times_of(out)) == 4
    assert "4 frames of 96x72" in first.output
    with pytest.raises(ImageError, match="--force"):
        run.invoke(cli, ["video", *flags, "-o", str(out)], catch_exceptions=False)
    piped = run.invoke(cli, ["video", *flags, "-o", "-"], catch_exceptions=False)
    found = list(read_y4m(io.BytesIO(piped.stdout_bytes), Part()))
    assert len(found) == 4


def folder_of(path: Path, pictures: list[Pictures]) -> Path:
    path.mkdir()
    for number, image in enumerate(pictures):
        save_picture(path / f"{number}.png", image)
    return path


def test_a_run_goes_on_with_its_own_film_only(tmp_path: Path, noisy: list[Pictures]) -> None:
    one, two = (folder_of(tmp_path / name, noisy[:4]) for name in ("one", "two"))
    (two / "3.png").write_bytes((one / "0.png").read_bytes())

    def job(source: Path, start: int = 0, **options: Any) -> Any:
        film = open_film(source, STYLE, tmp_path / "o.mp4", None, None, Guides(), options)
        return replace(film, part=FilmPart(Fraction(start)))._plan(None).job

    assert job(one) == job(one)
    assert job(one) == job(one, threads=1)  # which changes no picture that anybody could tell
    for other in (job(two), job(one, start=1), job(one, strength=0.5), job(one, temporal=0.5)):
        assert other != job(one)


def test_a_mistake_does_not_touch_what_a_run_has_left(film: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    stopped = short(film, out)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(KeyboardInterrupt):
            stopped.run(stop)
    (kept,) = tmp_path.iterdir()
    before = sorted(path.name for path in kept.iterdir())
    wrong = replace(short(film, out), resume=True, part=FilmPart(fps=Fraction(0)))
    with pytest.raises(OptionError, match="fps is 0"):
        wrong.run()
    assert sorted(path.name for path in kept.iterdir()) == before
    with pytest.raises(VideoError, match="of other options"):
        replace(short(film, out, strength=0.5), resume=True).run()
    assert sorted(path.name for path in kept.iterdir()) == before
    with pytest.warns(UserWarning, match="are dropped"):
        short(film, out).run()
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]


def test_a_pipe_cannot_be_gone_on_with(tmp_path: Path) -> None:
    film = open_film(io.BytesIO(), STYLE, tmp_path / "o.mp4", None, None, Guides(), {})
    with pytest.raises(OptionError, match="leave out resume"):
        replace(film, resume=True).run()


def test_a_part_of_a_folder_begins_at_once(tmp_path: Path, noisy: list[Pictures]) -> None:
    source = folder_of(tmp_path / "frames", noisy)
    out = impasto.stylize_video(source, STYLE, tmp_path / "o.mp4", start=0.12, end=0.24)
    assert out is not None
    assert times_of(out) == [Fraction(i, 25) for i in range(3)]


def test_no_style_to_see_is_the_content(setup: Setup, noisy: list[Pictures]) -> None:
    none = Setup.open(STYLE, None, resolve({"strength": 0.0}))
    assert all(
        np.array_equal(one, frame)
        for one, frame in zip(painted(none, noisy[:3], 1), noisy, strict=False)
    )


def test_arrays_are_styles_too(film: Path, tmp_path: Path, draw: Draw) -> None:
    out = impasto.stylize_video(film, draw(64, 64, 5), tmp_path / "o.mp4", end=0.05)
    assert out is not None
    assert len(times_of(out)) == 2


def test_contents_of_another_size_than_the_result(compact: Path, noisy: list[Pictures]) -> None:
    stylizer = impasto.prepare(noisy[0] ** 2, steps=4, size=48)
    found = [frame.image for frame in calm_film(noisy[:2], stylizer)]
    assert [image.shape for image in found] == [(36, 48, 3)] * 2


def test_what_cannot_settle_says_so(noisy: list[Pictures]) -> None:
    photo = Setup.open(noisy[0], None, resolve({"quality": "photoreal"}))
    with pytest.raises(OptionError, match="settle"):
        list(paint_frames(frames_of(noisy[:1]), photo, temporal=TemporalOptions(settle=0.5)))


def test_a_percent_sign_in_a_folder_is_no_pattern(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "50%").mkdir()
    out = tmp_path / "50%" / "out.mp4"
    out.write_bytes(b"mine")
    with pytest.raises(ImageError, match="--force"):
        CliRunner().invoke(
            cli, ["video", str(film), "-s", STYLE, "-o", "50%/out.mp4"], catch_exceptions=False
        )
    assert out.read_bytes() == b"mine"


def test_a_name_with_a_colon_is_a_name(film: Path, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    Path("12:30.mp4").write_bytes(film.read_bytes())
    assert probe("12:30.mp4").frames == 8
