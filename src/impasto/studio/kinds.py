"""The kinds of jobs, each from what is asked to a file: a picture, a film, a network."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from impasto.errors import DivergedError, OptionError
from impasto.images import open_large
from impasto.job import Job, Setup
from impasto.masks import Guides
from impasto.methods.contract import Step
from impasto.methods.realtime.engines import Engines
from impasto.output import Output
from impasto.provenance import ProvenanceOptions
from impasto.recipe import Recipe
from impasto.stream import FileJob
from impasto.studio.asked import JobAsked
from impasto.studio.control import Control
from impasto.studio.declared import FILMS, FORMATS
from impasto.studio.shelf import Shelf

_EVERY = 20  # steps of a training between checkpoints, and between looks at what is wanted


@dataclass(frozen=True)
class Made:
    """Hold what a job has made: a file, what is known of it, and whether it was stopped before."""

    path: Path
    about: dict[str, Any]
    stopped: bool = False


@dataclass(frozen=True)
class Task:
    """Hold a job as a worker sees it; `folder` is for its work, and stays until it is deleted.

    `engines` are those of pictures painted before.
    """

    asked: JobAsked
    folder: Path
    shelf: Shelf
    control: Control
    engines: Engines
    threads: int
    pixels: int

    def input(self, sha256: str) -> Path:
        """Return a file under a name like the one that it had."""
        folder = self.folder / "content"
        folder.mkdir(exist_ok=True)
        return self.shelf.linked(sha256, folder)


def run(task: Task) -> Made:
    """Do a job.

    Raises:
        ImpastoError: it cannot be done.
        KeyboardInterrupt: it was cancelled, and there is nothing yet.
        ReleasedError, LostError: see `Control.check`.
    """
    return _RUNS[task.asked.kind](task)


def _picture(task: Task) -> Made:
    asked, wanted = task.asked, task.asked.wanted()
    opened = open_large(task.input(asked.contents[0]))
    guides = task.shelf.guides(asked, opened.load)
    styles, blend = task.shelf.styles(asked)
    setup = Setup.open(styles, blend, asked.chosen(task.threads), guides, task.engines)
    path = task.folder / f"result.{wanted.format or 'png'}"
    told = ProvenanceOptions(strip_metadata=not wanted.recipe)
    output = Output.of(path, opened, wanted.depth, wanted.quality, provenance=told)
    job = FileJob.open(setup, opened, output)
    height, width = job.shape
    if height * width > task.pixels:
        raise OptionError(f"{width}x{height} px: this server makes up to {task.pixels} pixels")
    try:
        recipe = job.run(lambda step: task.control.step(step, _writer(job)))
    except DivergedError as error:
        if error.result is None:
            raise
        # the last sound picture is a result; its recipe says that it was stopped
        output.write(error.result)
        recipe = output.recorded(error.result.recipe)
    return Made(
        path, _about(FORMATS[wanted.format or "png"], width, height, recipe), recipe.stopped
    )


def _writer(job: FileJob) -> Callable[[Step, Path], object] | None:
    """Return what writes a step's picture with its recipe, if all of it is in the memory."""
    if job.picture is None:
        return None
    painted = Job(job.picture, job.setup)

    def write(step: Step, path: Path) -> None:
        Output(path).write(painted.result(step, stopped=step.number < step.total))

    return write


def _about(type: str, width: int, height: int, recipe: Recipe | None) -> dict[str, Any]:
    kind = "picture" if type.startswith("image/") else "film"
    plain = None if recipe is None else recipe.as_dict()
    return {"kind": kind, "type": type, "width": width, "height": height, "recipe": plain}


def _film(task: Task) -> Made:
    # late, as films need more than the core
    from impasto.film import Part, open_film
    from impasto.video import probe
    from impasto.video.read import exact, exact_rate

    asked, clip = task.asked, task.asked.clip()
    source = task.input(asked.contents[0])
    own = source.suffix.lstrip(".")
    ending = asked.wanted().format or (own if own in FILMS else "mp4")
    path = task.folder / f"result.{ending}"
    styles, blend = task.shelf.styles(asked)
    guides: Guides = task.shelf.guides(asked, None)
    options = asked.plain() | asked.temporal() | {"threads": task.threads, "size": clip.size}
    options |= {"strip_metadata": not asked.wanted().recipe}
    film = open_film(source, styles, path, blend, None, guides, _given(options))
    part = Part(exact(clip.start), exact(clip.end), exact_rate(clip.fps))

    def tell(painted: Any) -> None:
        height, width = painted.image.shape[:2]
        total = max(painted.total or painted.number, painted.number)
        about = {
            "step": painted.number, "total": total, "done": min(painted.number / total, 0.999),
            "width": width, "height": height, "seconds_left": painted.left,
        }  # fmt: skip
        task.control.tell(about, task.control.view(painted.image))

    replace(film, part=part, resume=film.can_go_on).run(tell)
    info = probe(path)
    about = _about(FILMS[ending], info.width, info.height, None)
    return Made(path, about | {"frames": info.frames, "seconds": float(info.duration)})


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _training(task: Task) -> Made:
    # late, as it needs torch
    from impasto.train.run import Run
    from impasto.train.style_run import train_style

    wanted, settings = task.asked.training()
    pictures = [task.input(ref.file) for ref in task.asked.styles if ref.file is not None]
    if len(pictures) != len(task.asked.styles):
        raise OptionError("a training needs the styles' pictures: upload them")
    budget = None if "steps" in task.asked.train else wanted.minutes * 60
    lines: list[str] = []
    started = time.monotonic()

    def tell(row: Mapping[str, float]) -> None:
        gone = time.monotonic() - started
        done = row["step"] / settings.steps if budget is None else min(gone / budget, 0.999)
        losses = {name: value for name, value in row.items() if "loss" in name}
        about = {
            "step": int(row["step"]), "total": settings.steps if budget is None else None,
            "done": done, "loss": row.get("loss"), "losses": losses, "message": lines[-1:],
        }  # fmt: skip
        about["message"] = lines[-1] if lines else None
        task.control.learned(int(row["step"]), losses)
        task.control.tell(about, _sample(task.folder / wanted.name / "samples.png"))

    def note(line: str) -> None:
        lines.append(line)
        task.control.check()

    run = Run(
        task.folder / wanted.name, _photos(task), budget=budget, every=_EVERY, report=tell,
        note=note,
    )  # fmt: skip
    path = train_style(pictures, run, settings, wanted.kind)
    return Made(path, {"kind": "network", "type": "application/zip", "style": wanted.name})


def _photos(task: Task) -> Path | None:
    """Return a folder of the photos to train on, if some are named."""
    if not task.asked.contents:
        return None
    folder = task.folder / "photos"
    folder.mkdir(exist_ok=True)
    for number, sha256 in enumerate(task.asked.contents):
        suffix = Path(task.shelf.file(sha256)["name"]).suffix
        task.shelf.store.link(sha256, folder / f"{number:04d}{suffix}")
    return folder


def _sample(samples: Path) -> Callable[[Path], object] | None:
    if not samples.exists():
        return None
    return lambda path: path.write_bytes(samples.read_bytes())


_RUNS: Mapping[str, Callable[[Task], Made]] = MappingProxyType(
    {"stylize": _picture, "video": _film, "train": _training}
)
