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
from impasto.methods.realtime.export import check_export
from impasto.methods.realtime.network_file import SUFFIX, read_network, write_network
from impasto.methods.realtime.style_networks import (
    StyleNetwork,
    arch_of,
    make_network,
    network_onnx,
    painting_of,
)
from impasto.styles import opaque
from impasto.train import processes
from impasto.train.builtin import builtin_contents
from impasto.train.card import model_card
from impasto.train.checkpoint import load_checkpoint
from impasto.train.data import Pictures
from impasto.train.loop import CHECKPOINT, Loop, Row, Schedule
from impasto.train.settings import StyleTraining, settings_of
from impasto.train.style import StyleTask
from impasto.weights import weights_sha256

_TRIED = 4  # steps whose time tells the rest's


def train_style(
    styles: Sequence[Path],
    contents: Path | None,
    out: Path,
    config: StyleTraining,
    *,
    kind: str = "unet",
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
    network = _network(config, kind, len(styles), init)
    origin = {
        "kind": kind,
        "judge": judge,
        "init": "" if init is None else weights_sha256(init),
        "styles": [picture.sha256 for picture in pictures],
    }
    with processes.joined(place) as own_place:
        perceptual = load_backbone(judge, precision="bfloat16")
        seen = [opaque(picture) for picture in pictures]

        def task_of(chosen: StyleTraining) -> StyleTask:
            return StyleTask(network, perceptual, source, seen, chosen, own_place)

        cost = _cost(task_of(config), note)
        if budget is not None:
            config = replace(config, steps=_begun(out) or max(1, int(budget / cost)))
        note(f"{config.steps} steps of {cost:.2g} s: {_minutes(config.steps * cost)}")
        task = task_of(config)
        schedule = Schedule(config.steps, settings_of(config) | origin, every)
        loop = Loop(task, out, schedule, report=report, note=note)
        started = time.monotonic()
        loop.run()
        if processes.rank() == 0:
            training = asdict(config) | origin | {"contents": len(source.train)}
            training["seconds"] = round(time.monotonic() - started)
            return _write(out, task, pictures, training)
    return out.with_name(out.name + SUFFIX)


def _contents(root: Path | None, note: Callable[[str], None]) -> Pictures:
    if root is None:
        note("no --content: drawing pictures to train on; photos of your own do better")
        return builtin_contents()
    pictures = Pictures(root)
    note(pictures.summary(root))
    return pictures


def _network(config: StyleTraining, kind: str, count: int, init: Path | None) -> StyleNetwork:
    """Return a network with room for `count` styles: a new one, or that of a file."""
    torch.manual_seed(config.seed)
    network = make_network(kind, config.shape(kind), count)
    if init is not None:
        known = read_network(init).network()
        if known.config != network.config:
            raise OptionError(f"{init}: a network of {known.config}, expected {network.config}")
        state = known.state_dict()
        # every new style begins as the mean of the known ones
        mean = state["table"][1:].mean(0, keepdim=True)
        state["table"] = torch.cat([state["table"][:1], mean.expand(count, -1)])
        network.load_state_dict(state | {"colors": network.colors})
    return network


def _cost(task: StyleTask, note: Callable[[str], None]) -> float:
    """Return the seconds that a step takes; the task is worth nothing afterwards."""
    before = {k: v.clone() for k, v in task.network.state_dict().items()}
    task.train_step(0, 1.0)
    started = time.perf_counter()
    for step in range(1, 1 + _TRIED):
        task.train_step(step, 1.0)
    cost = (time.perf_counter() - started) / _TRIED
    task.network.load_state_dict(before)
    return cost


def _begun(folder: Path) -> int | None:
    """Return how many steps the folder's run has in all, None where there is none."""
    path = folder / CHECKPOINT
    return load_checkpoint(path)["steps"] if path.exists() else None


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} seconds" if seconds < 90 else f"{seconds / 60:.0f} minutes"


def _write(
    out: Path, task: StyleTask, pictures: Sequence[Picture], training: Mapping[str, Any]
) -> Path:
    """Write the network file and its model card."""
    state, network = task.shipped_state(), task.network
    network.load_state_dict(state)
    held = task.evaluate()
    kind = training["kind"]
    about = {
        "name": out.name,
        "arch": arch_of(network),
        "license": "as the styles'",
        "source": "Impasto",
    }
    names = _names(pictures)
    styles = [
        {"name": name, "source": picture.name, "license": ""}
        for name, picture in zip(names, pictures, strict=True)
    ]
    card = model_card(out.name, kind, network, styles, training, held)
    path = out.with_name(out.name + SUFFIX)
    write_network(
        path,
        {
            "kind": kind,
            "arch": arch_of(network),
            "config": asdict(network.config),
            "painting": painting_of(network),
            "styles": styles,
            "training": {**training, **held},
        },
        {k: v.numpy().astype(np.float16) for k, v in state.items()},
        {
            "content.onnx": network_onnx(network, about),
            "preview.jpg": _jpeg(task.sheet()),
            "README.md": card.encode(),
        },
    )
    path.with_suffix(".md").write_text(card)
    return path


def _names(pictures: Sequence[Picture]) -> list[str]:
    """Return a name for each style, after its file; those that are taken get a number."""
    names: list[str] = []
    for picture in pictures:
        stem = Path(picture.name).stem
        taken = sum(name == stem or name.startswith(f"{stem}-") for name in names)
        names.append(f"{stem}-{taken + 1}" if taken else stem)
    return names


def _jpeg(sheet: Tensor) -> bytes:
    pixels = (sheet.permute(1, 2, 0).clamp(0, 1) * 255).round().byte().numpy()
    buffer = io.BytesIO()
    PillowImage.fromarray(pixels).save(buffer, "JPEG", quality=85)
    return buffer.getvalue()
