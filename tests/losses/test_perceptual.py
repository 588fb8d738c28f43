"""The losses of networks that learn to paint."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from impasto.losses.perceptual import block_edges, content_distance, grid_pattern

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
