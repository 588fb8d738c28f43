"""The optimiser's loop: one evaluation a step, coarse to fine, always able to show a picture."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.backbones import Backbone
from impasto.errors import DivergedError
from impasto.images import resize
from impasto.methods.contract import Anchor, Image, Sample, Step
from impasto.methods.optimize.guidance import Guidance
from impasto.methods.optimize.memory import Budget
from impasto.methods.optimize.objective import Objective, Weights
from impasto.methods.optimize.schedule import Scale
from impasto.methods.optimize.solvers import Solver
from impasto.methods.optimize.terms import Part

EXPLODED = 10.0  # times the best loss of this scale
PATIENCE = 16  # retreats in a row: enough to shorten any step to nothing


class Descent:
    """Descend at one scale, with a way back: a step that leads nowhere is undone."""

    def __init__(self, objective: Objective, solver: Solver, x: Tensor) -> None:
        self.objective, self.solver, self.x = objective, solver, x
        self.good: tuple[Tensor, Tensor] | None = None
        self.best = math.inf
        self.retreats = 0

    def step(self) -> tuple[dict[str, float], str | None]:
        """Evaluate, then move; return the losses of the point left and a message, if any.

        Raises:
            DivergedError: losses stay non-finite or exploding after several retreats.
        """
        terms, gradient = self.objective.gradient(self.x)
        loss = sum(terms.values())
        sound = math.isfinite(loss) and _finite(gradient)
        if sound and loss <= EXPLODED * self.best:
            self.best = min(self.best, loss)
            self.retreats = 0
            self.good = (self.x, gradient)
            self.x = self.solver.propose(self.x, gradient)
            return terms, None
        self.retreats += 1
        if self.good is None or self.retreats > PATIENCE:
            raise DivergedError(
                f"the loss came out as {loss:g} and did not recover in {self.retreats} retreats;"
                " lower the weights or the learning rate, or use lbfgs"
            )
        self.solver.retreat()
        self.x = self.solver.propose(*self.good)
        return terms, f"loss {loss:g} after {self.best:g}: stepped back, smaller steps from here"

    def picture(self) -> Tensor:
        """Return the last point that proved sound, as the solver would show it."""
        x = self.x if self.good is None else self.good[0]
        shown = self.solver.result(x)
        return shown if shown is x or _finite(shown) else x


class Run:
    """Optimise one content towards prepared styles; iterate to go on, `image` at any time."""

    def __init__(
        self,
        backbone: Backbone,
        content: Image,
        styles: Sequence[Callable[[int], Sample]],
        guidance: Guidance,
        device: torch.device,
        budget: Budget | None = None,
        seed: int = 0,
        anchors: Sequence[Anchor] = (),
    ) -> None:
        self.backbone, self.content, self.device = backbone, content, device
        self.anchors = anchors
        self.styles, self.guidance, self.budget, self.seed = styles, guidance, budget, seed

    def iterate(
        self, start: Image, scales: Sequence[Scale], weights: Weights, solver: Solver
    ) -> Iterator[Step]:
        """Yield a step at a time; the last step's `image` is the result.

        Raises:
            DivergedError: see `Descent.step`.
        """
        total = sum(scale.steps for scale in scales)
        work, spent, number = sum(scale.cost for scale in scales), 0, 0
        x = self._tensor(start, scales[0]).contiguous()
        for scale in scales:
            if number:
                x, solver = _enlarge(x, solver, scale)
            descent = Descent(self._objective(scale, weights), solver, x)
            for _ in range(scale.steps):
                terms, message = descent.step()
                number += 1
                spent += scale.height * scale.width
                yield Step(
                    number,
                    total,
                    scale.height,
                    scale.width,
                    terms,
                    spent / work,
                    partial(_image, descent.picture()),
                    message,
                )
            x = descent.picture()

    def _objective(self, scale: Scale, weights: Weights) -> Objective:
        seen = [style(max(scale.height, scale.width)) for style in self.styles]
        parts = [
            Part(
                self._tensor(sample.pixels),
                share,
                None if sample.counts is None else self._plane(sample.counts),
            )
            for sample, share in zip(seen, self.guidance.blend, strict=True)
        ]
        content = self._tensor(self.content, scale)
        regions = self.guidance.regions(parts, scale.height, scale.width)
        pull = self.guidance.pull(content)
        return Objective(
            self.backbone,
            content,
            regions,
            weights,
            self.budget,
            self.seed,
            pull,
            [
                (
                    self._tensor(anchor.pixels, scale),
                    anchor.weight * self._plane(anchor.counts, scale),
                )
                for anchor in self.anchors
            ],
        )

    def _tensor(self, image: Image, scale: Scale | None = None) -> Tensor:
        if scale is not None and image.shape[:2] != (scale.height, scale.width):
            image = resize(image, scale.height, scale.width)
        tensor = torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1).unsqueeze(0)
        return tensor.to(self.device)

    def _plane(self, plane: Image, scale: Scale | None = None) -> Tensor:
        return self._tensor(plane[..., None], scale)


def _enlarge(x: Tensor, solver: Solver, scale: Scale) -> tuple[Tensor, Solver]:
    def resized(t: Tensor) -> Tensor:
        return F.interpolate(t, (scale.height, scale.width), mode="bicubic", align_corners=False)

    solver.resize(resized)
    return resized(x), solver


def _image(x: Tensor) -> Image:
    return x[0].clamp(0, 1).permute(1, 2, 0).cpu().numpy()  # type: ignore[no-any-return]


def _finite(values: Tensor) -> bool:
    """Tell whether all are, without a tensor that says it of each."""
    return math.isfinite(torch.linalg.vector_norm(values, math.inf).item())
