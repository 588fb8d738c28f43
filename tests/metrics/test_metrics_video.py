"""How calm a film is: 0 for what moves with its content, and what was added for what was added."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("cv2", reason="flow needs the [video] extra")

from impasto.cli.main import cli, main
from impasto.drawn import draw
from impasto.errors import ImageError, OptionError
from impasto.images import resize
from impasto.metrics import FeatureChange, measure_film
from impasto.metrics.flicker import fast_power
from impasto.metrics.moving import Moves, MovingPicture
from impasto.metrics.video import FilmMeter
from tests.warping import known_error

Frames = list[np.ndarray]
RATE = 25.0


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    return draw("watercolor", size=320)


def film(picture: np.ndarray, moves: Moves) -> MovingPicture:
    return MovingPicture(picture, 120, 160, moves)


def frames(moving: MovingPicture, count: int, picture: np.ndarray | None = None) -> Frames:
    return [moving.frame(number, picture) for number in range(count)]


def swinging(still: np.ndarray, size: float, hz: float, count: int) -> Frames:
    waves = size * np.sin(2 * np.pi * hz / RATE * np.arange(count))
    return [np.float32(still + wave) for wave in waves]


def test_by_known_flow_a_perfect_result_has_no_error(picture: np.ndarray) -> None:
    moving = film(picture, Moves(shift=(1.3, 0.4), disc=25))
    # another picture that moves alike is what a perfect stylizer would make
    perfect = frames(moving, 10, np.ascontiguousarray(picture[:, ::-1]))
    assert known_error(moving, perfect, 1) < 0.02
    assert known_error(moving, perfect, 8) < 0.02


@pytest.mark.parametrize("size", [0.02, 0.1])
def test_by_known_flow_added_flicker_has_its_size(picture: np.ndarray, size: float) -> None:
    moving = film(0.5 * picture + 0.25, Moves(shift=(2, 1)))
    jumping = [f + np.float32(size * (n % 2)) for n, f in enumerate(frames(moving, 10))]
    assert known_error(moving, jumping, 1) == pytest.approx(size, rel=0.05)
    assert known_error(moving, jumping, 8) < 0.01  # it is back by then


def test_by_estimated_flow_it_is_nearly_so(picture: np.ndarray) -> None:
    moving = film(0.5 * picture + 0.25, Moves(shift=(1.3, 0.4), disc=25))
    content = frames(moving, 11)
    jumping = [f + np.float32(0.1 * (n % 2)) for n, f in enumerate(content)]
    found = measure_film(zip(jumping, content, strict=True), RATE, backbone="none")
    result, plain = found.rows
    assert plain.short is not None
    assert plain.short < 0.015
    assert plain.long is not None
    assert plain.long < 0.03
    assert result.short == pytest.approx(0.1, rel=0.1)
    assert found.visible > 0.7
    assert found.cuts == ()


@given(st.floats(5, 11), st.floats(0.01, 0.2), st.integers(24, 40))
def test_fast_swings_have_their_power(hz: float, size: float, count: int) -> None:
    wave = size * np.sin(2 * np.pi * hz / RATE * np.arange(count) + 0.3)[:, None]
    assert math.sqrt(fast_power(wave, RATE)[0]) == pytest.approx(size / math.sqrt(2), rel=0.25)


@given(st.floats(-1, 1), st.floats(0, 1))
def test_slow_changes_are_no_flicker(slope: float, level: float) -> None:
    line = (level + slope * np.linspace(0, 1, 32))[:, None]
    assert fast_power(line, RATE)[0] < 1e-9
    swing = 0.2 * np.sin(2 * np.pi * 0.8 / RATE * np.arange(32))[:, None]
    assert math.sqrt(fast_power(swing, RATE)[0]) < 0.01


def test_flicker_is_measured_where_nothing_moves(picture: np.ndarray) -> None:
    moving = film(0.5 * picture + 0.25, Moves(disc=25))
    content = frames(moving, 32)
    result = swinging(content[0], 0.05, 8, 32)
    found = measure_film(zip(result, content, strict=True), RATE, backbone="none")
    assert found.rows[0].flicker == pytest.approx(0.05 / math.sqrt(2), rel=0.05)
    assert found.rows[1].flicker == pytest.approx(0, abs=1e-4)
    assert 0.4 < found.still < 0.95


def test_nothing_is_compared_over_a_cut(picture: np.ndarray) -> None:
    ink = draw("woodcut", size=320)
    content = [*frames(film(picture, Moves()), 4), *frames(film(ink, Moves()), 4)]
    found = measure_film(zip(content, content, strict=True), RATE, backbone="none")
    assert found.cuts == (4,)
    assert found.rows[0].short is not None
    assert found.rows[0].short < 1e-3
    assert found.rows[0].long is None


def test_features_change_where_pictures_do(compact: Path, picture: np.ndarray) -> None:
    change = FeatureChange("compact")
    small = np.ascontiguousarray(picture[::2, ::2])
    noise = np.random.default_rng(0).normal(0, 0.1, small.shape)
    little, much = (np.float32(small + by * noise).clip(0, 1) for by in (0.2, 1))
    assert change(small, small) == 0
    assert 0 < change(small, little) < change(small, much) < 2
    content = [small] * 8
    result = [small if n % 2 else much for n in range(8)]
    found = measure_film(zip(result, content, strict=True), RATE, backbone="compact")
    assert found.backbone == "compact"
    assert found.rows[1].features == pytest.approx(0, abs=1e-6)
    assert found.rows[0].features == pytest.approx(change(small, much), rel=0.2)


def test_films_that_cannot_be_measured(picture: np.ndarray) -> None:
    frame = np.ascontiguousarray(picture[:120, :160])
    with pytest.raises(ImageError, match="1 frames: a film to be measured has at least 2"):
        measure_film([(frame, frame)], RATE, backbone="none")
    meter = FilmMeter(RATE)
    with pytest.raises(ImageError, match="is 100x120 px and of the content 160x120 px"):
        meter(frame[:, :100], frame)
    with pytest.raises(OptionError, match="backbone 'vgg'"):
        measure_film([], RATE, backbone="vgg")


def write(path: Path, pictures: Frames) -> Path:
    av = pytest.importorskip("av", reason="films need the [video] extra")
    with av.open(str(path), "w") as out:
        stream = out.add_stream("ffv1", rate=int(RATE))
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "bgr0"
        for pixels in pictures:
            levels = np.uint8(pixels * 255 + 0.5)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(levels, format="rgb24")))
        out.mux(stream.encode())
    return path


def test_the_command_prints_a_table_or_json(tmp_path: Path, picture: np.ndarray) -> None:
    content = frames(film(0.5 * picture + 0.25, Moves(shift=(1, 0))), 10)
    result = [f + np.float32(0.1 * (n % 2)) for n, f in enumerate(content)]
    paths = [str(write(tmp_path / f"{n}.mkv", f)) for n, f in (("r", result), ("c", content))]
    command = ["metrics", "video", *paths, "--backbone", "none"]
    table = CliRunner().invoke(cli, command)
    assert table.exit_code == 0, table.output
    assert "160x120, 10 frames" in table.output
    assert "flicker" in table.output
    told = json.loads(CliRunner().invoke(cli, [*command, "--json"]).output)
    assert [row["film"] for row in told["rows"]] == paths
    assert told["rate"] == RATE
    assert told["rows"][0]["short"] == pytest.approx(0.1, rel=0.1)


def test_a_smaller_result_is_measured_at_its_size(tmp_path: Path, picture: np.ndarray) -> None:
    content = frames(film(picture, Moves(shift=(1, 0))), 4)
    half = [resize(frame, 60, 80) for frame in content]
    paths = [str(write(tmp_path / f"{n}.mkv", f)) for n, f in (("r", half), ("c", content))]
    told = CliRunner().invoke(cli, ["metrics", "video", *paths, "--backbone", "none", "--json"])
    assert told.exit_code == 0, told.output
    result, own = json.loads(told.output)["rows"]
    # the content's own film, but for how it was made smaller
    assert result["short"] == pytest.approx(own["short"], rel=0.2)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("missing.mkv", "c.mkv"), "missing.mkv does not exist"),
        (("text.mkv", "c.mkv"), "text.mkv is not a film that can be read"),
        (("short.mkv", "c.mkv"), "short.mkv ends after 2 frames, the other film does not"),
    ],
)
def test_the_commands_errors_are_one_line(
    tmp_path: Path,
    picture: np.ndarray,
    capsys: pytest.CaptureFixture[str],
    names: tuple[str, str],
    message: str,
) -> None:
    content = frames(film(picture, Moves()), 3)
    write(tmp_path / "c.mkv", content)
    write(tmp_path / "short.mkv", content[:2])
    (tmp_path / "text.mkv").write_text("no film" * 100)
    paths = [str(tmp_path / name) for name in names]
    with pytest.raises(SystemExit) as ended:
        main(["metrics", "video", *paths, "--backbone", "none"])
    assert ended.value.code == 1
    told = capsys.readouterr().err
    assert re.search(message, told)
    assert len(told.strip().splitlines()) == 1
