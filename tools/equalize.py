"""Scale channels against each other, so that what one layer reads has one range.

Bytes have one scale for all channels of a layer's input. What is between two convolutions is
linear where it is positive and where it is negative, so a channel may be made larger where it is
written and smaller where it is read, and the network computes the same (Nagel et al. 2019,
arXiv:1906.04721, section 4.1).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from impasto.methods.realtime.layers import Block
from impasto.methods.realtime.network import Realtime


@dataclass(frozen=True)
class Channels:
    """Name some channels: the layers that write and read them, and the affines on the way.

    `affines` are numbers of modulated layers, `grain` says whether noise is added. A reader comes
    with the first of its channels that are these.
    """

    writers: tuple[nn.Conv2d, ...]
    readers: tuple[tuple[nn.Conv2d, int], ...]
    affines: tuple[int, ...] = ()
    grain: bool = False


@torch.no_grad()
def equalize(network: Realtime, paint: Callable[[], object], share: float = 0.5) -> None:
    """Scale all channels in place; `paint` paints what ranges are to be taken from.

    A channel's largest value comes nearer, by that `share` (of a logarithm), to the largest of
    all that its layers read: a layer may read two groups, one beside the other.
    """
    groups = list(_groups(network))
    largest = {layer: torch.zeros(layer.in_channels) for g in groups for layer, _ in g.readers}
    hooks = [layer.register_forward_pre_hook(_noting(seen)) for layer, seen in largest.items()]
    paint()
    for hook in hooks:
        hook.remove()
    for group in groups:
        count = min(layer.in_channels - at for layer, at in group.readers)
        seen = torch.stack([largest[x][at : at + count] for x, at in group.readers]).amax(0)
        beside = torch.stack([largest[x].amax() for x, _ in group.readers]).amax()
        scale = (beside / seen.clamp_min(1e-3 * beside)) ** share
        _scale(network, group, scale)


def _noting(seen: Tensor) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
    def note(layer: nn.Module, given: tuple[Tensor, ...]) -> None:
        found = torch.cat(given, 1).abs().amax((0, 2, 3))
        torch.maximum(seen, found, out=seen)

    return note


def _groups(network: Realtime) -> Iterator[Channels]:
    """Yield all channels that a quantised layer reads."""
    content, painter = network.content, network.painter
    yield Channels((content.stem,), ((content.down, 0),))
    yield Channels((content.down,), ((content.deeper, 0),))
    start, streams = 0, []
    ends: tuple[tuple[nn.Conv2d, int], ...] = ((painter.mid, 0), (painter.out, 0))
    parts = (
        (1, painter.deep_blocks, ((painter.up_deep, 0),), True),
        (2, painter.coarse_blocks, ((painter.up_coarse, 0),), False),
        (2, painter.fine_blocks, ends, False),
    )
    for joined, modules, readers, grain in parts:
        blocks = [block for block in modules if isinstance(block, Block)]
        firsts = tuple((block.first, 0) for block in blocks)
        seconds = tuple(block.second for block in blocks)
        affines = tuple(range(start, start + joined))
        streams.append(Channels(seconds, (*firsts, *readers), affines, grain))
        start += joined
        for block in blocks:
            yield Channels((), ((block.second, 0),), (start,))
            start += 1
    yield from streams
    yield Channels((), ((painter.out, painter.mid.in_channels),), (start,))


def _scale(network: Realtime, group: Channels, scale: Tensor) -> None:
    """Make channels larger where they are written and smaller where they are read."""
    for layer in group.writers:
        assert layer.bias is not None
        layer.weight *= scale[:, None, None, None]
        layer.bias *= scale
    for layer, first in group.readers:
        layer.weight[:, first : first + len(scale)] /= scale[:, None, None]
    weight, bias = network.heads.weight, network.heads.bias
    sizes = [2 * n for n in network.channels]
    for number in group.affines:
        start = sum(sizes[:number])
        gains, shifts = (slice(a, a + len(scale)) for a in (start, start + len(scale)))
        for rows in (gains, shifts):
            weight[rows] *= scale[:, None]
        bias[gains] = (1 + bias[gains]) * scale - 1
        bias[shifts] *= scale
    if group.grain:
        weight[sum(sizes) :] *= scale[:, None]
        bias[sum(sizes) :] *= scale
