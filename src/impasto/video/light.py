"""Bring colours of wide or high-dynamic-range films to sRGB, whose range networks know.

BT.2100 for PQ and HLG, BT.2408 for where white lies. The tone curve is our own: below the knee
light stays as it is, above it is compressed up to the brightest, so that the picture of an HDR film
has the mid-tones that a phone shows beside an SDR one.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from impasto.video.tags import BT2020, HLG, PQ, Tags

_WHITE = 203.0  # cd/m2 of diffuse white in an HDR film (BT.2408)
_PEAK = 1000.0  # cd/m2 of the display that a film is taken to be made for
_KNEE = 0.8  # of white; below it nothing is compressed
_ROWS = 64  # of a picture at a time, as more would want fresh memory

# to linear BT.709, from BT.2020 and from Display P3; rows are R, G, B (BT.2087, and SMPTE EG 432-1)
_FROM_2020 = [
    [1.660491, -0.587641, -0.072850],
    [-0.124550, 1.132900, -0.008349],
    [-0.018151, -0.100579, 1.118730],
]
_FROM_P3 = [
    [1.224940, -0.224940, 0.0],
    [-0.042057, 1.042057, 0.0],
    [-0.019638, -0.078636, 1.098274],
]
_LUMA_2020 = np.array([0.2627, 0.6780, 0.0593], np.float32)


def needs_light(tags: Tags) -> bool:
    """Return whether colours must be brought to sRGB; else their numbers are taken as they are."""
    return tags.is_hdr or tags.is_wide


def to_srgb(pixels: NDArray[np.float32], tags: Tags) -> None:
    """Bring R'G'B' of a film to sRGB, in place; what sRGB cannot hold is clipped.

    Args:
        pixels: (H, W, 3) in [0, 1].
        tags: How they are meant.
    """
    matrix = np.array(_FROM_2020 if tags.primaries == BT2020 or tags.is_hdr else _FROM_P3)
    turn = matrix.T.astype(np.float32)
    bend, code = _linear(tags.transfer), _srgb()
    for start in range(0, len(pixels), _ROWS):
        part = pixels[start : start + _ROWS]
        light = bend[np.rint(part * np.float32(65535)).astype(np.uint16)]
        if tags.transfer == HLG:  # the display's gamma, which acts on luminance (BT.2100, table 5)
            light *= (_PEAK / _WHITE) * np.maximum(light @ _LUMA_2020, 1e-6)[..., None] ** 0.2
        light = light @ turn
        if tags.is_hdr:
            _compress(light)
        np.clip(light, 0.0, 1.0, out=light)
        part[...] = code[np.rint(light * np.float32(65535)).astype(np.uint16)]


def _compress(light: NDArray[np.float32]) -> None:
    """Bring light of up to the peak under 1, by the brightest channel, so that hues stay."""
    most = np.maximum(light.max(axis=2), np.float32(1e-6))
    top = (_PEAK / _WHITE - _KNEE) / (1 - _KNEE)
    over = np.clip((most - _KNEE) / (1 - _KNEE), 0, top)
    # Reinhard's extended curve: slope 1 at the knee, 1 at the peak
    curved = _KNEE + (1 - _KNEE) * over * (1 + over / top**2) / (1 + over)
    light *= np.where(most > _KNEE, curved / most, np.float32(1))[..., None]


@cache
def _linear(transfer: int) -> NDArray[np.float32]:
    """Return light for each of 65536 codes; 1 is diffuse white, for HLG the scene's brightest."""
    code = np.arange(65536) / 65535
    if transfer == PQ:
        root = code ** (1 / 78.84375)
        light = np.maximum(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)
        return (10000 / _WHITE * light ** (1 / 0.1593017578125)).astype(np.float32)
    if transfer == HLG:
        bright = (np.exp((code - 0.55991073) / 0.17883277) + 0.28466892) / 12
        return np.where(code <= 0.5, code**2 / 3, bright).astype(np.float32)
    # what is not HDR is shown as sRGB is; so its primaries alone change
    return np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4).astype(
        np.float32
    )


@cache
def _srgb() -> NDArray[np.float32]:
    light = np.arange(65536) / 65535
    code = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return code.astype(np.float32)
