"""Train a style of a collection of pictures, with a critic that looks at patches of them.

CUT (Park et al. 2020, arXiv:2007.15651) with the losses of the other trainings beside it: what is
painted should look like a patch of the collection to the critic, keep the content's places apart,
and leave the collection's own pictures as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from impasto.backbones.vgg import Vgg
from impasto.losses import CONTENT_LAYERS
from impasto.methods.realtime.recolor import color_code
from impasto.methods.realtime.style_networks import StyleNetwork
from impasto.train import processes
from impasto.train.critic import Critic, PatchContrast, adversarial_loss, augmented, critic_loss
from impasto.train.data import Pictures
from impasto.train.echo import EchoBuffer, Labelled
from impasto.train.learner import Learner
from impasto.train.painting import AFTER, TERMS
from impasto.train.pairs import labelled
from impasto.train.settings import GanTraining, learning_rate
from impasto.train.style import StyleTask

_SHOWN = 16  # pictures of the collection
_ADDED = ("adversarial", "contrast", "keep", "critic")


class GanTask(StyleTask):
    """Train one style, that of a collection, on contents; a network with one row."""

    config: GanTraining
    columns = ("step", *TERMS, *_ADDED, *AFTER)

    def __init__(
        self,
        network: StyleNetwork,
        judge: Vgg,
        contents: Pictures,
        collection: Pictures,
        config: GanTraining,
        device: torch.device,
    ) -> None:
        shown = [np.asarray(collection.train[0] / 255, np.float32)]
        super().__init__(network, judge, contents, shown, config, device)
        self.collection = collection
        crops = collection.crops(np.random.default_rng([config.seed, 5]), 64, 64)
        network.colors.copy_(color_code(crops).mean(0, keepdim=True))
        # held-out contents are compared to what the collection is in the mean
        whole = collection.crops(np.random.default_rng([config.seed, 6]), _SHOWN, self.size)
        labels = labelled(self.judge, whole, device)[1]
        self.targets = {name: labels[name].mean(0, keepdim=True) for name in self.targets}
        self._paintings = EchoBuffer(self._fresh_paintings, max(1, config.memory // config.fresh))
        channels = {
            name: f.shape[1] for name, f in judge(crops[:1].to(device), CONTENT_LAYERS).items()
        }
        torch.manual_seed(config.seed)
        self.contrast = PatchContrast(channels).to(device)
        self.critic = Critic(config.critic_width).to(device)
        heads = {f"contrast.{k}": v for k, v in self.contrast.named_parameters()}
        self.learner = Learner(
            {**self.learner.parameters, **heads},
            weight_decay=config.weight_decay,
            average=config.average,
            clip=config.clip,
        )
        self.critic_learner = Learner(
            dict(self.critic.named_parameters()), average=0.0, clip=config.clip, betas=(0.5, 0.99)
        )

    @property
    def buffers(self) -> Sequence[EchoBuffer]:
        """Return where labelled contents and pictures of the collection are kept."""
        return self._echo, self._paintings

    def state_dict(self) -> dict[str, Any]:
        """Return all that steps change; spectral norms have vectors of their own."""
        return {
            "painter": self.learner.state_dict(),
            "critic": self.critic_learner.state_dict(),
            "norms": dict(self.critic.named_buffers()),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from `state_dict`."""
        self.learner.load_state_dict(state["painter"])
        self.critic_learner.load_state_dict(state["critic"])
        for name, value in self.critic.named_buffers():
            value.copy_(state["norms"][name])

    def train_step(self, step: int, rate: float) -> dict[str, float]:
        """Take a step of both networks, the critic first."""
        self._rate = rate
        row = super().train_step(step, rate)
        return row | {"critic": self._critic_loss}

    def terms(self, step: int, rng: np.random.Generator) -> dict[str, Tensor]:
        """Return the terms of a step's loss, after the critic's own step."""
        config, rows = self.config, self._rows(rng)
        groups = config.batch // config.fresh
        contents = self._echo.batch(step, groups, rng)
        paintings = self._paintings.batch(step, groups, rng)
        own = rows == 0
        wanted = {
            name: torch.where(own.view(-1, *(1,) * (x.ndim - 1)), contents[1][name], x)
            for name, x in paintings[1].items()
            if name.startswith("style")
        }
        painted = self.painted(self._painter(rows, contents), contents, wanted, own, step, rng)
        fake = painted.images[~own] if (~own).any() else painted.images
        self._critic_step(paintings[0], fake.detach(), step, rng)
        terms = painted.terms
        self.critic.requires_grad_(False)
        terms["adversarial"] = adversarial_loss(self.critic(augmented(fake, rng)))
        self.critic.requires_grad_(True)
        targets = {name: contents[1][f"content {name}"] for name in CONTENT_LAYERS}
        terms["contrast"] = self.contrast(painted.features, targets, rng)
        some = paintings[0][: max(1, config.calm)]
        back = self._painter(torch.ones_like(rows), (some, {}))(some)
        terms["keep"] = (back - some).abs().mean()
        return terms

    def _critic_step(
        self, real: Tensor, painted: Tensor, step: int, rng: np.random.Generator
    ) -> None:
        found = (self.critic(augmented(images, rng)) for images in (real, painted))
        loss = critic_loss(*found)
        rate = self._rate * self.config.critic_rate * learning_rate(step, self.config)
        self.critic_learner.descend(loss, rate, step)
        self._critic_loss = loss.item()

    def _fresh_paintings(self, number: int) -> Labelled:
        """Return group `number` of the stream of the collection's pictures."""
        config = self.config
        rng = np.random.default_rng([config.seed, 2, number, processes.rank()])
        images = self.collection.crops(rng, config.fresh, self.size, 4 / 3)
        return labelled(self.judge, images, self.device)
