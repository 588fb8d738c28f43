"""No checkerboard: what is flat stays flat, and squares of pixels fit each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from impasto.losses.perceptual import block_edges
from impasto.methods.realtime.codes import shipped_codes
from impasto.methods.realtime.unet import Painter, UNetConfig
from tests.drawings import draw

Array = NDArray[np.float32]
LEVEL = 1 / 255


@pytest.fixture
def painter() -> Painter:
    """Return a painter of random weights, as uneven as can be."""
    torch.manual_seed(0)
    painter = Painter(UNetConfig(fine=8, coarse=8, deep=8, last=4))
    for values in painter.parameters():
        torch.nn.init.normal_(values, std=0.3)
    return painter


def unevenness(painter: Painter) -> float:
    """Return how far shuffled pixels of flat layers are from each other, at most."""
    found = []
    with torch.no_grad():
        for channels, conv, factor in ((8, painter.up_coarse, 2), (12, painter.out, 4)):
            flat = torch.rand(1, channels, 1, 1).expand(1, channels, 7, 7)
            parts = flat.split([8, 4], 1) if factor == 4 else (flat,)
            pixels = F.pixel_shuffle(conv(*parts), factor)[..., factor:-factor, factor:-factor]
            found.append((pixels - pixels.mean((2, 3), keepdim=True)).abs().max().item())
    return max(found)


def test_flat_layers_are_shuffled_to_flat_ones(painter: Painter) -> None:
    assert unevenness(painter) > 0.1
    painter.even_out()
    assert unevenness(painter) < 1e-5
    before = [p.clone() for p in painter.parameters()]
    painter.even_out()
    for was, now in zip(before, painter.parameters(), strict=True):
        torch.testing.assert_close(was, now)


def pattern(picture: Array, period: int) -> float:
    """Return what repeats itself every `period` pixels, root mean square, but for a slope."""
    grey = picture.mean(2)[32:-32, 32:-32]
    side = len(grey) // period
    mean = grey.reshape(side, period, side, period).mean((0, 2))
    y, x = np.mgrid[0:period, 0:period]
    slope = np.stack([y.ravel(), x.ravel(), np.ones(period**2)], 1)
    left = mean.ravel() - slope @ np.linalg.lstsq(slope, mean.ravel(), rcond=None)[0]
    return float(np.sqrt((left**2).mean()))


def test_a_pattern_is_found() -> None:
    y, x = np.mgrid[0:256, 0:256]
    ramp = np.repeat((0.3 + x / 1000 + y / 2000)[..., None], 3, 2).astype(np.float32)
    assert pattern(ramp, 16) < 1e-4
    assert pattern(ramp + 0.1 * (x % 4 == 0)[..., None], 16) > 0.03


def test_presets_paint_no_pattern_into_a_flat_picture(styled: Any) -> None:
    # so large that no border reaches its middle, and without the noise that strokes grow from
    flat = np.full((384, 384, 3), (0.3, 0.5, 0.6), np.float32)
    painted = {n: styled(n, grain=0.0)(flat)[96:-96, 96:-96] for n in shipped_codes()}
    found = {name: pattern(picture, 16) / LEVEL for name, picture in painted.items()}
    assert max(found.values()) < 0.2, found


def test_squares_of_pixels_fit_each_other(styled: Any) -> None:
    content = draw("watercolor", size=448)
    painted = np.stack([styled(name)(content) for name in list(shipped_codes())[::3]])
    found = block_edges(torch.from_numpy(painted).permute(0, 3, 1, 2))
    assert found < 0.01
