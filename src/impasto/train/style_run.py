"""From style pictures to a network in one file: prepare, estimate, train, write."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image as PillowImage
from torch import Tensor

from impasto.backbones import load_backbone
from impasto.engine import choose_device
from impasto.errors import OptionError
from impasto.images import load_picture
from impasto.images.picture import Picture
from impasto.methods.realtime.export import check_export, content_onnx
from impasto.methods.realtime.network_file import SUFFIX, read_network, write_network
from impasto.methods.realtime.style_table import StyleTable
from impasto.methods.realtime.unet import UNetConfig
from impasto.styles import opaque
from impasto.train import processes
from impasto.train.builtin import builtin_contents
from impasto.train.card import model_card
from impasto.train.data import Pictures
from impasto.train.loop import CHECKPOINT, Loop, Row, Schedule
from impasto.train.settings import StyleTraining, settings_of
from impasto.train.style import StyleTask
from impasto.weights import weights_sha256

KIND = "unet"
_TRIED = 4  # steps whose time tells the rest's


def train_style(
    styles: Sequence[Path],
    contents: Path | None,
    out: Path,
    config: StyleTraining,
    *,
    judge: str = "compact",
    init: Path | None = None,
    device: str = "auto",
    budget: float | None = None,
    every: int = 100,
    report: Callable[[Row], None] = lambda row: None,
    note: Callable[[str], None] = lambda line: None,
) -> Path:
    """Train a network on styles and write it to `out` + ".impasto"; return that path.

    The run, with its checkpoint, log and samples, is in the folder `out`; where it holds a
    checkpoint the run goes on. `contents` is a folder or tar file of photos, pictures that come
    with Impasto without it. `init` is a network file to start from; `budget` are the seconds
    that all steps may take, and decides their number.

    Raises:
        OptionError: a setting does not fit, or the folder's run has others.
        ImageError: a style cannot be read, or there are no contents.
        WeightsError: weights are not to be had, or `init` does not fit.
        MissingExtraError: what writes ONNX is not installed.
    """
    check_export()
    place = choose_device(device)
    pictures = [load_picture(path) for path in styles]
    source = _contents(contents, note)
    network = _network(config, len(styles), init)
    origin = {
        "judge": judge,
        "init": "" if init is None else weights_sha256(init),
        "styles": [picture.sha256 for picture in pictures],
    }
    with processes.joined(place) as own_place:
        perceptual = load_backbone(judge, precision="bfloat16")
        seen = [opaque(picture) for picture in pictures]

        def task_of(chosen: StyleTraining) -> StyleTask:
            return StyleTask(network, perceptual, source, seen, chosen, own_place)

        task = task_of(config)
        if budget is not None:
            config = replace(config, steps=_steps_within(budget, task, out))
            task.config = config
        _tell_estimate(task, config, note)
        schedule = Schedule(config.steps, settings_of(config) | origin, every)
        loop = Loop(task, out, schedule, report=report, note=note)
        started = time.monotonic()
        loop.run()
        if processes.rank() == 0:
            training = asdict(config) | origin | {"contents": len(source.train)}
            training["seconds"] = round(time.monotonic() - started)
            return _write(out, task, pictures, training)
    return out.with_name(out.name + SUFFIX)
