"""Train the real-time network by perceptual losses (Johnson et al. 2016, Ghiasi et al. 2017).

Departures: contents and styles come from echo buffers, so the judge (`compact`, or the real
VGG-19 where there is a GPU) looks at each once for several steps; the losses are the relative
distances that `impasto metrics` reports; some contents are their own styles and must come back
as they are; a part of each batch is painted again, shifted and with noise, and must look alike,
so that tiles and films stay calm.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.tensorboard import SummaryWriter

from impasto.backbones import load_backbone
from impasto.backbones.vgg import Vgg
from impasto.engine import choose_device
from impasto.errors import OptionError
from impasto.images import save_picture
from impasto.losses import STYLE_LAYERS, total_variation
from impasto.losses.perceptual import block_edges, grid_pattern
from impasto.methods.realtime.network import Realtime
from impasto.methods.realtime.weights import load_realtime, save_realtime
from impasto.train.begin import begin
from impasto.train.checkpoint import load_checkpoint, save_checkpoint
from impasto.train.data import Pictures
from impasto.train.distances import distances
from impasto.train.health import silent_channels
from impasto.train.log import append_row, means
from impasto.train.pairs import SEEN, Pairs, drawn, noise_map
from impasto.train.settings import RealtimeTraining, learning_rate
from impasto.weights import weights_sha256

TERMS = ("content", "style", "moments", "identity", "calm", "grid", "blocks", "variation", "range")
COLUMNS = ("step", *TERMS, "loss", "silent", "seconds_per_step", "held_content", "held_style")
_DEEP = STYLE_LAYERS[2:]


class RealtimeTrainer:
    """Hold all the state of a training; `run` goes on to the end, from wherever it stands.

    Every random choice of a step comes from a generator seeded with (seed, step), so an
    interrupted run goes on to the same weights as an uninterrupted one.
    """

    def __init__(
        self,
        network: Realtime,
        judge: Vgg,
        photos: Pictures,
        paintings: Pictures,
        config: RealtimeTraining,
        device: torch.device,
        origin: Mapping[str, str] | None = None,
    ) -> None:
        self.config, self.device, self.origin = config, device, dict(origin or {})
        self.judge = judge.to(device)
        network.style.stages.requires_grad_(False)
        self.pairs = Pairs(self.judge, network.style, (photos, paintings), config, device)
        network.mixed = True
        network.painter.even_out()
        self.network = network.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.learned = {k: v for k, v in self.network.named_parameters() if v.requires_grad}
        self.averaged = {k: v.detach().clone() for k, v in self.learned.items()}
        self.optimizer = torch.optim.AdamW(
            self.learned.values(), lr=config.rate, weight_decay=config.weight_decay
        )
        self.step = 0

    def state_dict(self) -> dict[str, Any]:
        """Return the whole state: model, average, optimiser, step."""
        return {
            "config": asdict(self.config) | self.origin,
            "step": self.step,
            "model": self.network.state_dict(),
            "averaged": self.averaged,
            "optimizer": self.optimizer.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from `state_dict`."""
        self.step = state["step"]
        self.network.load_state_dict(state["model"])
        self.averaged = {k: v.to(self.device) for k, v in state["averaged"].items()}
        self.optimizer.load_state_dict(state["optimizer"])

    def run(
        self, folder: Path, report: Callable[[dict[str, float]], None], every: int = 250
    ) -> None:
        """Train to `config.steps`, reporting and writing a checkpoint `every` so many steps."""
        checkpoint = folder / "checkpoint.pt"
        if checkpoint.exists():
            state = load_checkpoint(checkpoint)
            # the end may be moved; anything else would be another training
            wanted = asdict(self.config) | self.origin
            if state["config"] | {"steps": self.config.steps} != wanted:
                raise OptionError(f"{folder} was begun with other settings: {state['config']}")
            self.load_state_dict(state)
        started, rows = time.monotonic(), []
        while self.step < self.config.steps:
            rows.append(self.train_step())
            if self.step % every == 0 or self.step == self.config.steps:
                row = {"step": float(self.step)} | means(rows)
                row["seconds_per_step"] = (time.monotonic() - started) / len(rows)
                if self.step % (10 * every) == 0 or self.step == self.config.steps:
                    row |= self.evaluate()
                save_checkpoint(checkpoint, self.state_dict())
                self._log(folder, row)
                report(row)
                started, rows = time.monotonic(), []

    def train_step(self) -> dict[str, float]:
        """Take one step; return the terms of the loss, unweighted, and their weighted sum."""
        config = self.config
        rng = np.random.default_rng([config.seed, self.step])
        for group in self.optimizer.param_groups:
            group["lr"] = config.rate * learning_rate(self.step, config)
        terms = self._terms(rng)
        weights = {name: getattr(config, f"{name}_weight") for name in terms}
        loss = sum((terms[name] * weights[name] for name in terms), torch.zeros(()))
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        silent = silent_channels(self.network.content, self.network.painter)
        nn.utils.clip_grad_norm_(self.learned.values(), config.clip)
        self.optimizer.step()
        self.network.painter.even_out()
        self.step += 1
        decay = min(config.average, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for name, value in self.learned.items():
                self.averaged[name].lerp_(value, 1 - decay)
        row = {name: value.item() for name, value in terms.items()}
        return row | {"loss": loss.item(), "silent": silent}

    def _terms(self, rng: np.random.Generator) -> dict[str, Tensor]:
        contents, styles, own = self.pairs.batch(self.step, rng)
        config, content = self.config, contents[0]
        codes = self.network.style.code(*(styles[1][f"style {name}"] for name in SEEN))
        noise = noise_map(content, rng, config.calm)
        painted = self.network.paint(content, codes, noise=noise, from_below=config.from_below)
        layers = STYLE_LAYERS if self.step % config.shallow_every == 0 else _DEEP
        features = self.judge(painted.contiguous(memory_format=torch.channels_last), layers)
        terms = {
            **distances(features, contents[1], styles[1], min(2, config.shallow_every)),
            "variation": total_variation(painted),
            "grid": grid_pattern(painted),
            "blocks": block_edges(painted),
            "range": (painted - painted.clamp(0, 1)).square().mean(),
        }
        change = (painted - content).abs().mean((1, 2, 3))
        terms["identity"] = (change * own).sum() / max(1, own.sum().item())
        if config.calm:
            some = slice(0, config.calm)
            terms["calm"] = self._unrest(content[some], codes[some], painted[some], rng)
        return terms

    def _unrest(
        self, content: Tensor, codes: Tensor, painted: Tensor, rng: np.random.Generator
    ) -> Tensor:
        """Return how much else is painted when the content moves by pixels, with noise."""
        shift = tuple(rng.integers(-8, 9, 2).tolist())
        noise = rng.normal(0, 0.02, tuple(content.shape)).astype(np.float32)
        moved = torch.roll(content, shift, (2, 3)) + torch.from_numpy(noise).to(content.device)
        change = self.network.paint(moved, codes) - torch.roll(painted, shift, (2, 3))
        margin = content.shape[2] // 5
        return change[:, :, margin:-margin, margin:-margin].abs().mean()  # type: ignore[no-any-return]

    @torch.no_grad()
    def evaluate(self, count: int = 32, size: int = 256) -> dict[str, float]:
        """Return distances on held-out pairs, with the averaged weights; nothing without any."""
        count = min(count, *(len(part.test) for part in self.pairs.data))
        if count == 0:
            return {}
        contents, styles = (part.held_out(count, size) for part in self.pairs.data)
        sums = np.zeros(2)
        with self._averaging():
            for content, style in zip(contents.split(8), styles.split(8), strict=True):  # type: ignore[no-untyped-call]
                contents_, styles_ = self.pairs.labelled(content), self.pairs.labelled(style)
                painted = self._as_shipped(contents_[0], styles_[0])
                features = self.judge(painted, STYLE_LAYERS)
                found = distances(features, contents_[1], styles_[1], 1)
                sums += (found["content"].item(), found["style"].item())
        held = sums / max(1, len(contents.split(8)))  # type: ignore[no-untyped-call]
        return {"held_content": held[0], "held_style": held[1]}

    def shipped_state(self) -> dict[str, Tensor]:
        """Return the averaged weights."""
        with self._averaging():
            state = self.network.state_dict()
            return {k: v.detach().cpu().contiguous().clone() for k, v in state.items()}

    @contextmanager
    def _averaging(self) -> Iterator[None]:
        """Put the averaged weights in place for a while."""
        live = {k: v.detach().clone() for k, v in self.learned.items()}
        self.network.load_state_dict(self.averaged, strict=False)
        try:
            yield
        finally:
            self.network.load_state_dict(live, strict=False)

    @torch.no_grad()
    def sheet(self, count: int = 6, size: int = 256) -> Tensor:
        """Return held-out styles above, contents at the left, results between: (3, H, W)."""
        contents, styles = (part.held_out(count, size) for part in self.pairs.data)
        contents, styles = (x[:count].to(self.device) for x in (contents, styles))
        rows = [torch.cat([torch.ones_like(styles[:1]), styles])]
        with self._averaging():
            for content in contents:
                painted = self._as_shipped(content.expand_as(styles), styles)
                rows.append(torch.cat([content[None], painted]))
        return torch.cat([torch.cat([*row], 2) for row in rows], 1).cpu()

    def _as_shipped(self, contents: Tensor, styles: Tensor) -> Tensor:
        """Return contents painted as the product does, always with the same noise."""
        noise = noise_map(contents, np.random.default_rng(self.config.seed), quiet=0)
        return self.network.paint(contents, self.network.style(styles), noise=noise).clamp(0, 1)  # type: ignore[no-any-return]

    def _log(self, folder: Path, row: dict[str, float]) -> None:
        append_row(folder / "log.csv", row, COLUMNS)
        step = int(row["step"])
        with SummaryWriter(str(folder / "tensorboard")) as writer:
            for name, value in row.items():
                writer.add_scalar(name, value, step)
            if "held_style" in row:
                sheet = self.sheet()
                writer.add_image("held out", sheet, step)
                save_picture(folder / "samples.png", sheet.permute(1, 2, 0).numpy())


def train_realtime(
    photos: Path,
    paintings: Path,
    folder: Path,
    config: RealtimeTraining,
    *,
    judge: str = "compact",
    init: Path | None = None,
    device: str = "auto",
    every: int = 250,
    report: Callable[[dict[str, float]], None] = lambda row: None,
    note: Callable[[str], None] = lambda line: None,
) -> Path:
    """Train in `folder`, going on from its checkpoint, and write `realtime.safetensors` there.

    `judge` names the perceptual network of the losses; `init` is a weights file to start from.

    Raises:
        WeightsError: weights are not to be had, or `init` does not fit.
        ImageError: no pictures to train on.
    """
    place = choose_device(device)
    data = [Pictures(root) for root in (photos, paintings)]
    for root, part in zip((photos, paintings), data, strict=True):
        note(part.summary(root))
    data[1].train += drawn(config.drawn)
    torch.manual_seed(config.seed)
    network = Realtime() if init is None else load_realtime(init)
    if init is None:
        begin(network, load_backbone("compact"), data[1], config.seed)
    perceptual = load_backbone(judge, precision="bfloat16")
    origin = {"judge": judge, "init": "" if init is None else weights_sha256(init)}
    trainer = RealtimeTrainer(network, perceptual, data[0], data[1], config, place, origin)
    trainer.run(folder, report, every)
    return save_realtime(
        folder / "realtime.safetensors",
        trainer.shipped_state(),
        network.config,
        asdict(config) | origin | {"pictures": [len(d.train) for d in data]},
    )
