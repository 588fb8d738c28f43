"""Many pictures in many styles: one network in memory, every core at work."""

from __future__ import annotations

import csv
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock
from typing import Any

from impasto.engine import usable_cores
from impasto.errors import ImageError, ImpastoError, OptionError
from impasto.images import open_large
from impasto.images.files import reason
from impasto.images.save import format_of
from impasto.job import Setup
from impasto.methods.contract import Step
from impasto.methods.quality import Options
from impasto.methods.realtime.engines import Engines
from impasto.methods.realtime.options import RealtimeOptions
from impasto.names import Row, named, unused_pyramid
from impasto.output import Output
from impasto.provenance import ProvenanceOptions, check_identity
from impasto.stream import FileJob


@dataclass(frozen=True)
class Pair:
    """Name a content, its style (or several, to be blended), and the result."""

    content: Path
    styles: tuple[str, ...]
    out: Path


@dataclass(frozen=True)
class Outcome:
    """Tell what became of a pair: painted, skipped, or why not; and in how many seconds.

    `shape` is the height and width of what was painted.
    """

    pair: Pair
    seconds: float = 0.0
    shape: tuple[int, int] | None = None
    error: ImpastoError | None = None

    @property
    def skipped(self) -> bool:
        """Return whether there was nothing to do."""
        return self.shape is None and self.error is None


@dataclass(frozen=True)
class Batch:
    """Say how pairs are painted: the options, and what is written.

    `suffix` is the ending of results, None the content's where it can be written, else .png.
    Results that are there already are left alone: skipped, or an error, unless `force` says to
    write them anew.
    """

    options: Options
    depth: int | None = None
    quality: int = 92
    deepzoom: bool = False
    suffix: str | None = None
    blend: Sequence[float] | None = None
    skip_existing: bool = False
    force: bool = False
    provenance: ProvenanceOptions = field(default_factory=ProvenanceOptions)

    def __post_init__(self) -> None:
        """Check that what is there is not to be both left and written anew, and who signs."""
        if self.skip_existing and self.force:
            raise OptionError("skip_existing and force: what exists is left, or written anew")
        check_identity(self.provenance)

    def pairs(
        self,
        contents: Sequence[str | os.PathLike[str]],
        styles: Sequence[str | os.PathLike[str]],
        folder: str | os.PathLike[str],
        table: str | os.PathLike[str] | None = None,
    ) -> list[Pair]:
        """Return every content in every style, or in the blend of all; or the pairs of a CSV file.

        What is named twice is painted once.

        Raises:
            ImageError: the folder cannot be made, or nothing can be written of that suffix.
            OptionError: there is nothing to paint, or both lists and a file, or it cannot be read.
        """
        folder = Path(folder)
        if self.suffix is not None:
            format_of(f"a{self.suffix}")
        if table is not None:
            if contents or styles:
                raise OptionError(f"{table} says what is painted: leave out contents and styles")
            rows = read_pairs(table)
        else:
            names = tuple(os.fspath(style) for style in styles)
            wanted = [names] if self.blend is not None else [(name,) for name in names]
            rows = [(Path(content), style, None) for content in contents for style in wanted]
        if not rows:
            raise OptionError("nothing to paint: name contents and styles, or a table of pairs")
        rows = list(dict.fromkeys(rows))
        outs = named(rows, folder, self.suffix, pyramids=self.deepzoom)
        for parent in {out.parent for out in outs}:
            try:
                parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise ImageError(f"{parent}: cannot be made a folder ({error.strerror})") from None
        return [Pair(row[0], row[1], out) for row, out in zip(rows, outs, strict=True)]

    def run(self, pairs: Sequence[Pair]) -> Iterator[Outcome]:
        """Paint all pairs and yield what became of each, as they end.

        A file that cannot be read or written is told of, and the rest goes on. When the iteration
        is left, pictures that are not finished are given up; large ones can be gone on with.
        """
        workers = max(1, min(at_once(self.options), len(pairs)))
        setups, stop = _Setups(self.options, self.blend, workers), Event()
        with ThreadPoolExecutor(workers) as pool:
            futures = [pool.submit(self._one, pair, setups, stop) for pair in pairs]
            try:
                for future in as_completed(futures):
                    yield future.result()
            finally:
                stop.set()
                for future in futures:
                    future.cancel()

    def _one(self, pair: Pair, setups: _Setups, stop: Event) -> Outcome:
        started = time.monotonic()

        def go_on(_: Step) -> None:
            if stop.is_set():
                raise CancelledError

        try:
            if self.skip_existing and pair.out.exists() and not self._lacks_pyramid(pair.out):
                return Outcome(pair)
            job = self._job(pair, setups)
            job.run(go_on)
            return Outcome(pair, time.monotonic() - started, job.shape)
        except ImpastoError as error:
            told = error
        except MemoryError as error:
            told = ImageError(f"{pair.content}: out of memory ({error}): use a smaller --size")
        except (OSError, RuntimeError) as error:  # such as a graphics card's memory that is full
            told = ImageError(f"{pair.content}: {reason(error)}")
        return Outcome(pair, time.monotonic() - started, error=told)

    def _lacks_pyramid(self, out: Path) -> bool:
        return self.deepzoom and not out.with_suffix(".dzi").exists()

    def _job(self, pair: Pair, setups: _Setups) -> FileJob:
        if pair.out.exists() and not self.force:
            if self.skip_existing:
                raise ImageError(f"{pair.out} exists without a pyramid: add --force to paint both")
            raise ImageError(f"{pair.out} exists: add --skip-existing, or --force")
        setup, opened = setups.of(pair.styles), open_large(pair.content)
        rest: dict[str, Any] = {"deepzoom": self.deepzoom, "provenance": self.provenance}
        output = Output.of(pair.out, opened, self.depth, self.quality, **rest)
        if self.deepzoom:
            unused_pyramid(output.pyramid, force=self.force)
        return FileJob.open(setup, opened, output)


def at_once(options: Options) -> int:
    """Return how many pictures to paint at once: for torch, one takes all cores or the GPU.

    Else half as many again as there are threads, as each now and then waits for its file.
    """
    if not isinstance(options, RealtimeOptions):
        return 1
    if options.engine == "torch" or options.device in ("cuda", "mps"):
        return 1
    threads = options.threads or usable_cores()
    return threads + threads // 2


class _Setups:
    """Prepare each style once, all with the same engines; an error is kept as well."""

    def __init__(self, options: Options, blend: Sequence[float] | None, streams: int) -> None:
        self.options, self.blend = options, blend
        self.engines, self.lock = Engines(streams), Lock()
        self.made: dict[tuple[str, ...], Setup | ImpastoError] = {}

    def of(self, styles: tuple[str, ...]) -> Setup:
        with self.lock:
            if styles not in self.made:
                try:
                    self.made[styles] = Setup.open(
                        list(styles), self.blend, self.options, engines=self.engines
                    )
                except ImpastoError as error:
                    self.made[styles] = error
            found = self.made[styles]
        if isinstance(found, ImpastoError):
            raise found
        return found


def read_pairs(path: str | os.PathLike[str]) -> list[Row]:
    """Read a CSV file of contents, styles and, if wanted, results: a pair on each line.

    Contents and styles are counted from the folder of the file; a style may be a name. A first
    line that begins with "content" is a heading.

    Raises:
        OptionError: it cannot be read, or a line has no style.
    """
    path, rows = Path(path), list[Row]()
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            lines = [[cell.strip() for cell in line] for line in csv.reader(file)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise OptionError(f"{path}: cannot be read as pairs ({error})") from None
    for number, line in enumerate(lines, 1):
        if not any(line) or (number == 1 and line[0].lower() == "content"):
            continue
        if len(line) < 2 or not line[0] or not line[1]:
            raise OptionError(f"{path}, line {number}: expected a content and a style: {line}")
        style = path.parent / line[1]
        out = Path(line[2]) if len(line) > 2 and line[2] else None
        rows.append((path.parent / line[0], (str(style) if style.is_file() else line[1],), out))
    return rows
