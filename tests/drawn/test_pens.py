"""Drawn lines: the cover of a ribbon, and the distance that lines keep."""

import numpy as np

from impasto.drawn.fields import smoothstep
from impasto.drawn.pens import Plate, spaced
from impasto.drawn.strokes import Canvas, Layer


def test_a_ribbon_covers_its_length_times_its_width() -> None:
    plate = Plate(400)
    path = np.stack([np.linspace(0.2, 0.8, 7), np.full(7, 0.5)], axis=-1)
    plate.ribbon(path, np.full(7, 0.05))
    assert abs(plate.cover(100).mean() - 0.6 * 0.1) < 0.003


def test_spaced_lines_lie_where_the_tone_is_and_keep_apart() -> None:
    flow = np.broadcast_to(np.array([1, 0], np.float32), (64, 64, 2))
    x = np.broadcast_to(np.linspace(0, 1, 64, dtype=np.float32), (64, 64))
    rng = np.random.default_rng(0)
    lines = list(spaced(rng, flow, 1 - x, floor=0.5, pitch=(0.05, 0.2), halo=2))
    assert len(lines) > 15
    levels = []
    for path, tone in lines:
        assert path.shape == (len(tone), 2)
        assert tone.min() > 0.4
        assert path[:, 0].max() < 0.65
        levels.append((path[:, 1].mean(), path[:, 0].min(), path[:, 0].max()))
    for number, (level, low, high) in enumerate(levels):
        for other, start, end in levels[:number]:
            assert abs(level - other) > 0.03 or low >= end or high <= start


def test_marks_are_the_painted_pixels_with_their_pressure() -> None:
    canvas = Canvas(100, np.random.default_rng(0))
    path = np.stack([np.linspace(0.1, 0.9, 5), np.full(5, 0.5)], axis=-1).astype(np.float32)
    black = np.zeros((1, 3), np.float32)
    press = np.array([[0.2, 0.6, 1.0]], np.float32)
    canvas.paint(Layer(path[None], np.full(1, 0.2, np.float32), black, black, 0.0, press))
    pixel, number, along, across, hair = canvas.marks()
    painted = canvas.develop(np.ones((100, 100, 3), np.float32))[0][..., 0] == 0
    assert np.array_equal(np.flatnonzero(painted), pixel)
    assert set(number) == {0}
    assert along.min() >= 0
    assert np.abs(across).max() <= 1
    assert smoothstep(0, 1, hair).max() <= 1
    height = painted.sum(0)
    assert height[20] < height[50] < height[85]
