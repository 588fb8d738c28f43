"""Losses of networks that learn to paint: relative distances in a perceptual network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor


def content_distance(features: Mapping[str, Tensor], targets: Mapping[str, Tensor]) -> Tensor:
    """Return |F(o)-F(c)|^2 / |F(c)-mean F(c)|^2, the mean over the layers of `targets`.

    Contents with hardly any structure, such as an empty sky, do not count for more than
    three times their share.
    """
    total = torch.zeros(())
    for name, features_of in targets.items():
        target = features_of.float()
        spread = (target - target.mean((2, 3), keepdim=True)).square().sum((1, 2, 3))
        spread = spread.clamp_min(max(spread.mean().item() / 3, 1e-8))
        error = (features[name].float() - target).square().sum((1, 2, 3))
        total = total.to(error.device) + (error / spread).mean() / len(targets)
    return total


def grid_pattern(images: Tensor, period: int = 16) -> Tensor:
    """Return how strong a pattern is that repeats itself every `period` pixels.

    A network that shuffles channels into pixels may paint one into every place alike. It is
    what is left of the fine detail when all squares of that side are averaged: root mean square,
    mean over pictures.
    """
    around = F.avg_pool2d(images, 3, stride=1, padding=1, count_include_pad=False)
    height, width = (side // period * period for side in images.shape[2:])
    fine = (images - around)[:, :, :height, :width]
    squares = fine.unflatten(2, (-1, period)).unflatten(4, (-1, period))  # type: ignore[no-untyped-call]
    mean = squares.mean((2, 4)).flatten(1)
    return (mean.square().mean(1) + 1e-8).sqrt().mean()  # type: ignore[no-any-return]


def block_edges(images: Tensor, periods: Sequence[int] = (4, 8, 16)) -> Tensor:
    """Return how much steeper pictures are at some places of a period than at others.

    A network that paints squares of pixels may not make them fit each other. Steps from pixel to
    pixel are compared at all places of a period, within squares of 4 x 4 of the longest period
    (fewer in small pictures), so that flat parts count as much as rich ones; 0 where all places
    are alike in the mean over all squares. Sum over the periods, each of which divides the last.
    """
    uneven = torch.zeros((), device=images.device)
    longest = periods[-1]
    side = longest * min(4, (min(images.shape[2:]) - 1) // longest)
    for turned in (images, images.transpose(2, 3)):
        steps = (turned[..., 1:] - turned[..., :-1]).abs().mean(1)
        height, width = (n // side * side for n in steps.shape[1:])
        squares = steps[:, :height, :width].unflatten(1, (-1, side)).mean(2)  # type: ignore[no-untyped-call]
        for period in periods:
            places = squares.unflatten(2, (-1, side // period, period)).mean(3) + 1e-3
            share = (places / places.mean(3, keepdim=True)).mean((0, 1, 2))
            uneven = uneven + (share - 1).square().mean() / 2
    return uneven


def standing_waves(images: Tensor, side: int = 32) -> Tensor:
    """Return how far each wave stands out from waves of nearly its length and direction.

    Paint and photos have spectra without peaks; a weave or a lattice that a network paints wherever
    it has nothing to follow is a few waves of one length, in all windows. Spectra of windows of
    `side` pixels, half overlapping, each of the same weight however faint it is (down to two levels
    of 255), are averaged; the result is the logarithm of their ratio to the mean of the spectrum
    around, (N, side, side), 0 where that is negative and outside of waves of 2.2 to 13 pixels.
    """
    across = torch.fft.fftfreq(side, device=images.device) * side
    square = across[:, None] ** 2 + across**2
    band = ((square >= 6) & (square <= (0.45 * side) ** 2)).float()
    hann = torch.hann_window(side, periodic=False, device=images.device)
    windows = images.float().unfold(2, side, side // 2).unfold(3, side, side // 2)
    windows = (windows - windows.mean((4, 5), keepdim=True)) * hann[:, None] * hann
    power = torch.fft.fft2(windows).abs().square() * (square * band)  # white, as f^-2 is usual
    power = power / (power.sum((1, 4, 5), keepdim=True) + side**2)
    mean = power.sum(1).mean((1, 2))
    around = _around(mean) / _around(band[None]).clamp_min(1e-9)
    ratio = (mean + _LEAST_POWER) / (around + _LEAST_POWER)
    return ratio.log().clamp_min(0) * band  # type: ignore[no-any-return]


_LEAST_POWER = 3e-4  # of a wave, as a share of all; a fifth of what each has where all are alike


def _around(spectra: Tensor) -> Tensor:
    """Return the mean of a ring of 7 x 7 less 3 x 3 around each place; spectra are periodic."""
    ring = torch.ones(1, 1, 7, 7, device=spectra.device)
    ring[..., 2:5, 2:5] = 0
    padded = F.pad(spectra[:, None], (3, 3, 3, 3), mode="circular")
    return F.conv2d(padded, ring / ring.sum())[:, 0]


def regularity(images: Tensor, *allowed: Tensor) -> Tensor:
    """Return how regular pictures are beyond what others are allowed to be.

    `allowed` are the `standing_waves` of their contents and styles: bricks may stay bricks, and a
    halftone has its dots. Mean over waves of the squared excess, and over pictures.
    """
    side = allowed[0].shape[-1]
    most = torch.stack(allowed).amax(0)
    return (standing_waves(images, side) - most).clamp_min(0).square().mean()
