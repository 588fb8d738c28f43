"""Properties of the plan of scales."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from impasto.methods.optimize.schedule import plan

sides = st.integers(1, 100_000)


@given(sides, sides, st.integers(32, 100_000), st.integers(1, 100_000), st.floats(0.1, 2))
@example(2048, 2048, 32, 7, 0.6)
@example(512, 512, 128, 3, 1.0)
def test_plan(height: int, width: int, coarsest: int, steps: int, ratio: float) -> None:
    scales = plan(height, width, coarsest, steps, ratio)
    assert (scales[-1].height, scales[-1].width) == (height, width)
    assert sum(scale.steps for scale in scales) == steps
    assert min(scale.steps for scale in scales) >= 1
    for small, large in pairwise(scales):
        assert small.cost / small.steps < large.cost / large.steps
        assert 2 * small.height - large.height in (-1, 0, 1)
        assert 2 * small.width - large.width in (-1, 0, 1)
    if len(scales) > 1:
        assert max(scales[0].height, scales[0].width) >= coarsest
        # what the backbone halves four times
        assert min(scales[0].height, scales[0].width) >= 16


@pytest.mark.parametrize("side", [16, 100, 255])
def test_a_picture_under_twice_the_coarsest_has_one_scale(side: int) -> None:
    assert len(plan(side, side, 128, 300)) == 1


def test_most_steps_are_cheap() -> None:
    counts = [scale.steps for scale in plan(2000, 3000, 128, 300)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > 100
