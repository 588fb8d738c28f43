"""What a network that takes any style is shown: contents and styles, with the judge's features."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from impasto.backbones.vgg import Vgg
from impasto.drawn import DRAWINGS, draw
from impasto.losses import CONTENT_LAYERS, STYLE_LAYERS, gram
from impasto.losses.perceptual import standing_waves
from impasto.methods.realtime.model import GRAINY, MARGIN, STRIDES
from impasto.methods.realtime.network import StyleEncoder
from impasto.methods.realtime.noise import smooth_noise
from impasto.train import processes
from impasto.train.data import Pictures, Pixels
from impasto.train.echo import EchoBuffer, Labelled
from impasto.train.settings import RealtimeTraining

SEEN = ("statistics", "look", "color")


class Pairs:
    """Make the batches of a training: contents and styles, each with all that losses need.

    Both come from echo buffers, paired anew at every step, so the perceptual network looks at
    each picture once for several steps.
    """

    def __init__(
        self,
        judge: Vgg,
        encoder: StyleEncoder,
        data: tuple[Pictures, Pictures],
        config: RealtimeTraining,
        device: torch.device,
    ) -> None:
        self.judge, self.encoder, self.data = judge, encoder, data
        self.config, self.device = config, device
        self.echoes: tuple[EchoBuffer, EchoBuffer] | None = None

    def batch(self, step: int, rng: np.random.Generator) -> tuple[Labelled, Labelled, Tensor]:
        """Return a step's contents, styles, and which contents are their own styles (N,)."""
        config = self.config
        count = config.batch // config.fresh
        photos, paintings = (echo.batch(step, count, rng) for echo in self._at_size(step))
        swapped = torch.from_numpy(rng.random(config.batch) < config.swapped)
        own = torch.from_numpy(rng.random(config.batch) < config.identity)
        contents = _where(swapped ^ own, paintings, photos, "content")
        return contents, _where(swapped, photos, paintings, "style"), own.to(self.device)

    def _at_size(self, step: int) -> tuple[EchoBuffer, EchoBuffer]:
        """Return the buffers for the size of this step; larger pictures come at the end."""
        config = self.config
        first, size = config.stage(step)
        if self.echoes is None or self.echoes[0].first != first:
            groups = max(1, config.memory // config.fresh)
            self.echoes = (
                EchoBuffer(lambda n: self._fresh(0, n, size), groups, first),
                EchoBuffer(lambda n: self._fresh(1, n, size), groups, first),
            )
        return self.echoes

    def _fresh(self, kind: int, number: int, size: int) -> Labelled:
        """Return group `number` of the stream of photos (0) or paintings (1)."""
        rng = np.random.default_rng([self.config.seed, 1 + kind, number, processes.rank()])
        images = self.data[kind].crops(rng, self.config.fresh, size, self.config.enlarged)
        if kind == 1:
            chosen = rng.random(len(images)) < self.config.laid_over
            if chosen.any():
                others = self.data[kind].crops(rng, int(chosen.sum()), size, self.config.enlarged)
                images[chosen] = half_transparent(others, images[chosen], rng)
            images = jitter_color(images, rng, self.config.color_jitter)
        return self.labelled(images)

    @torch.no_grad()
    def labelled(self, images: Tensor) -> Labelled:
        """Return pictures with the judge's view of them, and what the style encoder finds."""
        images, labels = labelled(self.judge, images, self.device)
        seen = self.encoder.look(images)
        return images, labels | {f"style {name}": x for name, x in zip(SEEN, seen, strict=True)}


@torch.no_grad()
def labelled(judge: Vgg, images: Tensor, device: torch.device) -> Labelled:
    """Return pictures on the device, with the judge's view of them as contents and as styles."""
    images = images.to(device).contiguous(memory_format=torch.channels_last)
    features = judge(images, STYLE_LAYERS)
    labels = {f"content {name}": features[name] for name in CONTENT_LAYERS}
    labels["content waves"] = labels["style waves"] = standing_waves(images)
    for name, f in features.items():
        labels[f"style gram {name}"] = outer = gram(f)
        square = outer.diagonal(dim1=1, dim2=2).float()
        labels[f"style moments {name}"] = moments(f.mean((2, 3)).float(), square)
    return images, labels


def moments(mean: Tensor, square: Tensor) -> Tensor:
    """Return means and root mean squares of channels, (N, 2, C), of means and mean squares."""
    return torch.stack([mean, (square + 1e-6).sqrt()], 1)


def drawn(seeds: int, size: int = 512) -> list[Pixels]:
    """Return styles drawn by our own code, `seeds` of each kind."""
    images = (draw(name, size=size, seed=seed) for name in DRAWINGS for seed in range(seeds))
    return [(image * 255).round().astype(np.uint8) for image in images]


def noise_map(content: Tensor, rng: np.random.Generator, quiet: int) -> Tensor:
    """Return noise (N, 1, H/16, W/16) for a batch, none for its first `quiet` items.

    There is a margin around the contents.
    """
    height, width = ((side + 2 * MARGIN) // STRIDES[GRAINY] for side in content.shape[2:])
    values = smooth_noise(rng, (len(content), 1, height, width))
    values[:quiet] = 0
    return torch.from_numpy(values).to(content.device)


def half_transparent(over: Tensor, images: Tensor, rng: np.random.Generator) -> Tensor:
    """Lay pictures over others, each 30 to 70 % opaque: styles that no one painted."""
    opacity = rng.uniform(0.3, 0.7, (len(images), 1, 1, 1)).astype(np.float32)
    return torch.lerp(images, over, torch.from_numpy(opacity))


def jitter_color(images: Tensor, rng: np.random.Generator, share: float) -> Tensor:
    """Turn, stretch and shift the colours of a share of the pictures, at random."""
    out = images.clone()
    for i in np.flatnonzero(rng.random(len(images)) < share):
        turn, _ = np.linalg.qr(np.eye(3) + rng.normal(0, 0.5, (3, 3)))
        matrix = np.abs(turn) if rng.random() < 0.5 else turn
        matrix = torch.from_numpy((matrix * rng.uniform(0.7, 1.3)).astype(np.float32))
        shift = rng.normal(0, 0.08, (3, 1, 1)).astype(np.float32)
        mean = images[i].mean((1, 2), keepdim=True)
        out[i] = torch.einsum("ij,jhw->ihw", matrix, images[i] - mean) + mean
        out[i] += torch.from_numpy(shift)
    return out.clamp_(0, 1)


def _where(chosen: Tensor, yes: Labelled, no: Labelled, use: str) -> Labelled:
    """Take items of one batch or the other, and of their labels those for `use`."""

    def pick(x: Tensor, y: Tensor) -> Tensor:
        return torch.where(chosen.to(x.device).view(-1, *(1,) * (x.ndim - 1)), x, y)

    names = [name for name in yes[1] if name.startswith(use)]
    return pick(yes[0], no[0]), {name: pick(yes[1][name], no[1][name]) for name in names}
