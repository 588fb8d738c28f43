"""What a long run keeps on the disk."""

from __future__ import annotations

from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from impasto.errors import ImageError
from impasto.images import load_picture, open_large, resize, save_picture
from impasto.workspace import Workspace

JOB = {"a": [1, 2.5, None]}


def test_it_goes_when_the_run_ends(tmp_path: Path) -> None:
    target = tmp_path / "out.png"
    with Workspace.open(target, JOB) as work:
        assert work.folder == tmp_path / ".out.png.impasto" == Workspace.of(target).folder
        assert work.painted == 0
        work.mark(3)
        assert work.painted == 3
    assert not work.folder.exists()


@pytest.mark.parametrize("stop", [KeyboardInterrupt, CancelledError])
def test_it_stays_when_the_run_is_stopped(tmp_path: Path, stop: type[BaseException]) -> None:
    target = tmp_path / "out.png"

    def run() -> None:
        with Workspace.open(target, JOB) as work:
            found = [work.painted, work.keep("tile", 64 + work.painted)]
            work.mark(3)
            (work.folder / "other").mkdir(exist_ok=True)
            seen.append(found)
            raise stop

    seen: list[list[int]] = []
    for _ in range(2):
        with pytest.raises(stop):
            run()
    assert seen == [[0, 64], [3, 64]]
    # of another job nothing is left
    with Workspace.open(target, JOB | {"b": 1}) as work:
        assert (work.painted, work.keep("tile", 128)) == (0, 128)
        assert sorted(path.name for path in work.folder.iterdir()) == ["job", "lock", "tile"]
    assert not work.folder.exists()


@pytest.mark.parametrize("error", [ImageError, SystemExit, MemoryError])
def test_it_goes_after_an_error(tmp_path: Path, error: type[BaseException]) -> None:
    with pytest.raises(error), Workspace.open(tmp_path / "out.png", JOB):
        raise error
    assert list(tmp_path.iterdir()) == []
    with (
        pytest.raises(ImageError, match=r"\.out\.png\.impasto: No space left"),
        Workspace.open(tmp_path / "out.png", JOB),
    ):
        raise OSError(28, "No space left on device")


def test_two_at_one_picture_do_not_work(tmp_path: Path) -> None:
    pytest.importorskip("fcntl")
    with Workspace.open(tmp_path / "out.png", JOB) as work:
        work.mark(2)
        with (
            pytest.raises(ImageError, match="another run is painting this picture"),
            Workspace.open(tmp_path / "out.png", {}),
        ):
            pytest.fail("both are in")
        assert work.painted == 2
        with Workspace.open(tmp_path / "other.png", JOB):
            pass


def test_a_link_has_the_folder_of_what_it_points_to(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "out.png").symlink_to(tmp_path / "there" / "real.png")
    work = Workspace.of(tmp_path / "out.png")
    assert work.folder == tmp_path / "there" / ".real.png.impasto"


@pytest.mark.parametrize("size", [(48, 64), (31, 41), (96, 128), (150, 200)])
@pytest.mark.parametrize("clear", [False, True])
def test_contents_at_the_size_of_the_result(
    draw: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: Any, clear: bool
) -> None:
    monkeypatch.setattr("impasto.workspace._BAND", 500)
    alpha = np.tile(np.linspace(0, 1, 64, dtype=np.float32), (48, 1)) if clear else None
    if alpha is not None:
        alpha[:20] = 0
    save_picture(tmp_path / "in.png", draw(48, 64), alpha=alpha, depth=16)
    picture = load_picture(tmp_path / "in.png")
    stop = pytest.raises(KeyboardInterrupt)
    with stop, Workspace.open(tmp_path / "out.png", JOB) as work:
        content = work.content(open_large(tmp_path / "in.png"), size)
        place = slice(0, size[0]), slice(0, size[1])
        assert content.shape == (*size, 3)
        assert np.abs(content[place] - resize(picture.pixels, *size)).max() < 2e-5
        if picture.alpha is not None:
            assert np.abs(content.alpha(place) - resize(picture.alpha, *size)).max() < 2e-5
        before = content[place]
        content.close()
        raise KeyboardInterrupt
    # it is not unpacked again
    (tmp_path / "in.png").unlink()
    with Workspace.open(tmp_path / "out.png", JOB) as work:
        again = work.content(None, size)  # type: ignore[arg-type]
        assert np.array_equal(again[place], before)
        again.close()
        assert len([path for path in work.folder.iterdir() if path.stat().st_size > 2000]) == 1
