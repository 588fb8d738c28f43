"""Train `compact`, the perceptual network that ships: a small student of VGG-19.

Feature distillation (Hinton et al. 2015; Wang et al., CVPR 2020) with three departures: the
student learns the teacher's Gram matrices as well as its features, relu1_1 is computed as the
teacher does it, and a third of each batch are pictures that are being stylised through the
student itself (see `trajectories`).
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
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
from impasto.options import check, option
from impasto.train.checkpoint import load_checkpoint, save_checkpoint
from impasto.train.data import Pictures
from impasto.train.log import append_row
from impasto.train.trajectories import Trajectories

LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu4_2", "relu5_1")
COLUMNS = (
    *("step", "features", "grams", "seconds_per_step"),
    *(f"{kind}_{name}" for kind in ("mse", "gram") for name in LAYERS),
)


@dataclass(frozen=True)
class BackboneTraining:
    """Say how the student is trained; the defaults made the shipped weights."""

    steps: int = option(4300, "Steps in all.", low=1)
    batch: int = option(12, "Pictures a step.", low=2)
    from_pool: int = option(4, "Of these, pictures that are being stylised.", low=0)
    pool: int = option(64, "Pictures being stylised at any time.", low=1)
    size: int = option(128, "Side of the pictures in pixels.", low=32)
    final_size: int = option(192, "Side for the last part of the training.", low=32)
    final_share: float = option(0.12, "That part, as a share of all steps.", low=0, high=1)
    rate: float = option(2e-3, "Peak learning rate.", low=1e-6, high=1)
    weight_decay: float = option(1e-4, "Weight decay of AdamW.", low=0, high=1)
    gram_weight: float = option(0.5, "Weight of Gram errors beside feature errors.", low=0)
    average: float = option(0.999, "Decay of the averaged weights.", low=0, high=0.99999)
    noise: float = option(0.15, "Most noise added to a picture (deviation).", low=0, high=1)
    seed: int = option(0, "Seed of every random number.", low=0)

    def __post_init__(self) -> None:
        """Check all limits."""
        check(self)


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
        self.data = (photos, paintings)
        self.teacher = _placed(teacher, device).bfloat16().requires_grad_(False)
        self.student = _placed(student, device)
        self.averaged = {k: v.detach().clone() for k, v in student.named_parameters()}
        self.optimizer = torch.optim.AdamW(
            student.parameters(), lr=config.rate, weight_decay=config.weight_decay
        )
        self.trajectories = Trajectories(config.pool, config.size)
        self.step = 0
        self.scales = self._teacher_scales()

    def state_dict(self) -> dict[str, Any]:
        """Return the whole state: model, average, optimiser, pictures under way, step."""
        return {
            "config": asdict(self.config),
            "step": self.step,
            "model": self.student.state_dict(),
            "averaged": self.averaged,
            "optimizer": self.optimizer.state_dict(),
            "trajectories": self.trajectories.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from `state_dict`."""
        self.step = state["step"]
        self.student.load_state_dict(state["model"])
        self.averaged = {k: v.to(self.device) for k, v in state["averaged"].items()}
        self.optimizer.load_state_dict(state["optimizer"])
        self.trajectories.load_state_dict(state["trajectories"])

    def run(
        self, folder: Path, report: Callable[[dict[str, float]], None], every: int = 250
    ) -> None:
        """Train to `config.steps`, reporting and writing a checkpoint `every` so many steps."""
        checkpoint = folder / "checkpoint.pt"
        if checkpoint.exists():
            state = load_checkpoint(checkpoint)
            if state["config"] != asdict(self.config):
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
                row |= self.evaluate() if self.step % (4 * every) == 0 else {}
                save_checkpoint(checkpoint, self.state_dict())
                append_row(folder / "log.csv", row, COLUMNS)
                report(row)
                started, sums, first = time.monotonic(), np.zeros(2), self.step

    def train_step(self) -> tuple[float, float]:
        """Take one step; return the mean relative feature and Gram errors of the batch."""
        config = self.config
        rng = np.random.default_rng([config.seed, self.step])
        for group in self.optimizer.param_groups:
            group["lr"] = config.rate * learning_rate(self.step / config.steps, self.step)
        images = self._batch(rng).to(self.device).contiguous(memory_format=torch.channels_last)
        with torch.no_grad():
            targets = self.teacher(images.bfloat16(), LAYERS)
        features, grams = self._errors(self._student(images, LAYERS), targets)
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
        return features.item() / len(LAYERS), grams.item() / len(LAYERS)

    @torch.no_grad()
    def evaluate(self, count: int = 32, size: int = 192) -> dict[str, float]:
        """Return relative errors by layer on held-out pictures, with the averaged weights."""
        live = {k: v.detach().clone() for k, v in self.student.named_parameters()}
        self.student.load_state_dict(self.averaged)
        images = torch.cat([part.held_out(count, size) for part in self.data])
        rows: dict[str, float] = {}
        for batch in torch.split(images, 8):
            batch = batch.to(self.device).contiguous(memory_format=torch.channels_last)
            targets = self.teacher(batch.bfloat16(), LAYERS)
            found = self._student(batch, LAYERS)
            for name in LAYERS:
                errors = self._errors({name: found[name]}, targets)
                for kind, value in zip(("mse", "gram"), errors, strict=True):
                    key = f"{kind}_{name}"
                    rows[key] = rows.get(key, 0.0) + value.item() * len(batch) / len(images)
        self.student.load_state_dict(live)
        return rows

    def shipped_state(self) -> dict[str, Tensor]:
        """Return averaged weights whose features have the teacher's own scale."""
        state = {k: v.detach().cpu().contiguous().clone() for k, v in self.averaged.items()}
        for layer, scale in self.scales.items():
            key = layer.replace("relu", "embed")
            state[f"{key}.weight"] *= scale.cpu().view(-1, 1, 1, 1)
            state[f"{key}.bias"] *= scale.cpu().flatten()
        return state

    def _student(self, images: Tensor, layers: tuple[str, ...]) -> dict[str, Tensor]:
        with torch.autocast(self.device.type, torch.bfloat16):
            return self.student(images, layers)  # type: ignore[no-any-return]

    def _scaled_student(self, images: Tensor, layers: tuple[str, ...]) -> dict[str, Tensor]:
        found = self._student(images, layers)
        return {name: f * self.scales[name].to(f.dtype) for name, f in found.items()}

    def _batch(self, rng: np.random.Generator) -> Tensor:
        config = self.config
        late = self.step >= config.steps * (1 - config.final_share)
        size = config.final_size if late else config.size
        if self.trajectories.size != size:
            self.trajectories = Trajectories(config.pool, size)
        fresh = config.batch - config.from_pool
        photos, paintings = self.data
        images = [
            photos.crops(rng, fresh // 2, size),
            paintings.crops(rng, fresh - fresh // 2, size),
        ]
        images = [_distort(x, rng, config.noise) for x in images]
        if config.from_pool:
            self.student.requires_grad_(False)
            moved = self.trajectories.visit(
                self.step, config.from_pool, rng, self.data, self._scaled_student, self.device
            )
            self.student.requires_grad_(True)
            images.append(moved)
        return torch.cat(images)

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

    @torch.no_grad()
    def _teacher_scales(self) -> dict[str, Tensor]:
        rng = np.random.default_rng([self.config.seed, 2**32])
        images = torch.cat([part.crops(rng, 32, 128) for part in self.data])
        sums: dict[str, Tensor] = {}
        for batch in torch.split(images, 8):
            for name, f in self.teacher(batch.to(self.device).bfloat16(), LAYERS).items():
                sums[name] = sums.get(name, 0) + f.float().square().mean((0, 2, 3)) * 8 / len(
                    images
                )
        return {
            name: value.clamp_min(0.01 * value.mean().item()).sqrt().view(1, -1, 1, 1)
            for name, value in sums.items()
        }


def learning_rate(progress: float, step: int, warm_up: int = 200) -> float:
    """Return the share of the peak rate: a linear warm-up, then half a cosine down to 1 %."""
    return min(1.0, (step + 1) / warm_up) * (0.01 + 0.495 * (1 + math.cos(math.pi * progress)))


def _placed(network: Vgg, device: torch.device) -> Vgg:
    return network.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def _distort(images: Tensor, rng: np.random.Generator, most: float) -> Tensor:
    """Add noise of random strength to half of the pictures: optimisers start from worse."""
    noise = torch.from_numpy(rng.standard_normal(tuple(images.shape), dtype=np.float32))
    strength = rng.uniform(0, most, len(images)) * (rng.random(len(images)) < 0.5)
    return images + noise * torch.from_numpy(strength.astype(np.float32)).view(-1, 1, 1, 1)


def train_backbone(
    photos: Path,
    paintings: Path,
    folder: Path,
    config: BackboneTraining,
    *,
    device: str = "auto",
    every: int = 50,
    report: Callable[[dict[str, float]], None] = lambda row: None,
) -> Path:
    """Train `compact` in `folder`, going on from its checkpoint, and write its weights there.

    Raises:
        WeightsError: the teacher's weights (vgg19) are not to be had.
        ImageError: no pictures to train on.
    """
    place = choose_device(device)
    teacher = load_backbone("vgg19")
    torch.manual_seed(config.seed)
    student = Vgg(CONFIGS["compact"])
    data = [Pictures(root) for root in (photos, paintings)]
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
