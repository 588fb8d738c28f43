"""Train the real-time network by perceptual losses (Johnson et al. 2016, Ghiasi et al. 2017).

Departures: contents and styles come from echo buffers, so the judge (`compact`, or the real
VGG-19 where there is a GPU) looks at each once for several steps; the losses are the relative
distances that `impasto metrics` reports; some contents are their own styles and must come back
as they are; a part of each batch is painted again, shifted and with noise, and must look alike,
so that tiles and films stay calm.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from impasto.backbones import load_backbone
from impasto.backbones.vgg import Vgg
from impasto.engine import choose_device
from impasto.methods.realtime.network import Realtime
from impasto.methods.realtime.weights import load_realtime, save_realtime
from impasto.train import processes
from impasto.train.begin import begin
from impasto.train.data import Pictures
from impasto.train.echo import EchoBuffer
from impasto.train.loop import Loop, Schedule
from impasto.train.painting import PaintingTask, contact_sheet
from impasto.train.pairs import SEEN, Pairs, drawn
from impasto.train.settings import RealtimeTraining, settings_of
from impasto.weights import weights_sha256


class RealtimeTask(PaintingTask):
    """Train the real-time network on pairs of photos and paintings."""

    def __init__(
        self,
        network: Realtime,
        judge: Vgg,
        photos: Pictures,
        paintings: Pictures,
        config: RealtimeTraining,
        device: torch.device,
    ) -> None:
        network.style.stages.requires_grad_(False)
        super().__init__(network, judge, config, device)
        self.network = network
        self.pairs = Pairs(self.judge, network.style, (photos, paintings), config, device)

    @property
    def buffers(self) -> Sequence[EchoBuffer]:
        """Return where labelled pictures of the size that it is at are kept."""
        return self.pairs.echoes or ()

    def terms(self, step: int, rng: np.random.Generator) -> dict[str, Tensor]:
        """Return the terms of a step's loss."""
        contents, styles, own = self.pairs.batch(step, rng)
        codes = self.network.style.code(*(styles[1][f"style {name}"] for name in SEEN))

        def paint(images: Tensor, noise: Tensor | None = None, from_below: int = 0) -> Tensor:
            return self.network.paint(images, codes[: len(images)], None, noise, from_below)

        return self.painted(paint, contents, styles[1], own, step, rng).terms

    @torch.no_grad()
    def evaluate(self, count: int = 32, size: int = 256) -> dict[str, float]:
        """Return distances on held-out pairs, with the averaged weights; nothing without any."""
        count = min(count, *(len(part.test) for part in self.pairs.data))
        if count == 0:
            return {}
        contents, styles = (part.held_out(count, size).split(8) for part in self.pairs.data)  # type: ignore[no-untyped-call]
        batches = []
        with self.learner.averaging():
            for pair in zip(contents, styles, strict=True):
                content, style = (self.pairs.labelled(images) for images in pair)
                batches.append((self._as_shipped(content[0], style[0]), content, style[1]))
        return self.judged(batches)

    @torch.no_grad()
    def sheet(self, count: int = 6, size: int = 256) -> Tensor | None:
        """Return a contact sheet of held-out pictures."""
        if not all(part.test for part in self.pairs.data):
            return None
        each = (part.held_out(count, size)[:count] for part in self.pairs.data)
        contents, styles = (images.to(self.device) for images in each)
        with self.learner.averaging():
            return contact_sheet(contents, styles, lambda x: self._as_shipped(x, styles))

    def _as_shipped(self, contents: Tensor, styles: Tensor) -> Tensor:
        """Return contents painted as the product does, always with the same noise."""
        noise = self.quiet_noise(contents)
        return self.network.paint(contents, self.network.style(styles), noise=noise).clamp(0, 1)  # type: ignore[no-any-return]


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
    place, perceptual = choose_device(device), load_backbone(judge, precision="bfloat16")
    data = [Pictures(root) for root in (photos, paintings)]
    if processes.rank() == 0:
        for root, part in zip((photos, paintings), data, strict=True):
            note(part.summary(root))
    data[1].train += drawn(config.drawn)
    network = _begun(init, data[1], config)
    origin = {
        "judge": judge,
        "init": "" if init is None else weights_sha256(init),
        "contents_sha256": data[0].digest,
        "styles": data[1].digest,
    }
    with processes.joined(place) as own_place:
        task = RealtimeTask(network, perceptual, data[0], data[1], config, own_place)
        schedule = Schedule(config.steps, settings_of(config) | origin, every)
        Loop(task, folder, schedule, report=report, note=note).run()
    path = folder / "realtime.safetensors"
    if processes.rank() == 0:
        seen = {"pictures": [len(d.train) for d in data]}
        about = asdict(config) | origin | seen
        save_realtime(path, task.shipped_state(), network.config, about)
    return path


def _begun(init: Path | None, paintings: Pictures, config: RealtimeTraining) -> Realtime:
    """Return the network as it begins: from a file's weights, or from random numbers."""
    if init is not None:
        return load_realtime(init)
    torch.manual_seed(config.seed)
    network = Realtime()
    begin(network, load_backbone("compact"), paintings, config.seed)
    return network
