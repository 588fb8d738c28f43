"""Watch a run: progress on the terminal, a log, snapshots, a plot of the losses."""

from __future__ import annotations

import csv
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TextIO

from impasto.cli.interrupt import raise_if_lost
from impasto.errors import ImageError, MissingExtraError
from impasto.images import save_picture
from impasto.methods import Step

Watcher = Callable[[Step], object]
Row = tuple[int, int, Mapping[str, float]]  # step, width, losses


class Progress:
    """Show steps, losses and time left: a live line on a terminal, plain lines elsewhere."""

    def __init__(self, stream: TextIO | None = None, quiet: bool = False) -> None:
        self.stream = sys.stderr if stream is None else stream
        self.live = self.stream.isatty()
        self.quiet = quiet
        self.started = time.monotonic()
        self.shown = -1.0
        self.begun: float | None = None  # the share of the work that runs before have done
        self.open = False

    def __call__(self, step: Step) -> None:
        """Show a step, if it is time to."""
        if step.message:
            where = f"step {step.number}: " if step.losses else ""
            self._write(f"impasto: note: {where}{step.message}", final=True)
        if self.begun is None:
            self.begun = step.done * (step.number - 1) / step.number
        now = time.monotonic() - self.started
        # ten times a second on a terminal, every twentieth of the work elsewhere
        due = now - self.shown >= 0.1 if self.live else step.done - self.shown >= 0.05
        if self.quiet or step.total == 1 or not (due or step.number == step.total):
            return
        self.shown = now if self.live else step.done
        left = now * (1 - step.done) / (step.done - self.begun)
        self._write(self._line(step, clock(left)), final=not self.live)

    def close(self) -> None:
        """End the live line."""
        if self.open:
            self.stream.write("\n")
            self.stream.flush()
            self.open = False

    def _line(self, step: Step, left: str) -> str:
        at = f"{step.number}/{step.total}  {step.width}x{step.height}"
        if not step.losses:
            return f"{self._bar(step.done)}tile {at}  {left} left"
        parts = {"content": 0.0, "style": 0.0}
        for name, value in step.losses.items():
            kind = name.split()[0]
            if kind in parts:
                parts[kind] += value
        losses = "  ".join(f"{name} {value:.4f}" for name, value in parts.items())
        return f"{self._bar(step.done)}step {at}  loss {step.loss:.4f}  {losses}  {left} left"

    def _bar(self, done: float) -> str:
        full = round(20 * done)
        return f"[{'#' * full}{'.' * (20 - full)}] " if self.live else ""

    def _write(self, line: str, *, final: bool) -> None:
        self.close() if final else None
        self.stream.write(f"{line}\n" if final else f"\r\x1b[K{line}")
        self.stream.flush()
        self.open = not final


class LossLog:
    """Write every step's losses to a CSV file as they come."""

    def __init__(self, path: Path) -> None:
        self.file = _open_text(path)
        self.writer: Any = None

    def __call__(self, step: Step) -> None:
        """Append a row: step, size, loss, one column for each term."""
        row = {"step": step.number, "width": step.width, "height": step.height, "loss": step.loss}
        row |= step.losses
        if self.writer is None:
            self.writer = csv.DictWriter(self.file, list(row))
            self.writer.writeheader()
        self.writer.writerow(row)
        self.file.flush()

    def close(self) -> None:
        """Close the file."""
        self.file.close()


class Snapshots:
    """Write the picture every so many steps, as step-0050.png, step-0100.png ..."""

    def __init__(self, folder: Path, every: int, *, force: bool = False) -> None:
        self.folder, self.every = folder, every
        if not force and next(folder.glob("step-*.png"), None):
            raise ImageError(f"{folder} holds snapshots: name another, or add --force")
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ImageError(f"{folder}: cannot be made a folder ({error.strerror})") from None

    def __call__(self, step: Step) -> None:
        """Write a picture when its turn has come."""
        if step.number % self.every == 0 or step.number == step.total:
            save_picture(self.folder / f"step-{step.number:04d}.png", step.image())


class LossPlot:
    """Collect losses; at the end draw them over the steps, one line for each term."""

    def __init__(self, path: Path) -> None:
        try:
            from matplotlib.backend_bases import FigureCanvasBase
        except ModuleNotFoundError:
            raise MissingExtraError("A loss plot", "optimize") from None
        if path.suffix[1:].lower() not in FigureCanvasBase.get_supported_filetypes():
            raise ImageError(
                f"{path}: no loss plot can be of this kind; name it .png, .svg or .pdf"
            )
        if not path.resolve().parent.is_dir():
            raise ImageError(f"{path}: its folder does not exist; make it first")
        self.path = path
        self.rows: list[Row] = []

    def __call__(self, step: Step) -> None:
        """Keep the step's numbers."""
        self.rows.append((step.number, step.width, dict(step.losses)))

    def close(self) -> None:
        """Write the plot; nothing when there was no step."""
        if self.rows:
            _draw(self.path, self.rows)


@contextmanager
def watching(watchers: Sequence[Watcher]) -> Iterator[Watcher]:
    """Give one watcher that tells them all, and close them however the run ends."""

    def tell(step: Step) -> None:
        for watcher in watchers:
            watcher(step)
        raise_if_lost()

    with ExitStack() as stack:
        for watcher in watchers:
            if hasattr(watcher, "close"):
                stack.callback(watcher.close)
        yield tell


def clock(seconds: float) -> str:
    """Return a time as 42 s, 3:05 or 1:02:03."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    hours, rest = divmod(whole, 3600)
    minutes = f"{rest // 60:02d}" if hours else f"{rest // 60}"
    return f"{f'{hours}:' if hours else ''}{minutes}:{rest % 60:02d}"


def _draw(path: Path, rows: Sequence[Row]) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 5), layout="constrained")
    axes = figure.subplots()
    numbers = [number for number, _, _ in rows]
    totals = [sum(losses.values()) for _, _, losses in rows]
    axes.plot(numbers, totals, color="black", linewidth=2, label="loss")
    for name in rows[0][2]:
        axes.plot(numbers, [losses[name] for _, _, losses in rows], linewidth=1, label=name)
    first = {width: number for number, width, _ in reversed(rows)}
    for width, number in first.items():
        axes.axvline(number, color="0.8", linewidth=1, zorder=0)
        axes.text(number, 1.01, f"{width} px", transform=axes.get_xaxis_transform(), fontsize=8)
    # a logarithm needs something above 0
    scale = "log" if max(totals) > 0 else "linear"
    axes.set(yscale=scale, xlabel="step", ylabel="weighted loss")
    axes.legend(fontsize=8)
    try:
        figure.savefig(path, dpi=120)
    except (OSError, ValueError) as error:
        raise ImageError(f"{path}: the loss plot cannot be written ({error})") from None


def _open_text(path: Path) -> Any:
    try:
        return path.open("w", newline="")
    except OSError as error:
        raise ImageError(f"{path}: cannot be written ({error.strerror})") from None
