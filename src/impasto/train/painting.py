"""What trainings of networks that paint have in common: one step, from pictures to weights."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from impasto.backbones.vgg import Vgg
from impasto.losses import STYLE_LAYERS, total_variation
from impasto.losses.perceptual import block_edges, grid_pattern, regularity
from impasto.methods.realtime.style_networks import AnyNetwork
from impasto.train import processes
from impasto.train.distances import distances
from impasto.train.echo import EchoBuffer, Labelled
from impasto.train.health import silent_channels
from impasto.train.learner import Learner
from impasto.train.pairs import noise_map
from impasto.train.settings import PaintingTraining, learning_rate

TERMS = (
    *("content", "style", "moments", "identity", "calm"),
    *("grid", "blocks", "regularity", "variation", "range"),
)
AFTER = ("loss", "silent", "seconds_per_step", "held_content", "held_style")
_DEEP = STYLE_LAYERS[2:]


class Paint(Protocol):
    """Paint the contents of a batch, or the first of them, each in its style."""

    def __call__(self, images: Tensor, noise: Tensor | None = None, from_below: int = 0) -> Tensor:
        """Return them painted, (N, 3, H, W)."""
        ...


@dataclass(frozen=True)
class Painted:
    """Hold a painted batch, what the judge sees in it, and the terms of its loss."""

    images: Tensor
    features: dict[str, Tensor]
    terms: dict[str, Tensor]


class PaintingTask(ABC):
    """Hold what a training of a U-Net changes, and take its steps; who inherits says on what."""

    columns: tuple[str, ...] = ("step", *TERMS, *AFTER)

    def __init__(
        self, network: AnyNetwork, judge: Vgg, config: PaintingTraining, device: torch.device
    ) -> None:
        self.config, self.device = config, device
        self.judge = judge.to(device)
        network.mixed = True
        network.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.painting = network
        self.watched = [part for name, part in network.named_children() if name != "style"]
        learned = {k: v for k, v in network.named_parameters() if v.requires_grad}
        # of a table that is learned alone, known rows are to stay as they are
        self.frozen = list(learned) == ["table"]
        self._even_out()
        self.learner = Learner(
            learned,
            weight_decay=0.0 if self.frozen else config.weight_decay,
            average=config.average,
            clip=config.clip,
        )

    def state_dict(self) -> dict[str, Any]:
        """Return all that steps change."""
        return self.learner.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from `state_dict`."""
        self.learner.load_state_dict(state)

    def train_step(self, step: int, rate: float) -> dict[str, float]:
        """Take a step; return the terms of the loss, unweighted, and their weighted sum."""
        config = self.config
        rng = np.random.default_rng([config.seed, step, processes.rank()])
        terms = self.terms(step, rng)
        weights = {name: getattr(config, f"{name}_weight") for name in terms}
        loss = sum((terms[name] * weights[name] for name in terms), torch.zeros(()))
        self.learner.descend(loss, rate * config.rate * learning_rate(step, config), step)
        self._even_out()
        row = {name: value.item() for name, value in terms.items()}
        silent = silent_channels(*self.watched)
        return row | {"loss": loss.item(), "silent": silent}

    def _even_out(self) -> None:
        if not self.frozen:
            self.painting.even_out()

    @property
    @abstractmethod
    def buffers(self) -> Sequence[EchoBuffer]:
        """Return where labelled pictures are kept."""

    @abstractmethod
    def evaluate(self) -> dict[str, float]:
        """Return what held-out pictures say, with the averaged weights."""

    @abstractmethod
    def sheet(self) -> Tensor | None:
        """Return a contact sheet of held-out pictures, where there are any."""

    @abstractmethod
    def terms(self, step: int, rng: np.random.Generator) -> dict[str, Tensor]:
        """Return the terms of a step's loss."""

    def painted(
        self,
        paint: Paint,
        contents: Labelled,
        styles: dict[str, Tensor],
        own: Tensor,
        step: int,
        rng: np.random.Generator,
    ) -> Painted:
        """Paint contents and return the terms: `own` (N,) says which are to come back."""
        config, content = self.config, contents[0]
        noise = noise_map(content, rng, config.calm)
        painted = paint(content, noise, config.from_below)
        layers = STYLE_LAYERS if step % config.shallow_every == 0 else _DEEP
        features = self.judge(painted.contiguous(memory_format=torch.channels_last), layers)
        terms = {
            **distances(features, contents[1], styles, min(2, config.shallow_every)),
            "variation": total_variation(painted),
            "grid": grid_pattern(painted),
            "blocks": block_edges(painted),
            "regularity": regularity(painted, contents[1]["content waves"], styles["style waves"]),
            "range": (painted - painted.clamp(0, 1)).square().mean(),
        }
        change = (painted - content).abs().mean((1, 2, 3))
        terms["identity"] = (change * own).sum() / max(1, own.sum().item())
        if config.calm:
            terms["calm"] = _unrest(paint, content[: config.calm], painted[: config.calm], rng)
        return Painted(painted, features, terms)

    def judged(self, batches: list[tuple[Tensor, Labelled, dict[str, Tensor]]]) -> dict[str, float]:
        """Return the mean distances of painted batches to contents and styles."""
        sums = np.zeros(2)
        for painted, contents, styles in batches:
            found = distances(self.judge(painted, STYLE_LAYERS), contents[1], styles, 1)
            sums += (found["content"].item(), found["style"].item())
        held = sums / max(1, len(batches))
        return {"held_content": held[0], "held_style": held[1]}

    def shipped_state(self) -> dict[str, Tensor]:
        """Return the averaged weights."""
        with self.learner.averaging():
            state = self.painting.state_dict()
            return {k: v.detach().cpu().contiguous().clone() for k, v in state.items()}

    def quiet_noise(self, contents: Tensor) -> Tensor:
        """Return always the same noise, as the product has it."""
        return noise_map(contents, np.random.default_rng(self.config.seed), quiet=0)


def contact_sheet(contents: Tensor, styles: Tensor, paint: Callable[[Tensor], Tensor]) -> Tensor:
    """Return styles above, contents at the left, results between: (3, H, W).

    `paint` gets one content, as often as there are styles.
    """
    rows = [torch.cat([torch.ones_like(styles[:1]), styles])]
    for content in contents:
        painted = paint(content.expand_as(styles)).clamp(0, 1)
        rows.append(torch.cat([content[None], painted]))
    return torch.cat([torch.cat([*row], 2) for row in rows], 1).cpu()


def _unrest(paint: Paint, content: Tensor, painted: Tensor, rng: np.random.Generator) -> Tensor:
    """Return how much else is painted when contents move by pixels, with noise."""
    shift = tuple(rng.integers(-8, 9, 2).tolist())
    noise = rng.normal(0, 0.02, tuple(content.shape)).astype(np.float32)
    moved = torch.roll(content, shift, (2, 3)) + torch.from_numpy(noise).to(content.device)
    change = paint(moved) - torch.roll(painted, shift, (2, 3))
    margin = content.shape[2] // 5
    return change[:, :, margin:-margin, margin:-margin].abs().mean()  # type: ignore[no-any-return]
