"""Pictures on the disk are indexed as arrays are, whichever way they lie there."""

from __future__ import annotations

import json
import os
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from impasto.images import Scratch
from impasto.images.orientation import turned


def samples(height: int, width: int, channels: int = 3, depth: int = 8) -> NDArray[Any]:
    kind = np.uint8 if depth == 8 else np.uint16
    values = np.random.default_rng(height * width).integers(0, 2**depth, (height, width, channels))
    return values.astype(kind)


def scratch(path: Path, stored: NDArray[Any], orientation: int = 1, **more: Any) -> Scratch:
    made = Scratch.create(path, stored.shape, 8 * stored.dtype.itemsize, orientation)
    made = replace(made, **more)
    made.write_samples((slice(0, stored.shape[0]), slice(0, stored.shape[1])), stored)
    return made


def spans(length: int) -> st.SearchStrategy[slice]:
    """Return slices of every kind that picks something: open, counted from the end, with steps."""
    ends = st.one_of(st.none(), st.integers(-length - 2, length + 2))
    made = st.builds(slice, ends, ends, st.one_of(st.none(), st.integers(1, 5)))
    return made.filter(lambda s: len(range(*s.indices(length))) > 0)


@given(st.data(), st.integers(1, 8), st.sampled_from([8, 16]), st.sampled_from([3, 4]))
def test_it_is_indexed_as_the_array_is(
    tmp_path_factory: pytest.TempPathFactory, data: Any, orientation: int, depth: int, channels: int
) -> None:
    stored = samples(data.draw(st.integers(1, 9)), data.draw(st.integers(1, 9)), channels, depth)
    seen, top = turned(stored, orientation), 2**depth - 1
    place = data.draw(spans(seen.shape[0])), data.draw(spans(seen.shape[1]))
    with closing(scratch(tmp_path_factory.mktemp("s") / "s", stored, orientation)) as picture:
        assert picture.shape == (*seen.shape[:2], 3)
        assert np.array_equal(picture.samples(place), seen[place])
        assert picture[place].dtype == np.float32
        np.testing.assert_allclose(picture[place], seen[place][..., :3] / top, rtol=1e-6)
        if channels == 4:
            np.testing.assert_allclose(picture.alpha(place), seen[place][..., 3] / top, rtol=1e-6)


@pytest.mark.parametrize("place", [(slice(3, 3), slice(0, 5)), (slice(0, 5), slice(9, 12))])
def test_nothing_is_an_empty_array_too(tmp_path: Path, place: Any) -> None:
    stored = samples(6, 7)
    for orientation in (1, 6):
        picture = scratch(tmp_path / str(orientation), stored, orientation)
        assert picture[place].shape == turned(stored, orientation)[place].shape
        picture.close()


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("channels", [3, 4])
def test_what_is_written_in_parts_is_read(tmp_path: Path, depth: int, channels: int) -> None:
    whole = np.random.default_rng(0).random((21, 34, channels), np.float32)
    picture = Scratch.create(tmp_path / "picture", whole.shape, depth)
    assert (picture[0:21, 0:34] == 0).all()
    for rows in (slice(0, 8), slice(8, 21)):
        for columns in (slice(0, 16), slice(16, 34)):
            picture.write((rows, columns), whole[rows, columns])
    everything = slice(0, 21), slice(0, 34)
    half = 0.501 / (2**depth - 1)
    np.testing.assert_allclose(picture[everything], whole[..., :3], atol=half)
    if channels == 4:
        np.testing.assert_allclose(picture.alpha(everything), whole[..., 3], atol=half)
    assert picture.path.stat().st_size == picture.size == 21 * 34 * channels * depth // 8
    # another one, of the same file, begins from what is there
    picture.close()
    other = Scratch(tmp_path / "picture", whole.shape, depth)
    np.testing.assert_allclose(other[everything], whole[..., :3], atol=half)
    other.write((slice(3, 5), slice(0, 34)), whole[3:5] * 0)
    np.testing.assert_allclose(other[slice(5, 21), slice(0, 34)], whole[5:, :, :3], atol=half)
    assert (other[slice(3, 5), slice(0, 34)] == 0).all()
    other.close()


def test_places_that_are_wholly_transparent_have_the_fill(tmp_path: Path) -> None:
    stored = samples(5, 6, 4)
    stored[..., 3] = 255
    stored[2, 3, 3], stored[1, 1, 3] = 0, 1
    fill = np.array([0.1, 0.5, 0.9], np.float32)
    picture = scratch(tmp_path / "a", stored, fill=fill)
    everything = slice(0, 5), slice(0, 6)
    expected = stored[..., :3] / 255
    expected[2, 3] = fill
    assert picture.has_alpha
    np.testing.assert_allclose(picture[everything], expected, rtol=1e-6)
    picture.close()
    opaque = Scratch(tmp_path / "a", stored.shape, fill=fill, opaque=True)
    assert not opaque.has_alpha
    np.testing.assert_allclose(opaque[everything], stored[..., :3] / 255, rtol=1e-6)
    opaque.close()


@pytest.mark.parametrize("fill", [None, np.array([0.1, 1 / 3, 0.7], np.float32)])
def test_it_is_told_as_json_and_found_again(tmp_path: Path, fill: Any) -> None:
    stored = samples(5, 6, 4, 16)
    stored[0, 0, 3] = 0
    first = scratch(tmp_path / "a", stored, 7, fill=fill)
    second = Scratch.from_dict(tmp_path, json.loads(json.dumps(first.as_dict())))
    assert (second.shape, second.has_alpha) == (first.shape, first.has_alpha) == ((6, 5, 3), True)
    place = slice(0, 6), slice(1, 4)
    assert np.array_equal(first[place], second[place])
    assert np.array_equal(first.alpha(place), second.alpha(place))
    first.close()
    second.close()


def test_a_file_that_was_cut_is_told(tmp_path: Path) -> None:
    picture = scratch(tmp_path / "a", samples(64, 64))
    os.truncate(tmp_path / "a", 100)
    assert not picture.is_whole
    with pytest.raises(OSError, match="cut"):
        picture[0:64, 0:64]
    picture.close()


def test_no_file_is_made_unasked(tmp_path: Path) -> None:
    picture = Scratch(tmp_path / "a", (4, 5, 3))
    assert not picture.is_whole
    with pytest.raises(FileNotFoundError):
        picture[0:4, 0:5]
    with pytest.raises(FileNotFoundError):
        picture.write((slice(0, 4), slice(0, 5)), np.zeros((4, 5, 3)))
    assert list(tmp_path.iterdir()) == []
    scratch(tmp_path / "a", samples(4, 5)).close()
    assert picture.is_whole
    again = Scratch.create(tmp_path / "a", (4, 5, 3))
    assert (again[0:4, 0:5] == 0).all()
    again.close()
