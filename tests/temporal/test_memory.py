"""What comes back is found, whatever the frame's size."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("cv2", reason="flow needs the [video] extra")

from impasto.drawn import draw
from impasto.images import resize
from impasto.temporal.flow import Motion, look
from impasto.temporal.memory import recall

WHOLE = draw("mosaic", size=480)


@settings(max_examples=40)
@given(
    st.integers(321, 440),
    st.integers(150, 300),
    st.integers(30, 45),
    st.booleans(),
    st.booleans(),
)
def test_what_was_there_is_found_up_to_the_border(
    width: int, height: int, side: int, right: bool, low: bool
) -> None:
    frame = resize(WHOLE, height, width)
    seen = look(frame)
    h, w = seen.grey.shape
    visible = np.ones((h, w), np.float32)
    rows = slice(h - side, h) if low else slice(0, side)
    columns = slice(w - side, w) if right else slice(0, side)
    visible[rows, columns] = 0
    motion = Motion((height, width), np.zeros((h, w, 2), np.float32), visible)
    found = recall(seen, look(frame), motion)
    assert found is not None
    assert found.sure.shape == (h, w)
    assert found.sure[rows, columns].mean() > 0.5
    assert np.abs(found.flow[rows, columns]).mean() < 0.5
    # and nowhere else
    assert not found.sure[visible > 0].any()
