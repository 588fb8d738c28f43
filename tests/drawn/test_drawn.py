"""The drawn style pictures: shape, range, tones, determinism, errors, command line."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from impasto.drawn import DRAWINGS, draw
from impasto.drawn.__main__ import main
from impasto.errors import OptionError

SIZE = 128


@pytest.fixture(params=DRAWINGS)
def name(request: pytest.FixtureRequest) -> str:
    """Go through all drawings."""
    return str(request.param)


@cache
def drawn(name: str) -> NDArray[np.float32]:
    """Draw a picture that several tests look at."""
    return draw(name, size=SIZE)


def test_is_an_image_with_many_tones_and_repeats(name: str) -> None:
    picture = drawn(name)
    assert picture.shape == (SIZE, SIZE, 3)
    assert picture.dtype == np.float32
    assert np.isfinite(picture).all()
    assert picture.min() >= 0
    assert picture.max() <= 1
    grey = picture.mean(axis=2)
    assert grey.std() > 0.08
    assert len(np.unique((grey * 31).astype(int))) > 12
    assert np.array_equal(picture, draw(name, size=SIZE))


def test_another_seed_is_another_picture(name: str) -> None:
    assert np.abs(drawn(name) - draw(name, size=SIZE, seed=1)).mean() > 0.02


def test_a_seed_keeps_its_composition_at_another_size(name: str) -> None:
    pair = draw(name, size=256), drawn(name)
    coarse = [p.reshape(16, len(p) // 16, 16, len(p) // 16, 3).mean((1, 3)) for p in pair]
    assert np.abs(coarse[0] - coarse[1]).mean() < 0.05


@pytest.mark.parametrize("seed", [4, 5])
def test_every_seed_draws_without_a_warning(name: str, seed: int) -> None:
    assert np.isfinite(draw(name, size=16, seed=seed)).all()


def test_the_older_drawings_keep_their_numbers() -> None:
    """The number of a drawing seeds it, so a new one comes last."""
    assert DRAWINGS[:4] == ("brushwork", "seigaiha", "stained-glass", "hatching")
    assert DRAWINGS[4:8] == ("mosaic", "halftone", "watercolor", "cubism")
    assert DRAWINGS[8:12] == ("ink", "woodcut", "pointillism", "marbling")
    assert DRAWINGS[12:] == ("batik", "art-deco", "pixel-weave", "neon")


def test_unknown_name_says_what_was_meant() -> None:
    with pytest.raises(OptionError, match="did you mean watercolor"):
        draw("watercolour")
    with pytest.raises(OptionError, match="choose one of art-deco, batik"):
        draw("xyz")


@pytest.mark.parametrize(("size", "seed"), [(15, 0), (5000, 0), (64, -1)])
def test_limits_are_checked(size: int, seed: int) -> None:
    with pytest.raises(OptionError, match=str(min(size, seed) if seed < 0 else size)):
        draw("mosaic", size=size, seed=seed)


def test_command_lists_the_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert capsys.readouterr().out.split() == list(DRAWINGS)


def test_command_writes_a_picture(tmp_path: Path) -> None:
    out = tmp_path / "picture.png"
    assert main(["halftone", str(out), "--size", "32", "--seed", "5"]) == 0
    with Image.open(out) as image:
        written = np.asarray(image, dtype=np.float32) / 255
    assert np.abs(written - draw("halftone", size=32, seed=5)).max() < 0.5 / 255 + 1e-6


def test_command_reports_errors_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["mosaik", str(tmp_path / "x.png")]) == 1
    assert capsys.readouterr().err.startswith("error: no drawing is called 'mosaik'")
    assert main(["mosaic", str(tmp_path / "no" / "x.png"), "--size", "16"]) == 1
    with pytest.raises(SystemExit, match="2"):
        main(["mosaic"])
