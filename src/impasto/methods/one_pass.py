"""What methods of one pass have in common: tiles, memory, and a single step."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from impasto.images import check_pixels, fit, sides_at
from impasto.methods.contract import Image, Part, Pixels, Step
from impasto.methods.realtime.memory import BYTES_PER_PIXEL, Cost, free_memory, tile_side
from impasto.methods.realtime.tiles import assembled

Array = NDArray[np.float32]


class PassOptions(Protocol):
    """Hold the options that all such methods have."""

    @property
    def strength(self) -> float:
        """Return how much style."""
        ...

    @property
    def size(self) -> int | None:
        """Return the longest side of the result."""
        ...

    @property
    def memory(self) -> str | None:
        """Return the memory to do with."""
        ...


Asked = TypeVar("Asked", bound=PassOptions)


@dataclass(frozen=True, eq=False, kw_only=True)
class OnePass(ABC, Generic[Asked]):
    """Stylize in one pass, whose only step is the result.

    `blend` are the styles' weights. `masks` (one (H, W) in [0, 1] for each style, or none) say
    where each goes; `strength_map` (H, W) multiplies the strength. `room` is how many bytes of
    memory a picture may take; None: as many as are free by then. There is no `init` to begin from.
    """

    blend: tuple[float, ...]
    options: Asked
    masks: tuple[Array, ...] = ()
    strength_map: Array | None = None
    room: int | None = None
    init: None = None

    @property
    def guided(self) -> bool:
        """Say whether styles go to some places more than to others."""
        return bool(self.masks) or self.strength_map is not None

    def varied(self, blend: Sequence[float], strength: float) -> Self:
        """Return the same stylizer with other shares of its styles, and another strength."""
        options: Any = self.options
        return replace(self, blend=tuple(blend), options=replace(options, strength=strength))

    @property
    @abstractmethod
    def cost(self) -> Cost:
        """Return what a tile takes in memory."""

    def tile_side(self, height: int, width: int, held: float = BYTES_PER_PIXEL) -> int:
        """Return the side of the tiles for a picture, of which `held` bytes a pixel are held.

        Raises:
            OptionError: the memory does not do for the smallest.
        """
        room = free_memory(self.options.memory) if self.room is None else self.room
        return tile_side(room, self.cost, height, width, held)

    @abstractmethod
    def parts(self, content: Pixels, tile: int, first: int = 0) -> Iterator[Part]:
        """Yield the stylized content in tiles of so many pixels, from the `first` on.

        `content` is not checked, nor brought to the size asked for; strength 0 is not for this.

        Raises:
            ImageError: a mask has other proportions.
        """

    def fitted(self, content: Image) -> Image:
        """Return the content, checked, at the size of the result."""
        content, size = check_pixels(content, "the content", copy=False), self.options.size
        # before it is enlarged, which may be more than the memory holds
        sides_at(content, size, "the content")
        return content if size in (None, max(content.shape[:2])) else fit(content, size)

    def __call__(self, content: Image) -> Image:
        """Return the stylized content, (H, W, 3) in [0, 1].

        Raises:
            ImageError: the content is no picture, too small or too large, or a mask has other
                proportions.
            OptionError: it does not fit in the memory.
        """
        content = self.fitted(content)
        if self.options.strength == 0:
            return content.copy()
        tile = self.tile_side(*content.shape[:2])
        return np.ascontiguousarray(assembled(self.parts(content, tile), content.shape))

    def iterate(self, content: Image) -> Iterator[Step]:
        """Yield the only step; nothing at strength 0, where the result is the content."""
        if self.options.strength > 0:
            painted = self(content)
            height, width = painted.shape[:2]
            yield Step(1, 1, height, width, losses={}, done=1.0, image=lambda: painted)
