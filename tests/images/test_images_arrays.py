"""Arrays at the door: what is accepted, what is refused, what is left alone."""

from typing import Any

import numpy as np
import pytest
from image_samples import smooth

from impasto.errors import ImageError
from impasto.images import Picture, check_pixels, load_picture


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float16", "float32", "float64", ">u2"])
def test_types(dtype: str) -> None:
    top = {"u1": 255, "u2": 65535}.get(np.dtype(dtype).str[1:], 1)
    array = (smooth() * top).astype(dtype)
    before = array.copy()
    pixels = check_pixels(array, "array")
    assert pixels.dtype == np.float32
    np.testing.assert_allclose(pixels, smooth(), atol=1 / 255)
    pixels[:] = 0
    np.testing.assert_array_equal(array, before)


def test_float32_is_copied() -> None:
    array = smooth()
    assert not np.shares_memory(check_pixels(array, "array"), array)
    assert not np.shares_memory(load_picture(array).pixels, array)


@pytest.mark.parametrize(
    ("array", "found"),
    [
        (smooth()[..., 0], "shape"),
        (np.zeros((3, 20, 20), np.float32), "shape"),
        (np.zeros((20, 0, 3), np.float32), "empty"),
        (np.zeros((20, 20, 3), np.int64), "int64"),
        (np.zeros((20, 20, 3), bool), "bool"),
        (smooth() * 255, "255"),
        (smooth() - 0.1, "-0.1"),
        (np.full((20, 20, 3), np.nan), "NaN"),
        (np.full((20, 20, 3), np.inf), "infinite"),
        ([[1, 2, 3]], "list"),
    ],
)
def test_refused(array: Any, found: str) -> None:
    with pytest.raises(ImageError, match=found) as caught:
        check_pixels(array, "my picture")
    assert str(caught.value).startswith("my picture")
    assert "\n" not in str(caught.value)


def test_a_little_overshoot_is_clipped() -> None:
    pixels = check_pixels(np.full((16, 16, 3), 1.0005), "array")
    assert pixels.max() == 1


def test_grey_and_rgba_pictures() -> None:
    grey = load_picture(smooth()[..., 0])
    assert grey.pixels.shape == (24, 32, 3)
    assert grey.alpha is None
    alpha = np.ones((24, 32, 1), np.float32)
    assert load_picture(np.concatenate([smooth(), alpha], axis=2)).alpha is None
    alpha[3] = 0.25
    clear = load_picture(np.concatenate([smooth(), alpha], axis=2))
    assert clear.alpha is not None
    assert clear.alpha[3, 0] == 0.25
    assert clear.name == "array"


def test_hash_tells_arrays_apart() -> None:
    flat = np.zeros((16, 32, 3), np.uint8)
    hashes = {
        load_picture(array).sha256
        for array in (flat, flat.reshape(32, 16, 3), flat.astype(np.uint16), flat[:16] + 1)
    }
    assert len(hashes) == 4
    assert load_picture(np.asfortranarray(smooth())).sha256 == load_picture(smooth()).sha256


def test_a_picture_passes_through() -> None:
    picture = load_picture(smooth())
    assert isinstance(picture, Picture)
    assert load_picture(picture) is picture


@pytest.mark.parametrize(
    ("source", "found"),
    [
        (np.zeros((3, 10000, 3), np.uint8), "10000x3 px; every side needs at least 16 px"),
        (np.zeros((20, 20, 2), np.uint8), "shape"),
        (np.zeros((20, 20, 4), np.uint8), "transparent everywhere"),
        (np.broadcast_to(np.uint8(0), (2**14, 2**14 + 1, 3)), "limit"),
        (7, "int"),
        (b"bytes", "bytes"),
    ],
)
def test_refused_sources(source: Any, found: str) -> None:
    with pytest.raises(ImageError, match=found):
        load_picture(source)


def test_only_what_must_change_is_copied() -> None:
    sound = np.linspace(0, 1, 48, dtype=np.float32).reshape(4, 4, 3)
    assert check_pixels(sound, "it", copy=False) is sound
    assert not np.shares_memory(check_pixels(sound, "it"), sound)
    for near in (sound * np.float32(1.0005), sound - np.float32(0.0005)):
        before = near.copy()
        found = check_pixels(near, "it", copy=False)
        assert (found.min(), found.max()) == (max(0, near.min()), min(1, near.max()))
        assert np.array_equal(near, before)


@pytest.mark.parametrize(("kind", "top"), [(np.uint8, 255), (np.uint16, 65535)])
def test_integers_are_divided_exactly(kind: Any, top: int) -> None:
    levels = np.resize(np.arange(top + 1), (150, 150, 3)).astype(kind)
    expected = levels.astype(np.float32) / np.float32(top)
    assert np.array_equal(check_pixels(levels, "it"), expected)
