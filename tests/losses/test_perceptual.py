"""The losses of networks that learn to paint."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from impasto.losses.perceptual import (
    block_edges,
    content_distance,
    grid_pattern,
    regularity,
    standing_waves,
)

seeds = st.integers(0, 2**32)


def features(seed: int, count: int = 3) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {
        name: torch.randn(count, channels, side, side + 1, generator=generator)
        for name, channels, side in (("relu4_1", 4, 6), ("relu5_1", 7, 3))
    }


@given(seeds)
def test_content_distance_is_relative_to_the_targets_spread(seed: int) -> None:
    found, wanted = features(seed), features(seed + 1)
    parts = []
    for name, target in wanted.items():
        spread = (target - target.mean((2, 3), keepdim=True)).square().sum((1, 2, 3))
        parts.append(((found[name] - target).square().sum((1, 2, 3)) / spread).mean())
    torch.testing.assert_close(content_distance(found, wanted), sum(parts, torch.zeros(())) / 2)


@given(seeds, st.floats(0.1, 10))
def test_content_distance_knows_no_scale(seed: int, factor: float) -> None:
    found, wanted = features(seed), features(seed + 1)
    scaled = [{name: factor * x for name, x in part.items()} for part in (found, wanted)]
    torch.testing.assert_close(content_distance(*scaled), content_distance(found, wanted))
    assert content_distance(wanted, wanted) == 0


def test_only_the_targets_layers_are_compared() -> None:
    found, wanted = features(0), features(1)
    assert content_distance(found | {"relu1_1": torch.ones(1)}, wanted) == content_distance(
        found, wanted
    )
    first = {"relu4_1": wanted["relu4_1"]}
    assert content_distance(found, first) != content_distance(found, wanted)


def test_a_flat_content_counts_at_most_three_times() -> None:
    wanted = {"relu4_1": features(1)["relu4_1"]}
    wanted["relu4_1"][1] = 0.5
    error = torch.ones_like(wanted["relu4_1"])
    target = wanted["relu4_1"]
    spread = (target - target.mean((2, 3), keepdim=True)).square().sum((1, 2, 3))
    floor = spread.mean() / 3
    assert spread[1] < floor
    expected = (error[0].numel() / torch.maximum(spread, floor)).mean()
    torch.testing.assert_close(content_distance({"relu4_1": target + error}, wanted), expected)


def test_a_batch_of_flat_contents_is_finite() -> None:
    wanted = {"relu4_1": torch.full((2, 3, 4, 4), 0.5)}
    painted = (wanted["relu4_1"] + 0.1).requires_grad_(True)
    distance = content_distance({"relu4_1": painted}, wanted)
    distance.backward()
    assert torch.isfinite(distance)
    assert painted.grad is not None
    assert torch.isfinite(painted.grad).all()


def test_half_precision_is_compared_in_full() -> None:
    found, wanted = features(0), features(1)
    halves = [{name: x.bfloat16() for name, x in part.items()} for part in (found, wanted)]
    distance = content_distance(*halves)
    assert distance.dtype == torch.float32
    torch.testing.assert_close(distance, content_distance(found, wanted), rtol=0.02, atol=0)


def test_a_grid_is_what_repeats_itself_finely() -> None:
    generator = torch.Generator().manual_seed(0)
    tile = torch.rand(1, 3, 16, 16, generator=generator)
    grid = tile.repeat(1, 1, 6, 8)
    noise = torch.rand(grid.shape, generator=generator)
    smooth = torch.linspace(0, 1, 128).expand(1, 3, 96, 128)
    assert grid_pattern(torch.full_like(grid, 0.3)) < 1e-3
    assert grid_pattern(smooth) < 0.01
    assert grid_pattern(noise) < 0.3 * grid_pattern(grid)
    # what is not whole squares does not count
    torch.testing.assert_close(grid_pattern(grid[..., :90, :]), grid_pattern(grid[..., :80, :]),
                               rtol=0.05, atol=0)  # fmt: skip
    flat = torch.full((1, 3, 32, 32), 0.3, requires_grad=True)
    (gradient,) = torch.autograd.grad(grid_pattern(flat), flat)
    assert gradient.isfinite().all()


def test_edges_of_blocks_are_what_is_steeper_at_some_places_of_a_period() -> None:
    generator = torch.Generator().manual_seed(0)
    noise = torch.rand(4, 3, 192, 196, generator=generator)
    blocks = noise[..., ::4, ::4].repeat_interleave(4, 2).repeat_interleave(4, 3)
    assert block_edges(noise) < 0.02
    assert block_edges(noise.flip(3).cumsum(3) / 60) < 0.02
    # all steps at one place of four: shares 0, 0, 0, 4, and so on for multiples
    assert 2.7 < block_edges(blocks, (4,)) <= 3
    assert 8.1 < block_edges(blocks) <= 9
    assert block_edges(blocks, (3,)) < 0.02
    assert (
        5.4 < block_edges(noise[..., ::8, ::8].repeat_interleave(8, 2).repeat_interleave(8, 3)) < 19
    )
    # a flat part counts as much as a rich one
    half = torch.cat([noise, blocks * 0.05], 3)
    assert 0.5 < block_edges(half) < 4.5
    small = blocks[..., :40, :40]
    assert 2.5 < block_edges(small, (4, 16)) < 7
    assert block_edges(torch.full_like(noise, 0.3)) == 0


def test_a_flat_picture_can_be_taught_to_have_no_edges_of_blocks() -> None:
    flat = torch.full((1, 3, 32, 32), 0.3, requires_grad=True)
    (gradient,) = torch.autograd.grad(block_edges(flat), flat)
    assert gradient.isfinite().all()
    tall = torch.rand(1, 3, 64, 128).repeat_interleave(4, 2).requires_grad_(True)
    (gradient,) = torch.autograd.grad(block_edges(tall), tall)
    assert block_edges(tall - 1e-3 * gradient / gradient.abs().max()) < block_edges(tall)


def pink(*shape: int, seed: int = 0) -> torch.Tensor:
    """Return noise whose amplitudes fall as 1 / f, as those of photos do."""
    noise = torch.fft.rfft2(torch.randn(shape, generator=torch.Generator().manual_seed(seed)))
    rows, columns = torch.fft.fftfreq(shape[-2])[:, None], torch.fft.rfftfreq(shape[-1])
    fallen = torch.fft.irfft2(noise / (rows**2 + columns**2).sqrt().clamp_min(1e-2), shape[-2:])
    return 0.5 + 0.1 * fallen / fallen.std()


def wave(period: float, amplitude: float) -> torch.Tensor:
    """Return lines across the picture."""
    return amplitude * torch.sin(torch.arange(256) * 2 * torch.pi / period)[:, None]


@pytest.mark.parametrize("period", [2.9, 4.0, 6.4, 10.0])
def test_a_weave_stands_out_and_noise_does_not(period: float) -> None:
    plain = pink(1, 3, 256, 256)
    found = standing_waves(plain)
    assert found.shape == (1, 32, 32)
    assert found.square().mean() < 0.02
    woven = standing_waves(plain + wave(period, 0.02))
    assert woven.square().mean() > 2 * found.square().mean()
    row, column = divmod(int(woven.argmax()), 32)
    assert column == 0
    assert abs(min(row, 32 - row) - 32 / period) < 1
    # faint ones are nobody's concern
    assert standing_waves(torch.full_like(plain, 0.5) + wave(period, 1e-4)).max() < 0.2


def test_a_weave_in_a_flat_part_counts_as_one_in_a_rich_part() -> None:
    rich, dim = pink(1, 3, 256, 256), torch.full((1, 3, 256, 256), 0.1)
    part = torch.zeros(256)
    part[:128] = 1
    quiet = rich * part + dim * (1 - part)
    woven = quiet + wave(4.0, 0.01) * (1 - part)
    assert regularity(woven, standing_waves(quiet)) > 0.02


def test_what_content_or_style_have_is_no_fault() -> None:
    plain, woven = pink(1, 3, 256, 256), pink(1, 3, 256, 256, seed=1) + wave(4.0, 0.05)
    none, some = standing_waves(plain), standing_waves(woven)
    assert regularity(woven, none, some) < 1e-6
    assert regularity(woven, some, none) < 1e-6
    assert regularity(woven, none, none) > 0.02
    turned = woven.transpose(2, 3)  # lines in another direction are others
    assert regularity(turned, some) > 0.02


def test_a_network_can_be_taught_to_paint_no_weave() -> None:
    flat = torch.full((1, 3, 64, 64), 0.3, requires_grad=True)
    none = standing_waves(torch.full((1, 3, 64, 64), 0.3))
    (gradient,) = torch.autograd.grad(regularity(flat, none), flat)
    assert gradient.isfinite().all()
    woven = (pink(1, 3, 256, 256) + wave(4.0, 0.02)).requires_grad_()
    none = standing_waves(pink(1, 3, 256, 256, seed=2))
    (gradient,) = torch.autograd.grad(regularity(woven, none), woven)
    step = woven - 1e-3 * gradient / gradient.abs().max()
    assert regularity(step, none) < regularity(woven, none)
