"""Faces are found where there are some, and maps fade around them."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impasto.errors import ImageError, MissingExtraError
from impasto.images import resize
from impasto.regions import Face, face_map, faces, find_faces
from tests.drawings import draw

EMPTY = np.zeros((80, 100, 3), np.float32)


def test_the_astronaut() -> None:
    pytest.importorskip("dlib", reason="needs [regions]")
    data = pytest.importorskip("skimage.data", reason="needs [regions]")
    picture = data.astronaut().astype(np.float32) / 255
    (face,) = find_faces(picture)
    assert face.left < 224 < face.left + face.width  # between her eyes and mouth
    assert face.top < 125 < face.top + face.height
    found = face_map(picture)
    assert found.shape == picture.shape[:2]
    assert found[125, 224] == 1
    assert found[0, 0] == found[0, -1] == found[-1, 0] == found[-1, -1] == 0
    # the same face in a picture of another size
    (again,) = find_faces(resize(picture, 256, 256))
    assert np.allclose([2 * again.left, 2 * again.top], [face.left, face.top], atol=16)


@pytest.mark.parametrize("name", ["watercolor", "ink", "mosaic"])
def test_none_in_drawings_without(name: str) -> None:
    pytest.importorskip("dlib", reason="needs [regions]")
    picture = draw(name, size=256)
    assert find_faces(picture) == []
    assert not face_map(picture).any()


@given(st.floats(-40, 140), st.floats(-40, 120), st.floats(2, 60), st.floats(2, 60))
def test_maps_are_soft_ellipses(left: float, top: float, width: float, height: float) -> None:
    found = face_map(EMPTY, [Face(left, top, width, height)])
    assert found.dtype == np.float32
    assert found.shape == EMPTY.shape[:2]
    assert 0 <= found.min() <= found.max() <= 1
    y, x = int(top + 0.42 * height), int(left + 0.5 * width)
    if 0 <= y < 80 and 0 <= x < 100 and min(width, height) > 4:
        assert found[y, x] == 1
    # it fades over a third of the shorter half axis, so neighbours differ by less than a step
    step = 1.5 / max(1, 0.5 * 0.62 * min(width, height / 0.62 * 0.8))
    assert np.abs(np.diff(found, axis=0)).max() <= step + 1e-6
    assert np.abs(np.diff(found, axis=1)).max() <= step + 1e-6


def test_several_faces_lie_over_each_other() -> None:
    one, other = Face(10, 20, 20, 20), Face(24, 20, 20, 20)
    both = face_map(EMPTY, [one, other])
    assert np.array_equal(both, np.maximum(face_map(EMPTY, [one]), face_map(EMPTY, [other])))
    assert not face_map(EMPTY, []).any()


def test_what_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ImageError, match="image is 40x15 px: faces need"):
        find_faces(np.zeros((15, 40, 3), np.float32))
    with pytest.raises(ImageError, match="image has shape"):
        face_map(np.zeros((40, 40), np.float32), [])
    monkeypatch.setitem(sys.modules, "dlib", None)
    faces._detector.cache_clear()
    with pytest.raises(MissingExtraError, match=r'pip install "impasto\[regions\]"'):
        find_faces(EMPTY)
