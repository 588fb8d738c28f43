"""From file to file: pictures of any size in bounded memory, in runs that can be gone on with.

A picture's way: unpacked onto the disk, painted there tile by tile, packed into its file. What is
on the disk lies in a folder beside the result until that is written.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from impasto.engine import ahead
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
from impasto.images.picture import check_side
from impasto.images.save import DEEP, format_of
from impasto.job import Job, Progress, Setup, Stylized
from impasto.methods.contract import Part, Step
from impasto.methods.realtime.memory import tile_side
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
        check_target(path, depth)
        return cls(Path(path), depth, quality, deepzoom)

    def write(self, result: Stylized) -> Path:
        """Write a result that is in memory."""
        recipe = replace(result.recipe, output=self.recorded()).to_json()
        kept = {"depth": self.depth, "quality": self.quality}
        return save_picture(self.path, result.image, alpha=result.alpha, recipe=recipe, **kept)  # type: ignore[arg-type]

    def recorded(self) -> dict[str, object]:
        """Return what a recipe says of it."""
        suffix = self.path.suffix.lower()
        return {"suffix": suffix, "depth": self.depth, "quality": self.quality}


@dataclass(frozen=True, eq=False)
class FileJob:
    """One file to be painted into another; `run` it.

    `picture` is the content where it is held in memory, None where it is painted on the disk.
    """

    setup: Setup
    opened: Opened
    output: Output
    picture: Picture | None
    share: float = 1

    @classmethod
    def open(cls, setup: Setup, opened: Opened, output: Output, share: float = 1) -> FileJob:
        """Decide where it is painted, and load the content if that is in memory.

        `share` is that of the memory which is this job's, where several run at once.

        Raises:
            ImageError: the content cannot be read, or is too large or too small.
            OptionError: the memory does not do for a tile.
        """
        on_disk = output.deepzoom or _takes_tiles(setup, opened, share)
        return cls(setup, opened, output, None if on_disk else opened.load(), share)

    @property
    def shape(self) -> tuple[int, int]:
        """Return height and width of the result."""
        return _size(self.setup, self.opened)

    def run(self, progress: Progress | None = None, stop_after: int | None = None) -> Recipe:
        """Paint and write; `stop_after` is the step of the optimiser to stop after.

        Raises:
            as `paint_large`, and as the stylizer.
        """
        if self.picture is None:
            return paint_large(self.setup, self.opened, self.output, progress, self.share)
        result = Job(self.picture, self.setup).run(progress, stop_after)
        self.output.write(result)
        return result.recipe


def _size(setup: Setup, opened: Opened) -> tuple[int, int]:
    size = setup.stylizer.options.size
    if size is None:
        return opened.height, opened.width
    scale = size / max(opened.height, opened.width)
    height, width = round(opened.height * scale), round(opened.width * scale)
    check_side(width, height, f"the content at size {size}")
    return height, width


def _takes_tiles(setup: Setup, opened: Opened, share: float) -> bool:
    if not isinstance(setup.stylizer, OnePass):
        return False
    shape = _size(setup, opened)
    side = tile_side(setup.stylizer.options, *shape, 0, share)
    return len(tiles_of(with_margin(shape), side, 0)) > 1


def paint_large(
    setup: Setup,
    opened: Opened,
    output: Output,
    progress: Progress | None = None,
    share: float = 1,
) -> Recipe:
    """Paint a file of any size into another, in bounded memory: a `share` of that there is.

    A run that was interrupted goes on where it was, when it is begun again alike.

    Raises:
        ImageError: a file cannot be read or written, or the disk is too full.
        OptionError: the memory does not do for a tile.
        KeyboardInterrupt: the user stopped it; what is painted stays on the disk.
    """
    stylizer, shape = setup.stylizer, _size(setup, opened)
    if not isinstance(stylizer, OnePass):
        raise OptionError("only the real-time network paints on the disk: use quality fast")
    check_large_target(output.path, *shape)
    tile = tile_side(stylizer.options, *shape, 0, share)
    content = Ingredient(opened.path.name, file_sha256(opened.path))
    steps = 0 if stylizer.options.strength == 0 else 1
    recipe = replace(setup.recipe(content, steps), output=output.recorded())
    with Workspace.open(output.path, [recipe.as_dict(), tile]) as work:
        _check_disk(work.folder, opened, shape, output.depth)
        seen = work.content(opened, shape)
        result = Scratch(work.folder / "result", (*shape, 3 + seen.has_alpha), output.depth)
        _paint(stylizer, seen, result, tile, work, progress)
        pack(result, output.path, recipe.to_json(), output.quality)
        if output.deepzoom:
            pack_deepzoom(result, output.path.with_suffix(".dzi"), output.quality)
        seen.close()
        result.close()
    return recipe


def _paint(
    stylizer: OnePass,
    seen: Scratch,
    result: Scratch,
    tile: int,
    work: Workspace,
    progress: Progress | None,
) -> None:
    (height, width, _), first = seen.shape, work.painted
    tiles = tiles_of(with_margin(seen.shape), tile, 0)
    message = f"going on at tile {first + 1} of {len(tiles)}" if first else None
    if stylizer.options.strength == 0:
        parts = _unchanged(seen, tiles[first:])
    else:
        parts = stylizer.parts(seen, tile, first)
    for number, part in enumerate(ahead(parts), first + 1):
        pixels = part.pixels
        if result.has_alpha:
            pixels = np.concatenate([pixels, seen.alpha(part.place)[..., None]], 2)
        result.write(part.place, pixels)
        work.mark(number)
        if progress is not None:
            show, done = partial(thumbnail, result, _SHOWN), number / len(tiles)
            progress(Step(number, len(tiles), height, width, {}, done, show, message))
            message = None


def _unchanged(seen: Scratch, tiles: Sequence[Tile]) -> Iterator[Part]:
    for tile in tiles:
        place = tile.place(seen.shape)
        yield Part(place, seen[place])


def _check_disk(folder: Path, opened: Opened, shape: tuple[int, int], depth: int) -> None:
    """Compare what is put onto the disk with what is free, the result's own file not counted.

    Raises:
        ImageError: it does not fit.
    """
    pixels = opened.height * opened.width * (2 if opened.deep else 1)
    pixels += shape[0] * shape[1] * (depth // 8 + 2 * (shape != (opened.height, opened.width)))
    free = shutil.disk_usage(folder).free + sum(f.stat().st_size for f in folder.iterdir())
    if 3 * pixels > free:
        raise ImageError(
            f"{folder.parent} has {free / 2**30:.1f} GB free, and a {shape[1]}x{shape[0]} picture"
            f" takes {3 * pixels / 2**30:.1f} GB there while it is painted: write elsewhere with -o"
        )
