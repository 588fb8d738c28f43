"""What a worker tells of a job while it paints, and what others want of it by then."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Event, Thread
from typing import Any

from impasto.images import save_picture, thumbnail
from impasto.methods.contract import Image, Step
from impasto.studio.queue import LostError, Queue

_LOOK = 0.25  # seconds between looks at what is wanted, and between reports
_PREVIEW = 1.0  # least seconds between pictures
_SHARE = 0.05  # of the time that pictures may take
_KEPT = 24  # pictures of a job; of more, every other one goes
_VIEW = 640  # longest side of pictures that are for looking at only


class ReleasedError(Exception):
    """Say that the server ends, and that the job is to be put back."""


class Control:
    """Hold a job's lease while it is worked at, and tell how far it is.

    `folder` is that of its previews. Steps call it; it raises KeyboardInterrupt where the job is
    cancelled, waits where it is paused, and raises `ReleasedError` when `stopping` is set.
    """

    def __init__(self, queue: Queue, job: str, worker: str, folder: Path, stopping: Event) -> None:
        self.queue, self.job, self.worker = queue, job, worker
        self.folder, self.stopping = folder, stopping
        self.wanted: str | None = None
        self.lost, self.ended = False, Event()
        self.started = time.monotonic()
        self._told = self._shown = -math.inf
        self._cost = 0.0
        self._losses: dict[int, Mapping[str, float]] = {}
        self.previews: list[int] = []
        for path in folder.glob("step-*"):
            path.unlink()
        queue.begin(job)
        self._thread = Thread(target=self._beat, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the heartbeat."""
        self.ended.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self.ended.wait(_LOOK):
            try:
                self.wanted = self.queue.beat(self.job, self.worker)
            except LostError:
                self.lost = True
                return

    def check(self) -> None:
        """Do what others want: go on, wait or stop.

        Raises:
            KeyboardInterrupt: the job is cancelled.
            ReleasedError: the server ends.
            LostError: the job is gone, or another worker's.
        """
        if self.wanted == "pause":
            self.queue.set_state(self.job, self.worker, "paused")
            began = time.monotonic()
            while self.wanted == "pause" and not self.lost and not self.stopping.is_set():
                time.sleep(0.05)
            self.started += time.monotonic() - began
            if self.wanted is None and not self.lost and not self.stopping.is_set():
                self.queue.set_state(self.job, self.worker, "running")
        if self.lost:
            raise LostError(self.job)
        if self.stopping.is_set():
            raise ReleasedError
        if self.wanted == "cancel":
            raise KeyboardInterrupt

    def step(self, step: Step, write: Callable[[Step, Path], object] | None) -> None:
        """Tell of a step; `write` writes its picture whole, else there is a view of it."""
        if step.losses:
            self._losses[step.number] = {"loss": step.loss, **step.losses}
        about = {
            "step": step.number, "total": step.total, "done": step.done,
            "width": step.width, "height": step.height,
            "loss": step.loss if step.losses else None, "losses": dict(step.losses),
            "message": step.message,
        }  # fmt: skip
        make = None
        if step.total > 1:
            make = self._view(step.image) if write is None else lambda path: write(step, path)
        self.tell(about, make)

    def tell(
        self,
        about: dict[str, Any],
        make: Callable[[Path], object] | None = None,
        last: bool = False,
    ) -> None:
        """Tell how far the job is, if it is time to; `make` writes a picture of it."""
        self.check()
        now, step = time.monotonic(), int(about["step"])
        last = last or about["done"] >= 1
        if now - self._told < _LOOK and not last:
            return
        gone = now - self.started
        about["rate"] = step / gone if gone > 0 else None
        if about.get("seconds_left") is None and about["done"] > 0:
            about["seconds_left"] = gone * (1 - about["done"]) / about["done"]
        preview = None
        if make is not None and now - self._shown >= max(_PREVIEW, self._cost / _SHARE):
            preview = self._make(step, make)
        self.queue.report(self.job, self.worker, _finite(about), self._losses, preview)
        self._told, self._losses = time.monotonic(), {}

    def learned(self, step: int, losses: Mapping[str, float]) -> None:
        """Keep the losses of a step, to be told with the rest."""
        self._losses[step] = dict(losses)

    def _make(self, step: int, make: Callable[[Path], object]) -> dict[str, Any]:
        began = time.monotonic()
        make(self.folder / f"step-{step:07d}.png")
        self.previews.append(step)
        if len(self.previews) > _KEPT:
            for old in self.previews[1:-1:2]:
                (self.folder / f"step-{old:07d}.png").unlink(missing_ok=True)
            self.previews = [*self.previews[:-1:2], self.previews[-1]]
        self._shown = time.monotonic()
        self._cost = self._shown - began
        return {"step": step, "url": f"/v1/jobs/{self.job}/preview?step={step}"}

    @staticmethod
    def _view(image: Callable[[], Image]) -> Callable[[Path], object]:
        def write(path: Path) -> None:
            pixels = image()
            save_picture(path, thumbnail(pixels, min(_VIEW, max(pixels.shape[:2]))))

        return write

    def view(self, pixels: Image) -> Callable[[Path], object]:
        """Return what writes a view of a picture."""
        return self._view(lambda: pixels)


def _finite(about: dict[str, Any]) -> dict[str, Any]:
    """Return numbers as JSON has them, which knows no infinity."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in about.items()
    }
