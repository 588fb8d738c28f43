"""Parts of resized pictures, and thumbnails of pictures that are read in parts."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from impasto.images import Scratch, fit, resize, resized_part, thumbnail


def noise(*shape: int) -> NDArray[np.float32]:
    return np.random.default_rng(sum(shape)).random(shape, np.float32)


class Counted:
    """Show an array, and count what is read of it."""

    def __init__(self, pixels: NDArray[Any]) -> None:
        self.pixels, self.shape, self.read = pixels, pixels.shape, 0

    def __getitem__(self, place: Any) -> Any:
        self.read += self.pixels[place].size
        return self.pixels[place]


sides = st.integers(1, 90)


@given(st.data(), st.tuples(sides, sides), st.tuples(sides, sides), st.sampled_from([(), (3,)]))
def test_a_part_is_that_of_the_whole(data: Any, before: Any, after: Any, planes: Any) -> None:
    height, width = after
    top, left = data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))
    bottom = data.draw(st.integers(top + 1, height))
    right = data.draw(st.integers(left + 1, width))
    place = slice(top, bottom), slice(left, right)
    pixels = noise(*before, *planes)
    whole = resize(pixels, height, width)
    part = resized_part(pixels, height, width, place)
    assert part.dtype == np.float32
    assert part.shape == whole[place].shape
    assert np.abs(part - whole[place]).max() < 1e-5


@pytest.mark.parametrize("after", [(4000, 3000), (40, 30), (400, 300)])
def test_a_part_costs_no_more_than_itself(after: tuple[int, int]) -> None:
    pixels = Counted(noise(400, 300))
    resized_part(pixels, *after, (slice(0, after[0] // 10), slice(0, after[1] // 10)))
    assert pixels.read < 400 * 300 / 10


@pytest.mark.parametrize("planes", [(), (3,)])
def test_a_part_of_what_gets_very_small_is_read_in_strips(planes: tuple[int, ...]) -> None:
    pixels = noise(2500, 3300, *planes)
    whole = resize(pixels, 8, 11)
    sizes = []

    class Watched(Counted):
        def __getitem__(self, place: Any) -> Any:
            found = super().__getitem__(place)
            sizes.append(found.shape[0])
            return found

    place = slice(1, 7), slice(2, 10)
    part = resized_part(Watched(pixels), 8, 11, place)
    assert np.abs(part - whole[place]).max() < 0.5 / 255
    assert max(sizes) < 10


@pytest.mark.parametrize("shape", [(40, 60), (333, 1001), (1001, 333), (2000, 16), (16, 3001)])
@pytest.mark.parametrize("longest", [16, 50])
def test_thumbnails(tmp_path: Path, shape: tuple[int, int], longest: int) -> None:
    samples = np.rint(255 * noise(*shape, 3)).astype(np.uint8)
    pixels = samples / np.float32(255)
    found = thumbnail(pixels, longest)
    expected = fit(pixels, longest)
    assert found.shape == expected.shape
    # means of squares are not Lanczos, but no point sampling either
    assert np.abs(found - expected).mean() < 0.03
    assert found.min() >= 0
    scratch = Scratch.create(tmp_path / "s", samples.shape)
    with closing(scratch):
        scratch.write_samples((slice(0, shape[0]), slice(0, shape[1])), samples)
        assert np.array_equal(thumbnail(scratch, longest), found)


def test_a_thumbnail_is_where_the_picture_is() -> None:
    rows, columns = np.mgrid[0:900, 0:1200].astype(np.float32)
    pixels = np.dstack([rows / 900, columns / 1200, 0 * rows])
    assert np.abs(thumbnail(pixels, 32) - fit(pixels, 32)).max() < 0.02
