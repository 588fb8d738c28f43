"""Flow: near what is known, and trusted where it is right."""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("cv2", reason="flow needs the [video] extra")

from impasto.errors import ImageError, MissingExtraError
from impasto.metrics.moving import Moves, MovingPicture
from impasto.temporal.flow import (
    FAST,
    FINE,
    Effort,
    Motion,
    Seen,
    chained,
    find_motion,
    look,
    visibility,
    warp,
)

MOVES = {
    "pan": Moves(shift=(1.3, 0.4), disc=30),
    "fast pan": Moves(shift=(7, 2)),
    "slow": Moves(shift=(0.2, 0.1)),
    "zoom": Moves(grow=1.006, turn=0.004, disc=30),
    "sway": Moves(sway=3),
    "still": Moves(disc=30),
}


Film = Callable[..., MovingPicture]


def noisy(frame: np.ndarray, seed: int, by: float = 0.008) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.float32(frame + rng.normal(0, by, frame.shape)).clip(0, 1)


def seen(moving: MovingPicture, number: int, side: int = 640, effort: Effort = FAST) -> Seen:
    return look(noisy(moving.frame(number), number), effort, side)


@pytest.mark.parametrize("name", MOVES)
@pytest.mark.parametrize(
    ("effort", "times", "shrunk"),
    [(FAST, 1, 1), (FAST, 2, 2), (FINE, 1, 1), (FINE, 2, 1)],
    ids=["fast", "fast-large", "fine", "fine-large"],
)
def test_flow_is_near_what_is_known(
    film: Film, name: str, effort: Effort, times: int, shrunk: int
) -> None:
    moving = film(MOVES[name], times=times)
    first, second = (seen(moving, number, effort=effort) for number in (3, 4))
    found = find_motion(first, second, effort)
    assert found.flow.shape == (135 * times // shrunk, 240 * times // shrunk, 2)
    flow, visible = found.of_frame()
    known = moving.motion(3, 4)
    error = np.hypot(*np.moveaxis(flow - known.flow, 2, 0))
    sure = known.visible * visible
    assert sure.sum() > 0.85 * known.visible.sum()
    assert (error * sure).sum() / sure.sum() < 0.3


@pytest.mark.parametrize("times", [1, 2])
def test_what_does_not_move_has_no_flow(film: Film, times: int) -> None:
    moving = film(MOVES["still"], times=times)
    flow, visible = find_motion(seen(moving, 0), seen(moving, 1)).of_frame()
    away = moving._from_disc(0) > 70  # noise alone is there
    assert (flow[away] == 0).mean() > 0.9
    assert visible[away].mean() > 0.95


@pytest.mark.parametrize("times", [1, 2])
def test_what_was_hidden_is_not_visible(film: Film, times: int) -> None:
    moving = film(Moves(disc=40, disc_shift=(12, 0)), times=times)
    _, visible = find_motion(seen(moving, 0), seen(moving, 1)).of_frame()
    known = moving.motion(0, 1)
    on_disc_now = moving._from_disc(1) < 40
    bared = (moving._from_disc(0) < 36) & (moving._from_disc(1) > 44)
    assert known.visible[bared].max() == 0
    assert visible[bared].mean() < 0.35
    assert visible[on_disc_now].mean() > 0.6


def test_a_larger_frame_has_the_same_flow_in_its_own_pixels(film: Film) -> None:
    moving = film(MOVES["pan"])
    whole = find_motion(seen(moving, 0), seen(moving, 1))
    half = find_motion(seen(moving, 0, 120), seen(moving, 1, 120))
    assert half.flow.shape == (68, 120, 2)
    flow, visible = half.of_frame()
    assert flow.shape == (135, 240, 2)
    assert visible.shape == (135, 240)
    assert np.median(np.abs(flow - whole.flow)) < 0.4


def test_flows_that_are_chained_lead_as_far(film: Film) -> None:
    moving = film(MOVES["zoom"])
    steps = [moving.motion(n, n + 1) for n in range(4)]
    far, known = chained(steps), moving.motion(0, 4)
    sure = far.visible * known.visible > 0.9
    assert sure.mean() > 0.6
    assert np.abs(far.flow - known.flow)[sure].max() < 0.05


@given(st.floats(-6, 6), st.floats(-6, 6))
def test_flow_that_leads_there_and_back_is_visible(right: float, down: float) -> None:
    back = np.full((40, 60, 2), (right, down), np.float32)
    sure = visibility(back, -back)
    inner = sure[8:-8, 8:-8]
    assert inner.min() == 1
    # ahead leads 4 pixels beside where it should
    assert visibility(back, 4 - back).max() < 1


def test_what_comes_from_outside_is_hidden() -> None:
    right = np.zeros((20, 30, 2), np.float32)
    right[..., 0] = 5
    assert not visibility(right, -right)[:, -5:].any()
    assert visibility(right, -right)[:, 6:-6].all()


def test_no_flow_warps_nothing(film: Film) -> None:
    image, flow = film(MOVES["zoom"]).frame(0), np.zeros((135, 240, 2), np.float32)
    assert np.array_equal(warp(image, np.zeros_like(flow)), image)


def test_frames_of_two_sizes_are_refused() -> None:
    grey = np.zeros((32, 48, 3), np.float32)
    with pytest.raises(ImageError, match="48x32 and 32x48 px"):
        find_motion(look(grey), look(grey.transpose(1, 0, 2).copy()))


def test_without_opencv_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(MissingExtraError, match=r"impasto\[video\]"):
        look(np.zeros((32, 48, 3), np.float32))


def test_a_motion_at_the_frames_size_is_itself() -> None:
    motion = Motion((4, 6), np.ones((4, 6, 2), np.float32), np.ones((4, 6), np.float32))
    assert motion.of_frame()[0] is motion.flow
