"""Train `compact`, the perceptual network that ships: a small student of VGG-19.

Feature distillation (Hinton et al. 2015; Wang et al., CVPR 2020) with three departures: the
student learns the teacher's Gram matrices as well as its features, relu1_1 is computed as the
teacher does it, and towards the end a quarter of each batch are pictures that are being
stylised through the student itself (see `lessons` and `trajectories`).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from impasto.backbones import load_backbone, save_backbone
from impasto.backbones.vgg import CONFIGS, Vgg
from impasto.engine import choose_device
from impasto.errors import OptionError
from impasto.losses.features import gram
from impasto.train.checkpoint import load_checkpoint, save_checkpoint
from impasto.train.data import Pictures
from impasto.train.lessons import LAYERS, Lessons
from impasto.train.log import append_row
from impasto.train.normalization import add_batch_norm, folded, settle
from impasto.train.settings import BackboneTraining, learning_rate

COLUMNS = (
    *("step", "features", "grams", "seconds_per_step"),
    *(f"{kind}_{name}" for kind in ("mse", "gram") for name in LAYERS),
)


class BackboneTrainer:
    """Hold all the state of a training; `run` goes on to the end, from wherever it stands.

    Every random choice of a step comes from a generator seeded with (seed, step), so an
    interrupted run goes on to the same weights as an uninterrupted one.
    """

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
        self.averaged = {k: v.detach().clone() for k, v in student.named_parameters()}
        self.optimizer = torch.optim.AdamW(
            student.parameters(), lr=config.rate, weight_decay=config.weight_decay
        )
        self.step = 0
        self.scales = self.lessons.scales()

    def state_dict(self) -> dict[str, Any]:
        """Return the whole state: model, average, optimiser, pictures under way, step."""
        return {
            "config": asdict(self.config),
            "step": self.step,
            "model": self.student.state_dict(),
            "averaged": self.averaged,
            "optimizer": self.optimizer.state_dict(),
            "trajectories": self.lessons.trajectories.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from `state_dict`."""
        self.step = state["step"]
        self.student.load_state_dict(state["model"])
        self.averaged = {k: v.to(self.device) for k, v in state["averaged"].items()}
        self.optimizer.load_state_dict(state["optimizer"])
        self.lessons.trajectories.load_state_dict(state["trajectories"])

    def run(
        self, folder: Path, report: Callable[[dict[str, float]], None], every: int = 250
    ) -> None:
        """Train to `config.steps`, reporting and writing a checkpoint `every` so many steps."""
        checkpoint = folder / "checkpoint.pt"
        if checkpoint.exists():
            state = load_checkpoint(checkpoint)
            # the end may be moved; anything else would be another training
            if state["config"] | {"steps": self.config.steps} != asdict(self.config):
                raise OptionError(f"{folder} was begun with other settings: {state['config']}")
            self.load_state_dict(state)
        started, sums = time.monotonic(), np.zeros(2)
        first = self.step
        while self.step < self.config.steps:
            sums += self.train_step()
            if self.step % every == 0 or self.step == self.config.steps:
                count = min(every, self.step - first)
                row = {"step": self.step, "features": sums[0] / count, "grams": sums[1] / count}
                row["seconds_per_step"] = (time.monotonic() - started) / count
                row |= self.evaluate() if self.step % (10 * every) == 0 else {}
                save_checkpoint(checkpoint, self.state_dict())
                append_row(folder / "log.csv", row, COLUMNS)
                report(row)
                started, sums, first = time.monotonic(), np.zeros(2), self.step

    def train_step(self) -> tuple[float, float]:
        """Take one step; return the mean relative feature and Gram errors of the batch."""
        config = self.config
        rng = np.random.default_rng([config.seed, self.step])
        for group in self.optimizer.param_groups:
            group["lr"] = config.rate * learning_rate(self.step, config)
        with self._frozen():
            images, targets = self.lessons.batch(self.step, rng, self._scaled_student)
        features, grams = self._errors(self._student(images, tuple(targets)), targets)
        loss = features + config.gram_weight * grams
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.student.parameters(), 5.0)
        self.optimizer.step()
        self.step += 1
        decay = min(config.average, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for name, value in self.student.named_parameters():
                self.averaged[name].lerp_(value, 1 - decay)
        return features.item() / len(targets), grams.item() / len(targets)

    @torch.no_grad()
    def evaluate(self, count: int = 32, size: int = 192) -> dict[str, float]:
        """Return relative errors by layer on held-out pictures, with the averaged weights."""
        images = torch.cat([part.held_out(count, size) for part in self.lessons.data])
        rows: dict[str, float] = {}
        with self._averaging():
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
        with self._averaging():
            state = folded(self.student)
        for layer, scale in self.scales.items():
            key = layer.replace("relu", "embed")
            state[f"{key}.weight"] *= scale.cpu().view(-1, 1, 1, 1)
            state[f"{key}.bias"] *= scale.cpu().flatten()
        return state

    @contextmanager
    def _averaging(self) -> Iterator[None]:
        """Put the averaged weights, with statistics of their own, in place for a while."""
        live = {k: v.detach().clone() for k, v in self.student.state_dict().items()}
        self.student.load_state_dict(self.averaged, strict=False)
        rng = np.random.default_rng([self.config.seed, 2])
        batches = (self.lessons.crops(rng, 8) for _ in range(16))
        settle(lambda images: self._student(images, LAYERS), self.student, batches)
        self.student.eval()
        try:
            yield
        finally:
            self.student.load_state_dict(live)
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
        WeightsError: the teacher's weights (vgg19) are not to be had.
        ImageError: no pictures to train on.
    """
    place = choose_device(device)
    teacher = load_backbone("vgg19", precision="bfloat16")
    torch.manual_seed(config.seed)
    student = Vgg(CONFIGS["compact"])
    data = [Pictures(root) for root in (photos, paintings)]
    for root, part in zip((photos, paintings), data, strict=True):
        note(part.summary(root))
    trainer = BackboneTrainer(student, teacher, data[0], data[1], config, place)
    trainer.run(folder, report, every)
    return save_backbone(
        folder / "compact.safetensors",
        trainer.shipped_state(),
        {
            "name": "compact",
            "arch": "compact",
            "preprocessing": CONFIGS["compact"].preprocessing,
            "license": "Apache-2.0",
            "source": "Impasto; distilled from VGG-19 (Simonyan & Zisserman 2014, CC BY 4.0)",
            "training": json.dumps(asdict(config) | {"pictures": [len(d.train) for d in data]}),
        },
    )
