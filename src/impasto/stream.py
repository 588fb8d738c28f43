"""From file to file: pictures of any size in bounded memory, in runs that can be gone on with.

A picture's way: unpacked onto the disk, painted there tile by tile, packed into its file. What is
on the disk lies in a folder beside the result until that is written.
"""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from impasto.engine import Rows, ahead, usable_cores
from impasto.errors import ImageError, OptionError
from impasto.images import (
    Opened,
    Picture,
    Scratch,
    check_large_target,
    check_target,
    pack,
    pack_deepzoom,
    save_picture,
    thumbnail,
)
from impasto.images.pack import is_streamed
from impasto.images.picture import MAX_PIXELS, check_side
from impasto.images.save import DEEP, format_of
from impasto.job import Job, Progress, Setup, Stylized
from impasto.methods.contract import Part, Step
from impasto.methods.quality import Options
from impasto.methods.realtime.memory import BYTES_PER_PIXEL
from impasto.methods.realtime.stylizer import OnePass
from impasto.methods.realtime.tiles import Tile, tiles_of, with_margin
from impasto.recipe import Ingredient, Recipe, file_sha256
from impasto.workspace import Workspace

_SHOWN = 1024  # longest side of what a step shows


@dataclass(frozen=True)
class Output:
    """Say what is written: `depth` in bits a sample, `quality` of JPEG 1..100, a pyramid or not."""

    path: Path
    depth: int = 8
    quality: int = 92
    deepzoom: bool = False

    @classmethod
    def of(
        cls,
        path: str | os.PathLike[str],
        opened: Opened,
        depth: int | None = None,
        quality: int = 92,
        *,
        deepzoom: bool = False,
    ) -> Output:
        """Return what is written of a content: without `depth`, as deep as it and the format are.

        Raises:
            ImageError: nothing can be written there, or not so.
        """
        if depth is None:
            depth = 16 if opened.deep and format_of(path) in DEEP else 8
        check_target(path, depth, quality)
        return cls(Path(path), depth, quality, deepzoom)

    def write(self, result: Stylized) -> Path:
        """Write a result that is in memory."""
        recipe = replace(result.recipe, output=self.recorded()).to_json()
        kept = {"depth": self.depth, "quality": self.quality}
        return save_picture(self.path, result.image, alpha=result.alpha, recipe=recipe, **kept)  # type: ignore[arg-type]

    @property
    def pyramid(self) -> Path:
        """Return where the pyramid's description is written; beside it stands its folder."""
        return self.path.with_suffix(".dzi")

    def recorded(self) -> dict[str, object]:
        """Return what a recipe says of it."""
        suffix = self.path.suffix.lower()
        return {"suffix": suffix, "depth": self.depth, "quality": self.quality}


@dataclass(frozen=True, eq=False)
class FileJob:
    """One file to be painted into another; `run` it.

    `picture` is the content where it is held in memory, None where it is painted on the disk.
    `tile` is the side of the tiles of a run before, to be repeated if the memory allows it.
    """

    setup: Setup
    opened: Opened
    output: Output
    picture: Picture | None
    tile: int | None = None

    @classmethod
    def open(
        cls,
        setup: Setup,
        opened: Opened,
        output: Output,
        tile: int | None = None,
    ) -> FileJob:
        """Decide where it is painted, and load the content if that is in memory.

        Raises:
            ImageError: the content cannot be read, or is too large or too small.
            OptionError: the memory does not do for a tile.
        """
        job = cls(setup, opened, output, None, tile)
        return job if job._is_for_the_disk() else replace(job, picture=opened.load())

    @property
    def shape(self) -> tuple[int, int]:
        """Return height and width of the result."""
        size, (height, width) = self._options.size, (self.opened.height, self.opened.width)
        if size is None:
            return height, width
        scale = size / max(height, width)
        height, width = round(height * scale), round(width * scale)
        check_side(width, height, f"the content at size {size}")
        return height, width

    def run(self, progress: Progress | None = None, stop_after: int | None = None) -> Recipe:
        """Paint and write; `stop_after` is the step of the optimiser to stop after.

        What is painted on the disk goes on where a run before was interrupted, if that was alike.

        Raises:
            ImageError: a file cannot be read or written, or the disk is too full.
            OptionError: the memory does not do for a tile.
            KeyboardInterrupt: the user stopped it; what is painted stays on the disk.
            others as the stylizer.
        """
        if self.picture is None:
            return self._run_on_disk(progress)
        result = Job(self.picture, self.setup).run(progress, stop_after)
        self.output.write(result)
        return result.recipe

    @property
    def _options(self) -> Options:
        return self.setup.stylizer.options

    def _is_for_the_disk(self) -> bool:
        if not isinstance(self.setup.stylizer, OnePass):
            return self.output.deepzoom
        if self.output.deepzoom or self.tile is not None:
            return True
        if len(tiles_of(with_margin(self.shape), self._side(0), 0)) == 1:
            return False
        return is_streamed(self.output.path) or not self._fits_in_memory()

    def _fits_in_memory(self) -> bool:
        sizes = math.prod(self.shape), self.opened.height * self.opened.width
        try:
            return max(sizes) <= MAX_PIXELS and self._side(BYTES_PER_PIXEL) > 0
        except OptionError:
            return False

    def _side(self, bytes_per_pixel: float) -> int:
        stylizer = self.setup.stylizer
        assert isinstance(stylizer, OnePass)
        side = stylizer.tile_side(*self.shape, bytes_per_pixel)
        return side if self.tile is None else min(side, self.tile)

    def _run_on_disk(self, progress: Progress | None) -> Recipe:
        stylizer, opened, output = self.setup.stylizer, self.opened, self.output
        if not isinstance(stylizer, OnePass):
            raise OptionError("only the real-time network paints on the disk: use quality fast")
        check_large_target(output.path, *self.shape)
        content = Ingredient(opened.path.name, file_sha256(opened.path))
        recipe = self.setup.recipe(content, 0 if stylizer.options.strength == 0 else 1)
        recipe = replace(recipe, output=output.recorded())
        with Workspace.open(output.path, recipe.as_dict()) as work, ExitStack() as files:
            _check_disk(work.folder, opened, self.shape, output.depth)
            # another memory would have others, whose pixels differ by a hair
            tile = work.keep("tile", self._side(0))
            recipe = replace(recipe, made_with={**recipe.made_with, "tile": tile})
            seen = files.enter_context(closing(work.content(opened, self.shape)))
            shape = (*self.shape, 3 + seen.has_alpha)
            result = Scratch(work.folder / "result", shape, output.depth)
            files.enter_context(closing(result))
            rows, text = Rows(), recipe.to_json()
            threads = self._options.threads or usable_cores()
            with ThreadPoolExecutor(1) as encoder:
                written = encoder.submit(
                    pack, result, output.path, text, output.quality, rows.wait, threads
                )
                with rows.given_up_on_error():
                    for step in _painted(stylizer, seen, result, tile, work, rows):
                        if progress is not None:
                            progress(step)
                        if written.done() and step.number < step.total:  # it has failed
                            written.result()
                written.result()
            if output.deepzoom:
                pack_deepzoom(result, output.pyramid, output.quality)
        return recipe


def _painted(
    stylizer: OnePass, seen: Scratch, result: Scratch, tile: int, work: Workspace, rows: Rows
) -> Iterator[Step]:
    """Paint what is not painted yet; yield a step after each tile."""
    (height, width, _), first = seen.shape, work.painted
    tiles = tiles_of(with_margin(seen.shape), tile, 0)
    message = f"going on at tile {first + 1} of {len(tiles)}" if first else None
    if stylizer.options.strength == 0:
        parts = _unchanged(seen, tiles[first:])
    else:
        parts = stylizer.parts(seen, tile, first)
    show = partial(thumbnail, result, _SHOWN)
    with closing(ahead(parts)) as coming:
        for number, part in enumerate(coming, first + 1):
            pixels = part.pixels
            if result.has_alpha:
                pixels = np.concatenate([pixels, seen.alpha(part.place)[..., None]], 2)
            result.write(part.place, pixels)
            work.mark(number)
            if part.place[1].stop == width and number < len(tiles):
                rows.reach(part.place[0].stop)
            yield Step(number, len(tiles), height, width, {}, number / len(tiles), show, message)
            message = None
    rows.reach(height)  # whoever stops it at the last tile stops the file too


def _unchanged(seen: Scratch, tiles: Sequence[Tile]) -> Iterator[Part]:
    for tile in tiles:
        place = tile.place(seen.shape)
        yield Part(place, seen[place])


def _check_disk(folder: Path, opened: Opened, shape: tuple[int, int], depth: int) -> None:
    """Compare what is put onto the disk with what is free, the result's own file not counted.

    Raises:
        ImageError: it does not fit.
    """
    before = opened.height, opened.width
    wide = opened.deep or not opened.rows or opened.profile is not None
    needed = 3 * math.prod(before) * (2 if wide else 1)
    needed += 3 * math.prod(shape) * (depth // 8 + 2 * (shape != before))
    free = shutil.disk_usage(folder).free + sum(f.stat().st_size for f in folder.iterdir())
    if needed > free:
        raise ImageError(
            f"{folder.parent} has {free / 2**30:.1f} GB free, and a {shape[1]}x{shape[0]} picture"
            f" takes {needed / 2**30:.1f} GB there while it is painted: write elsewhere with -o"
        )
