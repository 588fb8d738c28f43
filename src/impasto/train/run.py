"""A training from its settings to a network in one file: estimate, train, write."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image as PillowImage
from torch import Tensor

from impasto.backbones import load_backbone
from impasto.backbones.vgg import Vgg
from impasto.engine import choose_device
from impasto.errors import WeightsError
from impasto.methods.realtime.network_file import SUFFIX, write_network
from impasto.methods.realtime.style_networks import (
    AnyNetwork,
    arch_of,
    network_onnx,
    painting_of,
)
from impasto.train import processes
from impasto.train.builtin import builtin_contents
from impasto.train.card import model_card
from impasto.train.checkpoint import CHECKPOINT, load_checkpoint
from impasto.train.data import Pictures
from impasto.train.estimate import Trial
from impasto.train.loop import Loop, Row, Schedule
from impasto.train.painting import PaintingTask
from impasto.train.settings import PaintingTraining, settings_of
from impasto.weights.store import write_whole

Array = NDArray[Any]
Config = TypeVar("Config", bound=PaintingTraining)
_LOOK_EVERY = 2  # checkpoints between looks at held-out pictures


@dataclass(frozen=True)
class Run:
    """Say where a network is trained and by what.

    The result is `out` + ".impasto"; the run, with its checkpoint, log and samples, is in the
    folder `out`, and goes on where that holds a checkpoint. `contents` is a folder or tar file of
    photos; pictures that come with Impasto without it. `init` is a network file to begin from,
    "none" for random numbers; without it a network of the shipped one's shape begins from that.
    `add` is one that gets more styles, of which nothing but their gains and shifts is trained.
    `budget` are the seconds that all steps may take, and decides their number, once: a run that
    goes on keeps the steps that it had.
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


@dataclass(frozen=True)
class Parts:
    """Hold what every task is made of."""

    judge: Vgg
    contents: Pictures
    device: torch.device


@dataclass(frozen=True)
class Trained:
    """Hold a task at its end, and what is to be known of its training."""

    task: PaintingTask
    training: dict[str, Any]


def trained(
    run: Run,
    config: Config,
    origin: Mapping[str, Any],
    task_of: Callable[[Parts, Config], PaintingTask],
) -> Trained:
    """Say what a training will take, and run it.

    `origin` is what, beside the settings, a run may not change when it goes on; `task_of` makes
    a task, which it is asked for twice: some steps are tried first.
    """
    place, contents = choose_device(run.device), _contents(run)
    with processes.joined(place) as own_place:
        judge = load_backbone(run.judge, precision="bfloat16")
        parts = Parts(judge, contents, own_place)
        trial = Trial(task_of(parts, config), _LOOK_EVERY * run.every)
        known = begun(run.out) or Begun(0, None)
        if run.budget is not None:
            steps = known.steps or max(1, int(run.budget / trial.seconds))
            config = replace(config, steps=steps)
        trial.tell_memory(config.steps, run.note)
        left = max(0, config.steps - known.step)
        took = _minutes(left * trial.seconds)
        run.note(f"{left} steps of {trial.seconds:.2g} s: {took}")
        task = task_of(parts, config)
        origin = {**origin, "judge": run.judge, "contents_sha256": contents.digest}
        settings = settings_of(config) | origin
        schedule = Schedule(config.steps, settings, run.every, look_every=_LOOK_EVERY)
        started = time.monotonic()
        Loop(task, run.out, schedule, report=run.report, note=run.note).run()
    seen = {"contents": len(contents.train), "held_out": len(contents.test)}
    took_now = {"seconds": round(time.monotonic() - started)}
    return Trained(task, asdict(config) | origin | seen | took_now)


def write(
    out: Path,
    done: Trained,
    styles: Sequence[Mapping[str, str]],
    codes: Callable[[AnyNetwork], Array] | None = None,
) -> Path:
    """Write what was trained, and its model card, beside `out`; return the network file's path.

    `styles` say name and source of each; `codes` returns those of a network with a style encoder.
    """
    path = out.with_name(out.name + SUFFIX)
    if processes.rank() > 0:
        return path
    task, network = done.task, done.task.painting
    task.learner.round_average()  # what is measured and exported is what is kept
    state = {k: v.half() for k, v in task.shipped_state().items()}
    held, sheet = task.evaluate(), task.sheet()
    network.cpu()  # where its graph is traced
    network.load_state_dict(state)
    arch, kind = arch_of(network), done.training["kind"]
    card = model_card(path.stem, kind, network, styles, done.training, held)
    about = {
        "kind": kind,
        "arch": arch,
        "config": asdict(network.config),
        "painting": painting_of(network),
        "styles": [{"license": "", **style} for style in styles],
        "training": {**done.training, **held},
    }
    tensors = {k: v.numpy() for k, v in state.items()}
    if codes is not None:
        tensors["codes"] = codes(network).astype(np.float32)
    members = {
        **network_onnx(network, {"name": path.stem, "arch": arch}),
        "README.md": card.encode(),
    }
    write_network(path, about, tensors, members | ({} if sheet is None else _preview(sheet)))
    write_whole(path.with_suffix(".md"), [card.encode()])
    return path


@dataclass(frozen=True)
class Begun:
    """Hold how many steps a run has taken, and how many it has in all."""

    step: int
    steps: int | None


def begun(folder: Path) -> Begun | None:
    """Return how far the folder's run is, None where there is none.

    Raises:
        WeightsError: its checkpoint is damaged.
    """
    path = folder / CHECKPOINT
    if not path.exists():
        return None
    state = load_checkpoint(path)
    return Begun(int(state["step"]), state.get("steps"))  # older ones do not say


def tell_pictures(run: Run, pictures: Pictures, root: Path) -> None:
    """Say how many pictures there are, and list those that were left out in the run's folder."""
    run.note(pictures.summary(root))
    if not pictures.skipped or processes.rank() > 0 or (run.out / CHECKPOINT).exists():
        return
    try:
        run.out.mkdir(parents=True, exist_ok=True)
        with (run.out / "skipped.txt").open("a") as file:
            file.writelines(f"{root}: {name}\n" for name in pictures.skipped)
    except OSError as error:
        reason = error.strerror or error
        raise WeightsError(f"{run.out}: cannot be written ({reason})") from None


def _contents(run: Run) -> Pictures:
    if run.contents is None:
        run.note("no --content: drawing pictures to train on; photos of your own do better")
        return builtin_contents()
    pictures = Pictures(run.contents)
    tell_pictures(run, pictures, run.contents)
    return pictures


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} seconds" if seconds < 90 else f"{seconds / 60:.0f} minutes"


def _preview(sheet: Tensor) -> dict[str, bytes]:
    pixels = (sheet.permute(1, 2, 0).clamp(0, 1) * 255).round().byte().numpy()
    buffer = io.BytesIO()
    PillowImage.fromarray(pixels).save(buffer, "JPEG", quality=85)
    return {"preview.jpg": buffer.getvalue()}
