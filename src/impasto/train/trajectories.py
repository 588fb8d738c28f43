"""Pictures on their way to a style: what a perceptual network meets when it is put to use.

A student that has only seen photos and paintings is soon led astray by an optimiser, which
finds pictures that the student judges well and its teacher does not. So part of every
training batch comes from here: pictures that are being optimised through the student itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from impasto.losses import STYLE_LAYERS, gram, relative_square
from impasto.train.data import Pictures

CONTENT_LAYER = "relu4_2"
FeatureFunction = Callable[[Tensor, tuple[str, ...]], dict[str, Tensor]]


class Trajectories:
    """Keep `count` pictures under optimisation towards styles; advance a few at each visit.

    Each picture starts from its content (one in four: from noise), is moved `moves` times a
    visit by normalised gradient steps of falling size, and starts anew with other pictures
    after `visits`.
    """

    moves = 1
    visits = 40

    def __init__(self, count: int, size: int) -> None:
        self.size = size
        shape = (count, 3, size, size)
        self.pictures, self.contents, self.styles = (torch.zeros(shape) for _ in range(3))
        self.content_weights = torch.zeros(count)
        # ages are spread so that the pool holds every stage of an optimisation at once
        self.ages = torch.arange(count) * self.visits // max(count, 1)
        self.fresh = torch.ones(count, dtype=torch.bool)

    def state_dict(self) -> dict[str, Any]:
        """Return all that a resumed run needs."""
        return dict(vars(self))

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from `state_dict`."""
        vars(self).update(state)

    def visit(
        self,
        step: int,
        count: int,
        rng: np.random.Generator,
        data: tuple[Pictures, Pictures],
        features: FeatureFunction,
        device: torch.device,
    ) -> Tensor:
        """Advance the next `count` pictures in turn and return them, (count, 3, H, W)."""
        indices = (torch.arange(count) + step * count) % len(self.pictures)
        for i in indices.tolist():
            if self.fresh[i] or self.ages[i] >= self.visits:
                self._renew(i, rng, data)
        moved = self._move(indices, features, device)
        self.pictures[indices] = moved
        self.ages[indices] += 1
        return moved

    def _renew(self, i: int, rng: np.random.Generator, data: tuple[Pictures, Pictures]) -> None:
        photos, paintings = data
        self.contents[i] = photos.crops(rng, 1, self.size)[0]
        self.styles[i] = paintings.crops(rng, 1, self.size)[0]
        noise = torch.from_numpy(rng.random((3, self.size, self.size), dtype=np.float32))
        self.pictures[i] = noise if rng.random() < 0.25 else self.contents[i]
        self.content_weights[i] = float(10 ** rng.uniform(-2.5, 0))
        if not self.fresh[i]:
            self.ages[i] = 0
        self.fresh[i] = False

    def _move(self, indices: Tensor, features: FeatureFunction, device: torch.device) -> Tensor:
        layers = (*STYLE_LAYERS, CONTENT_LAYER)
        with torch.no_grad():
            style = features(self.styles[indices].to(device), STYLE_LAYERS)
            grams = {name: gram(f).float() for name, f in style.items()}
            content = features(self.contents[indices].to(device), (CONTENT_LAYER,))[CONTENT_LAYER]
        weights = self.content_weights[indices].to(device)
        x = self.pictures[indices].to(device)
        for move in range(self.moves):
            x.requires_grad_(True)
            found = features(x, layers)
            loss = weights * relative_square(found[CONTENT_LAYER].float(), content.float())
            for name in STYLE_LAYERS:
                loss = loss + relative_square(gram(found[name]).float(), grams[name])
            (gradient,) = torch.autograd.grad(loss.sum(), x)
            progress = (self.ages[indices] + move / self.moves) / self.visits
            rate = (0.03 * (1 - 0.9 * progress)).to(device).view(-1, 1, 1, 1)
            size = gradient.square().mean((1, 2, 3), keepdim=True).sqrt().clamp_min(1e-12)
            x = (x - rate * (gradient / size).clamp(-3, 3)).detach().clamp(-0.05, 1.05)
        return x.cpu()
