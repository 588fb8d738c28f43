"""Grey pictures that say where each style goes, and how strongly; read in parts."""

from __future__ import annotations

from collections.abc import Sequence, Sized
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.errors import ImageError, OptionError
from impasto.images import resized_part
from impasto.methods.contract import Pixels, Place

Array = NDArray[np.float32]

_LEAST_SHARE = 1e-6  # masks that want less in all, as resizing leaves, want nothing


class Guide:
    """Show a grey picture (H, W) at a content's size."""

    def __init__(self, grey: Array, content: Sequence[int], name: str) -> None:
        """Check that it has the content's proportions.

        Raises:
            ImageError: it has others.
        """
        height, width = content[:2]
        expected = grey.shape[0] * width / height
        if abs(expected - grey.shape[1]) > 1 + 0.01 * expected:
            raise ImageError(
                f"{name} is {grey.shape[1]}x{grey.shape[0]}, the content {width}x{height}: a mask"
                " needs the content's proportions"
            )
        self.grey, self.shape = grey, (height, width)

    def __getitem__(self, place: Place) -> Array:
        """Return some rows and columns."""
        if self.grey.shape == self.shape:
            return self.grey[place]
        return resized_part(self.grey, *self.shape, place)


class Everywhere:
    """Show one number at every place."""

    def __init__(self, value: float, content: Sequence[int]) -> None:
        self.value, self.shape = np.float32(value), (content[0], content[1])

    def __getitem__(self, place: Place) -> Array:
        """Return some rows and columns."""
        rows, columns = place
        return np.full((rows.stop - rows.start, columns.stop - columns.start), self.value)


class Shares:
    """Say which share of each place each style has: masks by weights, times the strength.

    What is left of a sum of one is the content's own.
    """

    def __init__(
        self, masks: Sequence[Array], blend: Sequence[float], strength: Pixels, content: Any
    ) -> None:
        """Check the masks' proportions.

        Raises:
            ImageError: they are not the content's.
        """
        self.masks = [Guide(m, content.shape, f"mask {i}") for i, m in enumerate(masks, 1)]
        self.blend = np.asarray(blend, np.float32)[:, None, None]
        self.strength, self.shape = strength, (content.shape[0], content.shape[1])
        self._last: tuple[Any, Array] | None = None

    def of_style(self, number: int) -> Pixels:
        """Return the shares of a style."""
        return _Row(self, number)

    def of_content(self) -> Pixels:
        """Return what is left for the content's own."""
        return _Row(self, len(self.blend))

    def rows(self, place: Place) -> Array:
        """Return the shares (N + 1, h, w) of a part, the content's last."""
        # each style asks for the same part in turn
        key = tuple((s.start, s.stop) for s in place)
        if self._last is None or self._last[0] != key:
            shares = self._wanted(place) * self.strength[place]
            self._last = key, np.concatenate([shares, 1 - shares.sum(0, keepdims=True)])
        return self._last[1]

    def _wanted(self, place: Place) -> Array:
        if not self.masks:
            return self.blend
        wanted = self.blend * np.stack([mask[place] for mask in self.masks])
        total = wanted.sum(0)
        # where no mask wants anything, all styles share by their weights
        shares = wanted / np.maximum(total, _LEAST_SHARE)
        return np.where(total > _LEAST_SHARE, shares, self.blend).astype(np.float32)


def strength_at(strength: float, grey: Array | None, content: Pixels) -> tuple[Pixels, float]:
    """Return the strength at each place, by a strength map if there is one, and the least of all.

    Raises:
        ImageError: the map has other proportions than the content.
    """
    if grey is None:
        return Everywhere(strength, content.shape), strength
    grey = np.float32(strength) * grey
    return Guide(grey, content.shape, "the strength map"), float(grey.min())


def check_masks(masks: Sized, styles: Sized, strength_map: Array | None = None) -> None:
    """Check that there is a mask for each style, or none.

    Raises:
        OptionError: there is not, or a single style has a mask and a strength map.
    """
    if masks and len(masks) != len(styles):
        raise OptionError(f"{len(masks)} masks for {len(styles)} styles: give one for each")
    if len(masks) == 1 and strength_map is not None:
        raise OptionError("one style takes a mask or a strength map, not both")


def mask_as_map(
    masks: Sequence[Array], strength_map: Array | None, styles: Sized
) -> tuple[tuple[Array, ...], Array | None]:
    """Return masks and strength map; the mask of a single style is that: else the content is there.

    Raises:
        OptionError: as `check_masks`.
    """
    check_masks(masks, styles, strength_map)
    return ((), masks[0]) if len(masks) == 1 else (tuple(masks), strength_map)


class _Row:
    def __init__(self, shares: Shares, number: int) -> None:
        self.shares, self.number, self.shape = shares, number, shares.shape

    def __getitem__(self, place: Place) -> Array:
        return self.shares.rows(place)[self.number]  # type: ignore[no-any-return]
