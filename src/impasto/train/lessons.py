"""What a student of a perceptual network is shown: pictures with the teacher's features."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from impasto.backbones.vgg import Vgg
from impasto.train.data import Pictures
from impasto.train.echo import EchoBuffer, Labelled, join
from impasto.train.settings import BackboneTraining
from impasto.train.trajectories import FeatureFunction, Trajectories

SHALLOW = ("relu1_1", "relu2_1")
DEEP = ("relu3_1", "relu4_1", "relu4_2", "relu5_1")
LAYERS = SHALLOW + DEEP


class Lessons:
    """Make the batches of a training: new pictures, echoes, and pictures being stylised."""

    def __init__(
        self,
        teacher: Vgg,
        data: tuple[Pictures, Pictures],
        config: BackboneTraining,
        device: torch.device,
    ) -> None:
        self.teacher, self.data, self.config, self.device = teacher, data, config, device
        self.trajectories = Trajectories(config.pool, config.size)
        self.echo: EchoBuffer | None = None

    def batch(self, step: int, rng: np.random.Generator, student: FeatureFunction) -> Labelled:
        """Return a step's pictures and their features; some are stylised through `student`."""
        config = self.config
        echo = self._at_size(step)
        moved_count = config.from_pool if step >= config.steps * (1 - config.pool_share) else 0
        batch = echo.batch(step, (config.batch - moved_count) // config.fresh, rng)
        if moved_count:
            moved = self.trajectories.visit(step, moved_count, rng, self.data, student, self.device)
            moved = self.placed(moved)
            batch = join([batch, (moved, self.label(moved, DEEP))])
        if step % config.shallow_every == 0:
            images, features = batch
            batch = images, self.label(images, SHALLOW) | features
        return batch

    @torch.no_grad()
    def label(self, images: Tensor, layers: tuple[str, ...]) -> dict[str, Tensor]:
        """Return the teacher's features of placed pictures."""
        return self.teacher(images, layers)  # type: ignore[no-any-return]

    def crops(self, rng: np.random.Generator, count: int) -> Tensor:
        """Return new pictures, half photos, half paintings, some of them with noise."""
        counts, size = (count // 2, count - count // 2), self.trajectories.size
        crops = [part.crops(rng, n, size) for part, n in zip(self.data, counts, strict=True)]
        return self.placed(torch.cat([_distort(x, rng, self.config.noise) for x in crops]))

    def placed(self, images: Tensor) -> Tensor:
        """Bring pictures to the device, laid out as its convolutions like them."""
        return images.to(self.device).contiguous(memory_format=torch.channels_last)

    def scales(self) -> dict[str, Tensor]:
        """Return the root mean square of the teacher's channels by layer, (1, C, 1, 1)."""
        rng = np.random.default_rng([self.config.seed, 2**32])
        images = torch.cat([part.crops(rng, 32, 128) for part in self.data])
        sums: dict[str, Tensor] = {}
        for batch in torch.split(images, 8):
            for name, f in self.label(batch.to(self.device), LAYERS).items():
                share = len(batch) / len(images)
                sums[name] = sums.get(name, 0) + f.float().square().mean((0, 2, 3)) * share
        return {
            name: value.clamp_min(0.01 * value.mean().item()).sqrt().view(1, -1, 1, 1)
            for name, value in sums.items()
        }

    def _at_size(self, step: int) -> EchoBuffer:
        """Return the buffer for the size of this step; larger pictures come at the end."""
        config = self.config
        begin = math.ceil(config.steps * (1 - config.final_share))
        size, first = (config.final_size, begin) if step >= begin else (config.size, 0)
        if self.trajectories.size != size:
            self.trajectories = Trajectories(config.pool, size)
        if self.echo is None or self.echo.first != first:
            groups = max(1, config.memory // config.fresh)
            self.echo = EchoBuffer(self._fresh, groups, first)
        return self.echo

    def _fresh(self, number: int) -> Labelled:
        """Return group `number` of the stream of new pictures."""
        rng = np.random.default_rng([self.config.seed, 1, number])
        images = self.crops(rng, self.config.fresh)
        return images, self.label(images, DEEP)


def _distort(images: Tensor, rng: np.random.Generator, most: float) -> Tensor:
    """Add noise of random strength to half of the pictures: optimisers start from worse."""
    noise = torch.from_numpy(rng.standard_normal(tuple(images.shape), dtype=np.float32))
    strength = rng.uniform(0, most, len(images)) * (rng.random(len(images)) < 0.5)
    return images + noise * torch.from_numpy(strength.astype(np.float32)).view(-1, 1, 1, 1)
