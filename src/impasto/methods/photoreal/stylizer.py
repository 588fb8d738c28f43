"""From styles and options to a stylizer that moves tone, colour and light, and no texture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto import __version__
from impasto.engine import usable_cores
from impasto.images import resize, thumbnail
from impasto.methods.contract import Image, Part, Pixels, Place, Sample
from impasto.methods.guides import Shares, mask_as_map, strength_at
from impasto.methods.one_pass import OnePass
from impasto.methods.photoreal import retouch
from impasto.methods.photoreal.base import Base
from impasto.methods.photoreal.fit import SIDE, changed, fit_table
from impasto.methods.photoreal.options import PhotorealOptions
from impasto.methods.photoreal.table import Floats
from impasto.methods.realtime.memory import Cost
from impasto.methods.realtime.tiles import least_tile, tiles_of, with_margin

Array = NDArray[np.float32]

_BAND = 2**17  # pixels that a thread computes at a time, so that they stay in its cache
_BAND_BYTES = 240  # of each of them
_PIXEL_BYTES = 32  # of a tile: the content, what it becomes, and their copies
_RETOUCH_BYTES = 400  # more where it is smoothed
_FIT_BYTES = 2**27


@dataclass(frozen=True, eq=False)
class Change:
    """Say what a content is changed by: tables, each with its share of every place, or None.

    `strength` says how much of the retouching there is.
    """

    base: Base
    tables: Sequence[tuple[Floats, Pixels | None]]
    strength: Pixels


@dataclass(frozen=True, eq=False)
class PhotorealStylizer(OnePass[PhotorealOptions]):
    """Move tone, colour and light of styles onto a photo; a `Stylizer`.

    `styles` are small copies (h, w, 3) and `counts` say which of their pixels count (h, w), or
    None. Other fields are `OnePass`'s.
    """

    styles: tuple[Image, ...]
    counts: tuple[Array | None, ...]

    @property
    def cost(self) -> Cost:
        """Return what a tile takes; see `OnePass`."""
        shares = 8 * (len(self.styles) + 2) if self.guided else 0
        bands = self._threads * _BAND * (_BAND_BYTES + _RETOUCH_BYTES * bool(self.options.retouch))
        return Cost(_PIXEL_BYTES + shares, 0, fixed=_FIT_BYTES + bands)

    def parts(self, content: Pixels, tile: int, first: int = 0) -> Iterator[Part]:
        """Yield the stylized content; see `OnePass`."""
        change = self._fitted_to(content)
        tiles = tiles_of(with_margin(content.shape), least_tile(tile), 0)
        with ThreadPoolExecutor(self._threads) as pool:
            for each in tiles[first:]:
                place = each.place(content.shape)
                yield Part(place, self._painted(content, place, change, pool))

    def made_with(self) -> dict[str, Any]:
        """Return what else decides the result, for the recipe."""
        return {"impasto": __version__, "numpy": np.__version__}

    @property
    def _threads(self) -> int:
        return self.options.threads or usable_cores()

    def _fitted_to(self, content: Pixels) -> Change:
        """Fit a table for each style to a small copy of the content, where the style goes."""
        longest = max(content.shape[:2])
        small = thumbnail(content, min(longest, SIDE))
        whole = slice(0, small.shape[0]), slice(0, small.shape[1])
        wanted = self._shares(small).rows(whole)[:-1] if self.guided else [None] * len(self.styles)
        tables = [
            fit_table(small, style, here, there)
            for style, here, there in zip(self.styles, wanted, self.counts, strict=True)
        ]
        shares, base = self._shares(content), Base.of(small, longest)
        if self.masks:
            placed = [(table, shares.of_style(i)) for i, table in enumerate(tables)]
            return Change(base, placed, shares.strength)
        # styles that are alike everywhere are one table
        table = np.einsum("s,s...->...", np.asarray(self.blend, np.float32), np.stack(tables))
        share = None if self.strength_map is None else shares.strength
        if share is None:
            table = table * np.float32(self.options.strength)
        return Change(base, [(table, share)], shares.strength)

    def _shares(self, content: Pixels) -> Shares:
        strength, _ = strength_at(self.options.strength, self.strength_map, content)
        return Shares(self.masks, self.blend, strength, content)

    def _painted(
        self, content: Pixels, place: Place, change: Change, pool: ThreadPoolExecutor
    ) -> Image:
        """Return a part of the result, computed in bands of rows."""
        longest = max(content.shape[:2])
        halo = retouch.halo(longest) if self.options.retouch else 0
        outer = [
            slice(max(0, span.start - halo), min(length, span.stop + halo))
            for span, length in zip(place, content.shape, strict=False)
        ]
        seen = content[outer[0], outer[1]]
        tables = [(table, None if s is None else s[place]) for table, s in change.tables]
        amount = self.options.retouch * change.strength[place] if halo else None
        (top, bottom), (left, right) = ((span.start, span.stop) for span in place)
        columns = slice(left - outer[1].start, right - outer[1].start)
        out = np.empty((bottom - top, right - left, 3), np.float32)

        def paint(start: int) -> None:
            stop = min(start + band, bottom)
            rows, part = slice(start - top, stop - top), slice(start, stop)
            before = seen[start - outer[0].start : stop - outer[0].start, columns]
            if amount is not None:
                around = slice(max(outer[0].start, start - halo), min(outer[0].stop, stop + halo))
                window = seen[around.start - outer[0].start : around.stop - outer[0].start]
                smooth = retouch.smoothed(window, retouch.reach(longest))
                smooth = smooth[start - around.start : stop - around.start, columns]
                before = before + amount[rows, :, None] * (smooth - before)
            shared = [(table, None if s is None else s[rows]) for table, s in tables]
            after = changed(before, shared, change.base, (part, place[1]))
            after += before
            np.clip(after, 0, 1, out=out[rows])

        band = max(1, _BAND // (right - left), 4 * halo)
        list(pool.map(paint, range(top, bottom, band)))
        return out


def prepare(
    styles: Sequence[Sample],
    blend: Sequence[float],
    options: PhotorealOptions,
    masks: Sequence[Array] = (),
    strength_map: Array | None = None,
) -> PhotorealStylizer:
    """Look at styles and return a stylizer.

    Raises:
        OptionError: there are masks, but not one for each style.
    """
    masks, strength_map = mask_as_map(masks, strength_map, styles)
    small = [_small(style) for style in styles]
    return PhotorealStylizer(
        tuple(one.pixels for one in small),
        tuple(one.counts for one in small),
        blend=tuple(blend),
        options=options,
        masks=masks,
        strength_map=strength_map,
    )


def _small(style: Sample) -> Sample:
    pixels, counts = style.pixels, style.counts
    small = thumbnail(pixels, min(SIDE, max(pixels.shape[:2])))
    return Sample(small, None if counts is None else resize(counts, *small.shape[:2]))
