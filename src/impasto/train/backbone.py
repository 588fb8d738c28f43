"""Train `compact`, the perceptual network that ships: a small student of VGG-19.

Feature distillation (Hinton et al. 2015; Wang et al., CVPR 2020) with three departures: the
student learns the teacher's Gram matrices as well as its features, relu1_1 is computed as the
teacher does it, and towards the end a quarter of each batch are pictures that are being
stylised through the student itself (see `lessons` and `trajectories`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from impasto.backbones import load_backbone, save_backbone
from impasto.backbones.vgg import CONFIGS, Vgg
from impasto.engine import choose_device
from impasto.errors import OptionError
from impasto.losses.features import gram
from impasto.train import processes
from impasto.train.data import Pictures
from impasto.train.learner import Learner
from impasto.train.lessons import LAYERS, Lessons
from impasto.train.loop import Loop, Schedule
from impasto.train.normalization import add_batch_norm, folded, settle
from impasto.train.settings import BackboneTraining, learning_rate, settings_of


class BackboneTask:
    """Hold what a training of `compact` changes, and take its steps."""

    columns = (
        *("step", "features", "grams", "loss", "seconds_per_step"),
        *(f"{kind}_{name}" for kind in ("mse", "gram") for name in LAYERS),
    )

    def __init__(
        self,
        student: Vgg,
        teacher: Vgg,
        photos: Pictures,
        paintings: Pictures,
        config: BackboneTraining,
        device: torch.device,
    ) -> None:
        self.config, self.device = config, device
        self.lessons = Lessons(_placed(teacher, device), (photos, paintings), config, device)
        add_batch_norm(student, skip=["embed1_1"])  # that one is to be the teacher's own
        self.student = _placed(student, device)
        self.learner = Learner(
            dict(student.named_parameters()),
            weight_decay=config.weight_decay,
            average=config.average,
            clip=5.0,
        )
        self.scales = self.lessons.scales()

    def state_dict(self) -> dict[str, Any]:
        """Return all that steps change: weights, statistics, pictures under way."""
        return {
            "learner": self.learner.state_dict(),
            "statistics": dict(self.student.named_buffers()),
            "trajectories": self.lessons.trajectories.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from `state_dict`."""
        self.learner.load_state_dict(state["learner"])
        for name, value in self.student.named_buffers():
            value.copy_(state["statistics"][name])
        self.lessons.trajectories.load_state_dict(state["trajectories"])

    def train_step(self, step: int, rate: float) -> dict[str, float]:
        """Take a step; return the mean relative feature and Gram errors of the batch."""
        config = self.config
        rng = np.random.default_rng([config.seed, step])
        with self._frozen():
            images, targets = self.lessons.batch(step, rng, self._scaled_student)
        features, grams = self._errors(self._student(images, tuple(targets)), targets)
        loss = features + config.gram_weight * grams
        self.learner.descend(loss, rate * config.rate * learning_rate(step, config), step)
        names, count = ("features", "grams", "loss"), len(targets)
        return {
            name: value.item() / count
            for name, value in zip(names, (features, grams, loss), strict=True)
        }

    @torch.no_grad()
    def evaluate(self, count: int = 32, size: int = 192) -> dict[str, float]:
        """Return relative errors by layer on held-out pictures, with the averaged weights."""
        images = torch.cat([part.held_out(count, size) for part in self.lessons.data])
        rows: dict[str, float] = {}
        with self.averaging():
            for batch in torch.split(images, 8):
                batch = self.lessons.placed(batch)
                targets = self.lessons.label(batch, LAYERS)
                found = self._student(batch, LAYERS)
                for name in LAYERS:
                    errors = self._errors({name: found[name]}, targets)
                    for kind, value in zip(("mse", "gram"), errors, strict=True):
                        key = f"{kind}_{name}"
                        rows[key] = rows.get(key, 0.0) + value.item() * len(batch) / len(images)
        return rows

    def shipped_state(self) -> dict[str, Tensor]:
        """Return plain, averaged weights whose features have the teacher's own scale."""
        with self.averaging():
            state = folded(self.student)
        for layer, scale in self.scales.items():
            key = layer.replace("relu", "embed")
            state[f"{key}.weight"] *= scale.cpu().view(-1, 1, 1, 1)
            state[f"{key}.bias"] *= scale.cpu().flatten()
        return state

    def sheet(self) -> None:
        """Return nothing: there are no results to look at."""

    @contextmanager
    def averaging(self) -> Iterator[None]:
        """Put the averaged weights, with statistics of their own, in place for a while."""
        statistics = {k: v.clone() for k, v in self.student.named_buffers()}
        with self.learner.averaging():
            rng = np.random.default_rng([self.config.seed, 2])
            batches = (self.lessons.crops(rng, 8) for _ in range(16))
            settle(lambda images: self._student(images, LAYERS), self.student, batches)
            self.student.eval()
            try:
                yield
            finally:
                for name, value in self.student.named_buffers():
                    value.copy_(statistics[name])
                self.student.train()

    @contextmanager
    def _frozen(self) -> Iterator[None]:
        """Take the student as it stands, to look at pictures and not to learn."""
        self.student.requires_grad_(False).eval()
        try:
            yield
        finally:
            self.student.requires_grad_(True).train()

    def _student(self, images: Tensor, layers: tuple[str, ...]) -> dict[str, Tensor]:
        with torch.autocast(self.device.type, torch.bfloat16):
            return self.student(images, layers)  # type: ignore[no-any-return]

    def _scaled_student(self, images: Tensor, layers: tuple[str, ...]) -> dict[str, Tensor]:
        found = self._student(images, layers)
        return {name: f * self.scales[name].to(f.dtype) for name, f in found.items()}

    def _errors(
        self, found: dict[str, Tensor], targets: dict[str, Tensor]
    ) -> tuple[Tensor, Tensor]:
        """Sum relative errors over layers: of scaled features, and of Grams in true scale."""
        features = grams = torch.zeros((), device=self.device)
        for name, value in found.items():
            scale = self.scales[name]
            target = targets[name] / scale.to(targets[name].dtype)
            energy = target.square().mean(dtype=torch.float32)
            features = features + (value - target).square().mean(dtype=torch.float32) / energy
            outer = scale.view(1, -1, 1) * scale.view(1, 1, -1)
            wanted = gram(target).float() * outer
            distance = (gram(value).float() * outer - wanted).flatten(1).norm(dim=1)
            grams = grams + (distance / wanted.flatten(1).norm(dim=1)).mean()
        return features, grams


def _placed(network: Vgg, device: torch.device) -> Vgg:
    return network.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def train_backbone(
    photos: Path,
    paintings: Path,
    folder: Path,
    config: BackboneTraining,
    *,
    device: str = "auto",
    every: int = 50,
    report: Callable[[dict[str, float]], None] = lambda row: None,
    note: Callable[[str], None] = lambda line: None,
) -> Path:
    """Train `compact` in `folder`, going on from its checkpoint, and write its weights there.

    Raises:
        OptionError: several processes are to train it.
        WeightsError: the teacher's weights (vgg19) are not to be had.
        ImageError: no pictures to train on.
    """
    if processes.count() > 1:  # pictures under way are one process's
        raise OptionError("the perceptual network is trained by one process: leave torchrun out")
    place = choose_device(device)
    teacher = load_backbone("vgg19", precision="bfloat16")
    torch.manual_seed(config.seed)
    student = Vgg(CONFIGS["compact"])
    data = [Pictures(root) for root in (photos, paintings)]
    for root, part in zip((photos, paintings), data, strict=True):
        note(part.summary(root))
    task = BackboneTask(student, teacher, data[0], data[1], config, place)
    seen = {"photos_sha256": data[0].digest, "paintings_sha256": data[1].digest}
    schedule = Schedule(config.steps, settings_of(config) | seen, every)
    Loop(task, folder, schedule, report=report, note=note).run()
    return save_backbone(
        folder / "compact.safetensors",
        task.shipped_state(),
        {
            "name": "compact",
            "arch": "compact",
            "preprocessing": CONFIGS["compact"].preprocessing,
            "license": "Apache-2.0",
            "source": "Impasto; distilled from VGG-19 (Simonyan & Zisserman 2014, CC BY 4.0)",
            "training": json.dumps(asdict(config) | {"pictures": [len(d.train) for d in data]}),
        },
    )
