"""Cuts are found where they are, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

pytest.importorskip("cv2", reason="flow needs the [video] extra")

from impasto.metrics.moving import Moves, MovingPicture
from impasto.temporal.cuts import is_cut, new_colors, structure
from impasto.temporal.flow import find_motion, look

Film = Callable[..., MovingPicture]
DRAWINGS = ("watercolor", "mosaic", "ink", "woodcut")


def shot(moving: MovingPicture, count: int = 4) -> list[np.ndarray]:
    return [moving.frame(number) for number in range(count)]


def cuts(frames: list[np.ndarray]) -> list[int]:
    seen = [look(frame) for frame in frames]
    return [
        number
        for number in range(1, len(seen))
        if is_cut(*seen[number - 1 : number + 1], find_motion(*seen[number - 1 : number + 1]))
    ]


def test_cuts_between_shots_are_found(film: Film) -> None:
    frames = [frame for name in DRAWINGS for frame in shot(film(Moves(shift=(1, 0.5)), name))]
    assert cuts(frames) == [4, 8, 12]


@pytest.mark.parametrize(
    "moves",
    [Moves(), Moves(shift=(25, 4)), Moves(grow=1.08), Moves(disc=80, disc_shift=(40, 10))],
    ids=["still", "fast pan", "fast zoom", "something passes"],
)
def test_motion_is_no_cut(film: Film, moves: Moves) -> None:
    for name in DRAWINGS:
        assert cuts(shot(film(moves, name))) == []


def test_flashes_and_fades_are_no_cuts(film: Film) -> None:
    frames = shot(film(Moves(shift=(1, 0))), 6)
    frames[2] = 1 - 0.35 * (1 - frames[2])
    frames[4] = 0.4 * frames[4]
    assert cuts(frames) == []
    still = shot(film(Moves()), 1)[0]
    assert cuts([still * np.float32(light) for light in np.linspace(1, 0.05, 12)]) == []


def test_equal_frames_are_alike(film: Film) -> None:
    seen = look(shot(film(Moves()), 1)[0])
    assert structure(seen, seen) == pytest.approx(1, abs=1e-5)
    assert new_colors(seen, seen) == 0
