"""Channels are scaled against each other, and the network paints the same."""

from __future__ import annotations

import pytest
import torch

from impasto.methods.realtime.layers import Block
from impasto.methods.realtime.model import COLOR
from impasto.methods.realtime.network import Realtime, RealtimeConfig
from tools.equalize import equalize

CONFIG = RealtimeConfig(fine=8, coarse=12, deep=10, last=4, deep_blocks=2, code=6)


@pytest.fixture(params=range(6))
def network(request: pytest.FixtureRequest) -> Realtime:
    """Return networks with channels of very different ranges."""
    torch.manual_seed(request.param)
    network = Realtime(CONFIG)
    with torch.no_grad():
        network.heads.weight.normal_(std=0.3)
        network.content.stem.weight[::3] *= 20
        network.painter.up_deep.weight[::2] *= 10
        blocks = [x for x in network.painter.coarse_blocks if isinstance(x, Block)]
        blocks[-1].second.weight[::3] *= 10
        network.painter.mid.weight[0] *= 30
    return network.eval()


def spread(network: Realtime, layer: torch.nn.Module, paint: object) -> float:
    """Return how far the channels that a layer reads differ in their largest values."""
    seen: list[torch.Tensor] = []
    hook = layer.register_forward_pre_hook(
        lambda _, given: seen.append(torch.cat(given, 1).abs().amax((0, 2, 3)))
    )
    paint()  # type: ignore[operator]
    hook.remove()
    return (seen[0].amax() / seen[0].median()).item()


def test_what_is_painted_stays_and_ranges_come_nearer(network: Realtime) -> None:
    content = torch.rand(2, 3, 64, 48)
    codes = torch.randn(2, CONFIG.code + COLOR)
    noise = torch.randn(2, 1, 6, 5)

    @torch.no_grad()
    def paint() -> torch.Tensor:
        return network.paint(content, codes, noise=noise)

    painter = network.painter
    layers = {
        "down": network.content.down,
        "coarse": painter.coarse_blocks[0].first,
        "up": painter.up_coarse,
        "out": painter.out,
    }
    before, spreads = paint(), {name: spread(network, x, paint) for name, x in layers.items()}
    weights = [p.clone() for p in network.parameters()]
    equalize(network, paint)
    torch.testing.assert_close(paint(), before, rtol=1e-3, atol=1e-3 * before.abs().max().item())
    for name, layer in layers.items():
        assert spread(network, layer, paint) < 0.8 * spreads[name], name
    changed = sum(not torch.equal(w, p) for w, p in zip(weights, network.parameters(), strict=True))
    assert changed > len(weights) / 3
