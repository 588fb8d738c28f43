"""From style pictures to a network in one file: prepare, estimate, train, write."""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from PIL import Image as PillowImage
from torch import Tensor

from impasto.backbones import load_backbone
from impasto.backbones.vgg import Vgg
from impasto.engine import choose_device
from impasto.errors import OptionError
from impasto.images import load_picture
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
from impasto.train.gan import GanTask
from impasto.train.loop import CHECKPOINT, Loop, Row, Schedule
from impasto.train.settings import GanTraining, StyleTraining, settings_of
from impasto.train.style import StyleTask
from impasto.weights import weights_sha256

_TRIED = 4  # steps whose time tells the rest's


@dataclass(frozen=True)
class Run:
    """Say where a network is trained and by what.

    The result is `out` + ".impasto"; the run, with its checkpoint, log and samples, is in the
    folder `out`, and goes on where that holds a checkpoint. `contents` is a folder or tar file of
    photos; pictures that come with Impasto without it. `init` is a network file to start from;
    `add` is one that gets more styles, of which nothing but their gains and shifts is trained;
    `budget` are the seconds that all steps may take, and decides their number.
    """

    out: Path
    contents: Path | None = None
    judge: str = "compact"
    init: Path | None = None
    add: Path | None = None
    device: str = "auto"
    budget: float | None = None
    every: int = 100
    report: Callable[[Row], None] = lambda row: None
    note: Callable[[str], None] = lambda line: None


def train_style(
    styles: Sequence[Path], run: Run, config: StyleTraining, kind: str = "unet"
) -> Path:
    """Train a network of a kind of `KINDS` on styles, and return the path of its file.

    For "gan" there is one style, a folder or tar file of pictures.

    Raises:
        OptionError: a setting does not fit, or the folder's run has others.
        ImageError: a style cannot be read, or there are no contents.
        WeightsError: weights are not to be had, or `init` does not fit.
        MissingExtraError: what writes ONNX is not installed.
    """
    check_export()
    if isinstance(config, GanTraining):
        return _train_collection(styles, run, config)
    pictures = [load_picture(path) for path in styles]
    seen = [opaque(picture) for picture in pictures]

    def task_of(parts: _Parts, chosen: StyleTraining) -> StyleTask:
        return StyleTask(parts.network, parts.judge, parts.contents, seen, chosen, parts.device)

    about = [{"name": n, "source": p.name} for n, p in zip(_names(styles), pictures, strict=True)]
    origin = {"kind": kind, "styles": [picture.sha256 for picture in pictures]}
    return _train(run, config, kind, about, origin, task_of)


def _train_collection(styles: Sequence[Path], run: Run, config: GanTraining) -> Path:
    if len(styles) != 1:
        raise OptionError(f"kind gan: {len(styles)} collections, expected one folder of pictures")
    collection = Pictures(styles[0], held_out=0.0)
    run.note(collection.summary(styles[0]))

    def task_of(parts: _Parts, chosen: StyleTraining) -> StyleTask:
        assert isinstance(chosen, GanTraining)
        return GanTask(parts.network, parts.judge, parts.contents, collection, chosen, parts.device)

    about = [{"name": styles[0].stem, "source": f"{len(collection.train)} pictures"}]
    origin = {
        "kind": "gan",
        "styles": [hashlib.sha256(p.tobytes()).hexdigest() for p in collection.train],
    }
    return _train(run, config, config.generator, about, origin, task_of)


@dataclass(frozen=True)
class _Parts:
    """Hold what every task is made of."""

    network: StyleNetwork
    judge: Vgg
    contents: Pictures
    device: torch.device


def _train(
    run: Run,
    config: StyleTraining,
    arch: str,
    styles: Sequence[Mapping[str, str]],
    origin: Mapping[str, Any],
    task_of: Callable[[_Parts, StyleTraining], StyleTask],
) -> Path:
    place, contents = choose_device(run.device), _contents(run)
    if run.add is None:
        network = _network(config, arch, len(styles), run.init)
    else:
        network = _enlarged(run.add, len(styles))
        styles = [*read_network(run.add).about["styles"], *styles]
    start = run.init or run.add
    origin = {
        **origin,
        "judge": run.judge,
        "init": "" if start is None else weights_sha256(start),
        "added": run.add is not None,
    }
    with processes.joined(place) as own_place:
        judge = load_backbone(run.judge, precision="bfloat16")
        parts = _Parts(network, judge, contents, own_place)
        cost = _cost(task_of(parts, config))
        if run.budget is not None:
            steps = _begun(run.out) or max(1, int(run.budget / cost))
            config = replace(config, steps=steps)
        run.note(f"{config.steps} steps of {cost:.2g} s: {_minutes(config.steps * cost)}")
        task = task_of(parts, config)
        schedule = Schedule(config.steps, settings_of(config) | origin, run.every)
        started = time.monotonic()
        Loop(task, run.out, schedule, report=run.report, note=run.note).run()
        training = asdict(config) | origin | {"contents": len(contents.train)}
        training["seconds"] = round(time.monotonic() - started)
        path = run.out.with_name(run.out.name + SUFFIX)
        return path if processes.rank() > 0 else _write(path, task, styles, training)


def _contents(run: Run) -> Pictures:
    if run.contents is None:
        run.note("no --content: drawing pictures to train on; photos of your own do better")
        return builtin_contents()
    pictures = Pictures(run.contents)
    run.note(pictures.summary(run.contents))
    return pictures


def _network(config: StyleTraining, arch: str, count: int, init: Path | None) -> StyleNetwork:
    """Return a network with room for `count` styles: a new one, or that of a file."""
    torch.manual_seed(config.seed)
    network = make_network(arch, config.shape(arch), count)
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


def _enlarged(path: Path, count: int) -> StyleNetwork:
    """Return a file's network with room for `count` styles more, of which the rest is frozen.

    Dumoulin et al. 2017, section 3.2: a new style needs no more than its own gains and shifts.
    """
    file = read_network(path)
    known = file.network()
    network = make_network(file.about["arch"], file.about["config"], len(file.names) + count)
    state = known.state_dict()
    mean = state["table"][1:].mean(0, keepdim=True)
    state["table"] = torch.cat([state["table"], mean.expand(count, -1)])
    state["colors"] = torch.cat([state["colors"], torch.zeros(count, state["colors"].shape[1])])
    network.load_state_dict(state)
    network.requires_grad_(False)
    rows = len(known.table)
    network.table.requires_grad_()
    network.table.register_hook(lambda gradient: _only_from(gradient, rows))  # type: ignore[no-untyped-call]
    return network


def _only_from(gradient: Tensor, row: int) -> Tensor:
    """Return a gradient with nothing in the rows before `row`."""
    return torch.cat([torch.zeros_like(gradient[:row]), gradient[row:]])


def _cost(task: StyleTask) -> float:
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
    path: Path, task: StyleTask, styles: Sequence[Mapping[str, str]], training: Mapping[str, Any]
) -> Path:
    """Write the network file and its model card."""
    network, state = task.network, {k: v.half() for k, v in task.shipped_state().items()}
    network.load_state_dict(state)  # rounded: what is measured and exported is what is kept
    held = task.evaluate()
    arch, kind = arch_of(network), training["kind"]
    card = model_card(path.stem, kind, network, styles, training, held)
    about = {
        "kind": kind,
        "arch": arch,
        "config": asdict(network.config),
        "painting": painting_of(network),
        "styles": [{"license": "", **style} for style in styles],
        "training": {**training, **held},
    }
    members = {
        "content.onnx": network_onnx(network, {"name": path.stem, "arch": arch}),
        "preview.jpg": _jpeg(task.sheet()),
        "README.md": card.encode(),
    }
    write_network(path, about, {k: v.numpy() for k, v in state.items()}, members)
    path.with_suffix(".md").write_text(card)
    return path


def _names(styles: Sequence[Path]) -> list[str]:
    """Return a name for each style, after its file; those that are taken get a number."""
    names: list[str] = []
    for path in styles:
        name, number = path.stem, 1
        while name in names:
            number += 1
            name = f"{path.stem}-{number}"
        names.append(name)
    return names


def _jpeg(sheet: Tensor) -> bytes:
    pixels = (sheet.permute(1, 2, 0).clamp(0, 1) * 255).round().byte().numpy()
    buffer = io.BytesIO()
    PillowImage.fromarray(pixels).save(buffer, "JPEG", quality=85)
    return buffer.getvalue()
