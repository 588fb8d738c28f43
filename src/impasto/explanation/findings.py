"""What was found: numbers as plain values, and the maps that they are sums of. Needs no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]  # (H, W)
Places = NDArray[np.int64]


@dataclass(frozen=True)
class Distance:
    """Hold how far the result is from both pictures, in one layer at one size.

    `content` and `style` are the result's. The others are yardsticks: `content_of_style` is the
    style's own distance from the content (stretched to its size), `style_of_content` the
    content's own from the style, and `style_of_half` what a half of the style has from the whole,
    mean of four halves.
    """

    layer: str
    size: int
    content: float
    content_of_style: float
    style: float
    style_of_content: float
    style_of_half: float

    @property
    def moved(self) -> float | None:
        """Return the change as a share of what another picture gets; None where that is 0."""
        return _share(self.content, self.content_of_style)

    @property
    def gone(self) -> float | None:
        """Return the share of the way to the style that is gone; None where there was none."""
        left = _share(self.style, self.style_of_content)
        return None if left is None else 1 - left


@dataclass(frozen=True, eq=False)
class Channel:
    """Hold one channel of a layer in the three pictures, and its share of the layer's change."""

    number: int
    share: float
    content: Plane
    style: Plane
    result: Plane


@dataclass(frozen=True, eq=False)
class LayerMaps:
    """Hold what each place of one layer has to do with the losses.

    `content` (H, W) sums to `changed`, the distance from the content. `style` (H, W) sums to
    `before` - `after`, the squared distances of content and result from the style: where it is
    negative, a change led away from the style. A feature sees a square of `sees` pixels.
    """

    layer: str
    sees: int
    changed: float
    before: float
    after: float
    content: Plane
    style: Plane
    channels: tuple[Channel, ...]


@dataclass(frozen=True)
class Patch:
    """Hold a rectangle of the style, in cells, and the share of the result that resembles it."""

    top: int
    left: int
    bottom: int
    right: int
    share: float


@dataclass(frozen=True, eq=False)
class Attribution:
    """Hold for each place of the result the place of the style that it resembles most.

    `rows` and `columns` (H, W) are places of the style's `style_shape`; a place is a square of
    `cell` pixels, compared together with those around it, `square` x `square` in all. `likeness`
    (H, W) are the cosines, `likeness_before` those of the content with its own matches. `used` is
    the share of the style's places that anything resembles, `by_chance` what as many blind picks
    would give, `half` the smallest share that half of the result resembles.
    """

    layer: str
    cell: int
    square: int
    style_shape: tuple[int, int]
    rows: Places
    columns: Places
    likeness: Plane
    likeness_before: Plane
    used: float
    by_chance: float
    half: float
    patches: tuple[Patch, ...]


@dataclass(frozen=True, eq=False)
class Palette:
    """Hold a picture's main colours (k, 3), sRGB in [0, 1], dark to light, and their shares."""

    colors: Plane
    shares: Plane


@dataclass(frozen=True, eq=False)
class Colors:
    """Hold what became of the colours.

    `flow` (k, l) is the share of pixels that go from a colour of the content's palette to one of
    the result's. `lightness` and `chroma` are means in OKLab, each from 0 to about 1 and 0.3, of
    content, style and result. `before` and `after` are the distances of the content's and the
    result's colours from the style's, sliced Wasserstein in OKLab.
    """

    content: Palette
    style: Palette
    result: Palette
    flow: Plane
    lightness: tuple[float, float, float]
    chroma: tuple[float, float, float]
    before: float
    after: float


@dataclass(frozen=True, eq=False)
class Curves:
    """Hold a log of losses: the columns by name, (N,) each, and where the size changes."""

    steps: NDArray[np.float64]
    losses: dict[str, NDArray[np.float64]]
    sizes: tuple[tuple[float, int], ...]  # first step, width


def plain(found: Any) -> dict[str, Any]:
    """Return a finding's numbers, as JSON keeps them, without its maps of places."""
    values = {}
    for name, value in vars(found).items():
        if isinstance(value, np.ndarray):
            continue
        if isinstance(value, tuple) and value and hasattr(value[0], "__dict__"):
            values[name] = [plain(item) for item in value]
        elif isinstance(value, Palette):
            values[name] = palette_as_dict(value)
        else:
            values[name] = list(value) if isinstance(value, tuple) else value
    return values


def palette_as_dict(palette: Palette) -> list[dict[str, Any]]:
    """Return colours as #rrggbb, and their shares."""
    pairs = zip(palette.colors, palette.shares, strict=True)
    return [{"color": hex_color(color), "share": float(share)} for color, share in pairs]


def hex_color(color: NDArray[Any]) -> str:
    """Return a colour in [0, 1] as #rrggbb."""
    return "#" + "".join(f"{round(255 * float(value)):02x}" for value in color)


def half_share(counts: NDArray[np.int64] | NDArray[np.float32]) -> float:
    """Return the smallest share of places that hold half of the sum of all; 0 where it is 0."""
    ordered = np.sort(counts.ravel().astype(np.float64))[::-1]
    if ordered.sum() <= 0:
        return 0.0
    return float((np.searchsorted(np.cumsum(ordered), ordered.sum() / 2) + 1) / ordered.size)


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole > 1e-9 else None
