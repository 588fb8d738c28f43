"""From file to file: pictures of any size in bounded memory, in runs that can be gone on with.

A picture's way: unpacked onto the disk, painted there tile by tile, packed into its file. What is
on the disk lies in a folder beside the result until that is written.
"""

from __future__ import annotations

import math
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from impasto.engine import Rows, ahead, usable_cores
from impasto.errors import ImageError, OptionError
from impasto.images import (
    Opened,
    Picture,
    Scratch,
    check_large_target,
    pack,
    pack_deepzoom,
    thumbnail,
)
from impasto.images.pack import is_streamed
from impasto.images.picture import MAX_PIXELS, check_side
from impasto.job import Job, Progress, Setup
from impasto.methods.contract import Part, Step
from impasto.methods.one_pass import OnePass
from impasto.methods.quality import Options
from impasto.methods.realtime.memory import BYTES_PER_PIXEL
from impasto.methods.realtime.tiles import Tile, tiles_of, with_margin
from impasto.output import Output
from impasto.provenance import Seal
from impasto.recipe import Ingredient, Recipe, file_sha256
from impasto.workspace import Workspace

_SHOWN = 1024  # longest side of what a step shows
_ENCODED = 12  # bytes a pixel of a format that is encoded as a whole
_CONTENT = 20  # bytes a pixel of a content of another size, as it is decoded and held


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
            OptionError: the memory does not do for a tile, or the method has no pyramids.
        """
        if output.deepzoom and not isinstance(setup.stylizer, OnePass):
            raise OptionError("deepzoom is not for the optimiser: use quality fast or photoreal")
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

        What is painted on the disk goes on where a run before was stopped or failed, if that was
        of the same content, styles and options; in its tiles, whatever memory there is now. An
        optimiser that the user stops writes what it has; its recipe says `stopped`.

        Raises:
            ImageError: a file cannot be read or written, or the disk is too full.
            OptionError: the memory does not do for a tile.
            KeyboardInterrupt: the user stopped it before there was anything to write, or on the
                disk, where what is painted stays.
            others as the stylizer.
        """
        if self.picture is None:
            return self._run_on_disk(progress)
        result = Job(self.picture, self.setup).run(progress, stop_after)
        self.output.write(result)
        return self.output.recorded(result.recipe)

    @property
    def _options(self) -> Options:
        return self.setup.stylizer.options

    def _is_for_the_disk(self) -> bool:
        if not isinstance(self.setup.stylizer, OnePass):
            return False
        # what a run before has left there is gone on with, or cleared away
        begun = os.path.isdir(Workspace.of(self.output.path).folder)  # False for too long a name
        if self.output.deepzoom or self.tile is not None or begun:
            return True
        tiles = tiles_of(with_margin(self.shape), self._side(0), 0)
        return not self._fits_in_memory() or (len(tiles) > 1 and is_streamed(self.output.path))

    def _fits_in_memory(self) -> bool:
        before, after = (self.opened.height, self.opened.width), self.shape
        held: float = BYTES_PER_PIXEL
        if not is_streamed(self.output.path):
            held += _ENCODED
        if before != after:
            held += _CONTENT * math.prod(before) / math.prod(after)
        try:
            return max(math.prod(before), math.prod(after)) <= MAX_PIXELS and self._side(held) > 0
        except OptionError:
            return False

    def _side(self, bytes_per_pixel: float) -> int:
        stylizer = self.setup.stylizer
        assert isinstance(stylizer, OnePass)
        side = stylizer.tile_side(*self.shape, bytes_per_pixel)
        return side if self.tile is None else min(side, self.tile)

    def _run_on_disk(self, progress: Progress | None) -> Recipe:
        stylizer, opened, output = self.setup.stylizer, self.opened, self.output
        assert isinstance(stylizer, OnePass)
        check_large_target(output.path, *self.shape)
        content = Ingredient(opened.path.name, file_sha256(opened.path))
        recipe = self.setup.recipe(content, 0 if stylizer.options.strength == 0 else 1)
        recipe = output.recorded(recipe)
        with Workspace.open(output.path, _decisive(recipe)) as work, ExitStack() as files:
            _check_disk(work.folder, opened, self.shape, output.depth)
            # another memory would have others, whose pixels differ by a hair
            tile = work.keep("tile", lambda: self._side(0))
            recipe = replace(recipe, made_with={**recipe.made_with, "tile": tile})
            seen = files.enter_context(closing(work.content(opened, self.shape)))
            result = work.result((*self.shape, 3 + seen.has_alpha), output.depth)
            files.enter_context(closing(result))
            rows, text = Rows(), output.told(recipe)
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
            if output.provenance.signs:
                Seal(output.provenance, recipe.as_dict(), opened.path).seal_file(output.path)
            if output.deepzoom:
                pack_deepzoom(result, output.pyramid, output.quality)
        return recipe


def _painted(
    stylizer: OnePass[Any], seen: Scratch, result: Scratch, tile: int, work: Workspace, rows: Rows
) -> Iterator[Step]:
    """Paint what is not painted yet; yield a step after each tile."""
    message = (
        f"begun anew: {work.cleared} tiles of another run were there" if work.cleared else None
    )
    (height, width, _), first = seen.shape, work.painted
    tiles = tiles_of(with_margin(seen.shape), tile, 0)
    if first:
        message = f"going on at tile {first + 1} of {len(tiles)}"
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
            result.sync()
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


def _decisive(recipe: Recipe) -> dict[str, Any]:
    """Return what decides the pixels: not the memory, nor the cores, nor a JPEG's quality."""
    options = {k: v for k, v in recipe.options.items() if k not in ("memory", "threads")}
    made_with = {k: v for k, v in recipe.made_with.items() if k != "threads"}
    output = {"depth": recipe.output["depth"]}
    return replace(recipe, options=options, made_with=made_with, output=output).as_dict()


def _check_disk(folder: Path, opened: Opened, shape: tuple[int, int], depth: int) -> None:
    """Compare what is put onto the disk with what is free; the file is taken for uncompressed.

    Raises:
        ImageError: it does not fit.
    """
    samples = opened.channels * math.prod(shape)
    needed = opened.size + 2 * samples * depth // 8  # the result, and its file
    if shape != (opened.height, opened.width):
        needed += 2 * samples
    free = shutil.disk_usage(folder).free + sum(_taken(path) for path in folder.iterdir())
    if needed > free:
        raise ImageError(
            f"{folder.parent} has {free / 2**30:.1f} GB free, and a {shape[1]}x{shape[0]} picture"
            f" takes {needed / 2**30:.1f} GB there while it is painted: write elsewhere with -o"
        )


def _taken(path: Path) -> int:
    """Return the bytes that a file takes on the disk, which are fewer where it has gaps."""
    about = path.stat()
    return about.st_size if sys.platform == "win32" else about.st_blocks * 512
