"""Films of known motion: what they say of themselves is so."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("cv2", reason="flow needs the [video] extra")

from impasto.drawn import draw
from impasto.metrics.moving import Moves, MovingPicture
from impasto.temporal import warp


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    return draw("woodcut", size=320)


def smooth(picture: np.ndarray) -> np.ndarray:
    """Return it without the detail that sampling between pixels cannot keep."""
    from impasto.images import resize

    return resize(resize(picture, 80, 80), 320, 320)


@pytest.mark.parametrize(
    "moves",
    [
        Moves(shift=(1.3, -0.4)),
        Moves(turn=0.01, grow=1.01),
        Moves(sway=3, wave=90),
        Moves(shift=(2, 1), turn=0.004, sway=2, disc=25),
    ],
    ids=str,
)
@pytest.mark.parametrize("back", [1, 4])
def test_what_is_visible_is_where_it_was(picture: np.ndarray, moves: Moves, back: int) -> None:
    film = MovingPicture(smooth(picture), 120, 160, moves)
    motion = film.motion(3, 3 + back)
    error = np.abs(warp(film.frame(3), motion.flow) - film.frame(3 + back)).max(2)
    assert motion.visible.mean() > 0.6
    assert np.quantile(error[motion.visible > 0], 0.999) < 0.03


def test_a_shift_is_that_flow(picture: np.ndarray) -> None:
    film = MovingPicture(picture, 60, 80, Moves(shift=(2, -1)))
    motion = film.motion(1, 4)
    assert np.allclose(motion.flow, (-6, 3))
    assert motion.visible[:-3, 6:].all()
    assert not motion.visible[-2:].any()
    assert not motion.visible[:, :5].any()
    assert np.array_equal(film.frame(1)[10:20, 10:20], film.frame(2)[9:19, 12:22])


def test_what_the_disc_bares_is_not_visible(picture: np.ndarray) -> None:
    film = MovingPicture(picture, 120, 160, Moves(disc=25, disc_shift=(8, 0)))
    motion = film.motion(0, 1)
    bared = (film._from_disc(0) < 25) & (film._from_disc(1) > 27)
    assert bared.any()
    assert not motion.visible[bared].any()
    on_disc = film._from_disc(1) < 20
    assert motion.visible[on_disc].all()
    assert np.allclose(motion.flow[on_disc], (-8, 0))
    assert np.allclose(motion.flow[film._from_disc(1) > 30], 0)


def test_another_picture_moves_alike(picture: np.ndarray) -> None:
    film = MovingPicture(picture, 60, 80, Moves(grow=1.02))
    assert np.allclose(film.frame(2, 1 - picture), 1 - film.frame(2), atol=1e-5)
