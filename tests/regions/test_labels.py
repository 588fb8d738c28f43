"""Label pictures: flat or noisy, with softened borders, and what is missing is told."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from impasto.errors import ImageError
from impasto.regions import match_labels

Array = NDArray[np.float32]
RED, GREEN, BLUE, BLACK = (1, 0, 0), (0, 0.6, 0), (0, 0, 1), (0, 0, 0)
NAMES = ("c.png", "s.png")


def stripes(*colors: tuple[float, float, float], height: int = 60, width: int = 40) -> Array:
    rows = np.arange(height) * len(colors) // height
    return np.array(colors, np.float32)[rows][:, None].repeat(width, 1)


def test_the_same_colours_go_together_whatever_their_order() -> None:
    found = match_labels(stripes(RED, GREEN, GREEN), stripes(GREEN, RED, height=40), NAMES)
    assert [match.color for match in found] == [pytest.approx(GREEN, abs=0.003), RED]
    assert found[0].content[20:].all()
    assert not found[0].content[:20].any()
    assert found[0].style[:20].all()
    assert found[1].style[20:].all()
    for side in ("content", "style"):
        assert (sum(getattr(match, side) for match in found) == 1).all()


def test_numbers_as_grey_levels_are_labels() -> None:
    grey = np.arange(60)[:, None].repeat(40, 1) // 10 / 255
    labels = grey[..., None].repeat(3, 2).astype(np.float32)
    assert len(match_labels(labels, labels[::-1], NAMES)) == 6


@pytest.mark.parametrize("quality", [95, 50])
def test_noise_of_a_jpeg_and_soft_borders_are_no_labels(quality: int) -> None:
    def noisy(picture: Array) -> Array:
        large = Image.fromarray(np.uint8(picture * 255)).resize(
            (300, 450), Image.Resampling.BICUBIC
        )
        data = BytesIO()
        large.save(data, "JPEG", quality=quality)
        return np.asarray(Image.open(data), np.float32) / 255

    content, style = stripes(RED, GREEN, BLUE, BLACK), stripes(BLACK, BLUE, GREEN, RED)
    found = match_labels(noisy(content), noisy(style), NAMES)
    assert len(found) == 4
    sure = match_labels(content, style, NAMES)
    # rows between two labels apart
    inside = [20, 140, 250, 360, 430]
    for match in found:
        twin = min(sure, key=lambda other: sum(abs(np.subtract(other.color, match.color))))
        small = match.content[inside, 150], twin.content[np.array(inside) * 60 // 450, 20]
        assert np.array_equal(*small)


def test_soft_borders_of_flat_labels_belong_to_one_of_them() -> None:
    content = stripes(RED, BLUE, height=400, width=400)
    content[200, ::2] = (0.5, 0, 0.5)
    found = match_labels(content, stripes(RED, BLUE), NAMES)
    assert len(found) == 2
    assert sum(match.content for match in found).min() == 1


def test_a_label_that_the_style_has_not_is_told() -> None:
    with pytest.raises(ImageError, match=r"s\.png has nothing in #0000ff, which c\.png has"):
        match_labels(stripes(RED, BLUE), stripes(RED, GREEN), NAMES)
    # what only the style has is not used
    assert len(match_labels(stripes(RED, RED), stripes(RED, GREEN), NAMES)) == 1


def test_a_photo_is_no_label_picture() -> None:
    noise = np.random.default_rng(0).random((256, 256, 3), dtype=np.float32)
    with pytest.raises(ImageError, match=r"c\.png, s\.png: \d+ colours for labels; expected 1"):
        match_labels(noise, noise, NAMES)
