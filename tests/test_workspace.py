"""What a long run keeps on the disk."""

from __future__ import annotations

import sys
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from impasto.errors import ImageError
from impasto.images import Scratch, load_picture, open_large, resize, save_picture
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
            found = [work.painted, work.keep("tile", lambda: 64 + work.painted)]
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
        assert (work.painted, work.cleared, work.keep("tile", lambda: 128)) == (0, 3, 128)
        assert sorted(path.name for path in work.folder.iterdir()) == ["lock", "state"]
    assert not work.folder.exists()


@pytest.mark.parametrize("damage", ["", "{", "[3]", "\0\0\0"])
def test_one_that_is_damaged_is_begun_anew(tmp_path: Path, damage: str) -> None:
    stop = pytest.raises(KeyboardInterrupt)
    with stop, Workspace.open(tmp_path / "out.png", JOB) as work:
        work.mark(3)
        raise KeyboardInterrupt
    (work.folder / "state").write_text(damage)
    with Workspace.open(tmp_path / "out.png", JOB) as work:
        assert work.painted == 0


@pytest.mark.parametrize("error", [ImageError, SystemExit, MemoryError, KeyboardInterrupt])
def test_it_goes_after_an_error_if_nothing_is_painted(
    tmp_path: Path, error: type[BaseException]
) -> None:
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


def test_a_drive_without_locks_is_painted_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fcntl = pytest.importorskip("fcntl")

    def none(*_: Any) -> None:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(fcntl, "flock", none)
    with Workspace.open(tmp_path / "out.png", JOB) as work:
        work.mark(1)
        assert work.painted == 1


@pytest.mark.skipif(sys.platform == "win32", reason="no locks there")
def test_a_folder_that_is_not_ours_is_told(tmp_path: Path) -> None:
    (tmp_path / ".out.png.impasto" / "lock").mkdir(parents=True)
    with (
        pytest.raises(ImageError, match=r"\.out\.png\.impasto: cannot be made \("),
        Workspace.open(tmp_path / "out.png", JOB),
    ):
        pytest.fail("it is open")


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
    monkeypatch.setattr("impasto.workspace._SIDE", 20)
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
        work.mark(1)
        raise KeyboardInterrupt
    # it is not unpacked again
    (tmp_path / "in.png").unlink()
    with Workspace.open(tmp_path / "out.png", JOB) as work:
        again = work.content(None, size)  # type: ignore[arg-type]
        assert np.array_equal(again[place], before)
        again.close()
        assert len([path for path in work.folder.iterdir() if path.stat().st_size > 2000]) == 1


@pytest.mark.parametrize("clear", [False, True])
def test_much_larger_contents_are_made_smaller_in_parts(
    draw: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clear: bool
) -> None:
    monkeypatch.setattr("impasto.workspace._SIDE", 256)
    alpha = np.tile(np.linspace(0.2, 1, 960, dtype=np.float32), (480, 1)) if clear else None
    save_picture(tmp_path / "in.png", draw(480, 960), alpha=alpha)
    seen: list[int] = []
    read = Scratch.samples

    def counted(self: Scratch, place: Any) -> Any:
        samples = read(self, place)
        seen.append(samples.shape[0] * samples.shape[1])
        return samples

    with Workspace.open(tmp_path / "out.png", JOB) as work:
        with monkeypatch.context() as patch:
            patch.setattr(Scratch, "samples", counted)
            content = work.content(open_large(tmp_path / "in.png"), (24, 48))
        assert max(seen) <= 300**2
        found = content[0:24, 0:48]
        content.close()
    expected = resize(load_picture(tmp_path / "in.png").pixels, 24, 48)
    assert np.abs(found - expected).max() < 2e-5
