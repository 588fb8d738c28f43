"""What is painted grows calm where nothing moves, and follows where something does."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

pytest.importorskip("cv2", reason="flow needs the [video] extra")

from impasto.errors import OptionError
from impasto.film import TemporalOptions, calm_film, painters
from impasto.metrics.moving import Moves, MovingPicture
from impasto.temporal import Calm, Fresh, find_motion, look
from impasto.temporal.calm import _details
from tests.warping import known_error

Frames = list[np.ndarray]
Film = Callable[..., MovingPicture]


def shot(moving: MovingPicture, count: int) -> Frames:
    return [moving.frame(number) for number in range(count)]


class Scribble:
    """Stylize as networks do: strokes that stand in the frame, and others each time."""

    def __init__(self, flicker: float = 0.06) -> None:
        self.rng, self.flicker = np.random.default_rng(0), flicker

    def __call__(self, content: np.ndarray) -> np.ndarray:
        strokes = 0.08 * np.sin(np.arange(content.shape[1]) / 2)[None, :, None]
        jitter = self.flicker * self.rng.standard_normal(content.shape)
        return np.float32(1 - content + strokes + jitter).clip(0, 1)


def painted(frames: Frames, **options: float) -> Frames:
    calmed = calm_film(frames, Scribble(), TemporalOptions(**options))
    return [frame.image.copy() for frame in calmed]


@pytest.mark.parametrize(
    "moves", [Moves(), Moves(shift=(1.3, 0.4), disc=30), Moves(grow=1.005)], ids=str
)
def test_it_flickers_less_than_half(film: Film, moves: Moves) -> None:
    moving = film(moves)
    frames = shot(moving, 14)
    calmed, plain = painted(frames), painted(frames, temporal=0)
    halfway = painted(frames, temporal=0.5)
    for back, share in ((1, 0.4), (8, 0.6)):
        assert known_error(moving, calmed, back) < share * known_error(moving, plain, back)
        assert known_error(moving, calmed, back) < known_error(moving, halfway, back)
        assert known_error(moving, halfway, back) < known_error(moving, plain, back)


def test_it_does_not_smear(film: Film) -> None:
    frames = shot(film(Moves(shift=(1.3, 0.4))), 20)
    calm = Calm()
    stylizer, seen = Scribble(flicker=0), [look(frame) for frame in frames]
    for number, frame in enumerate(frames):
        motion = find_motion(seen[number - 1], seen[number]) if number else None
        last = calm(Fresh.of(stylizer(frame), motion), seen[number], motion)
    inner = slice(30, -30)
    kept, wanted = (next(_details(image))[inner, inner].std() for image in (last, stylizer(frame)))
    assert 0.8 < kept / wanted < 1.2


def test_temporal_0_paints_frame_by_frame(film: Film) -> None:
    frames = shot(film(Moves(shift=(1, 0))), 3)
    plain = Scribble()
    for calmed, frame in zip(painted(frames, temporal=0), frames, strict=True):
        assert np.array_equal(calmed, plain(frame))


def test_what_comes_into_sight_is_as_it_is_painted(film: Film) -> None:
    moving = film(Moves(disc=30, disc_shift=(12, 0)))
    frames = shot(moving, 8)
    calmed = painted(frames)[-1]
    bared = (moving._from_disc(6) < 26) & (moving._from_disc(7) > 34)
    now = Scribble(flicker=0)(frames[-1])
    # nothing of the disc that was there is left
    assert np.abs(calmed - now).mean(2)[bared].mean() < 0.08


def test_what_was_hidden_comes_back_as_it_was(film: Film, monkeypatch: pytest.MonkeyPatch) -> None:
    # the disc comes, hides a place for some frames, and has passed it
    moving = film(Moves(disc=30, disc_shift=(8, 0)), "woodcut", times=2)
    frames = shot(moving, 22)

    def apart() -> float:
        """Return how far places that come back are from what they were at the beginning."""
        result, found = painted(frames), []
        for number in range(11, 22):
            back = (moving._from_disc(number) > 33) & (moving._from_disc(number - 1) < 30)
            assert (moving._from_disc(0)[back] > 35).all()
            found.append(np.abs(result[number] - result[0])[back].mean())
        return float(np.mean(found))

    remembered = apart()
    monkeypatch.setattr(painters, "recall", lambda *_: None)
    assert remembered < 0.8 * apart()


def test_a_change_of_light_is_followed(film: Film) -> None:
    (frame,) = shot(film(Moves()), 1)
    frames = [frame * np.float32(light) for light in np.linspace(1, 0.4, 30)]
    now = Scribble(flicker=0)(frames[-1])
    assert abs(float((painted(frames)[-1] - now).mean())) < 0.06


def test_nothing_is_kept_over_a_cut(film: Film) -> None:
    frames = [*shot(film(Moves(), "ink"), 3), *shot(film(Moves(), "mosaic"), 3)]
    found = list(calm_film(frames, Scribble(flicker=0)))
    assert [frame.begins for frame in found] == [True, False, False, True, False, False]
    assert np.array_equal(found[3].image, Scribble(flicker=0)(frames[3]))


def test_frames_are_taken_as_they_are_needed(film: Film) -> None:
    taken = []

    def contents() -> Iterator[np.ndarray]:
        for number, frame in enumerate(shot(film(Moves()), 6)):
            taken.append(number)
            yield frame

    frames = calm_film(contents(), Scribble())
    next(frames)
    assert len(taken) <= 3
    assert len(list(frames)) == 5


def test_frames_may_be_painted_at_another_size(film: Film) -> None:
    frames = shot(film(Moves(shift=(1, 0))), 3)
    for frame in calm_film(frames, lambda content: Scribble()(content[::2, ::2])):
        assert frame.image.shape == (68, 120, 3)


def test_of_the_same_frames_comes_the_same_film(film: Film) -> None:
    frames = shot(film(Moves(shift=(1, 0))), 4)
    first = list(calm_film(frames, Scribble()))
    for one, other in zip(first, calm_film(frames, Scribble()), strict=True):
        assert np.array_equal(one.image, other.image)


def test_limits() -> None:
    with pytest.raises(OptionError, match="temporal is 2: expected 0 to 1"):
        TemporalOptions(temporal=2)
