"""From styles and options to a stylizer that takes milliseconds."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from impasto import __version__
from impasto.engine import available_memory
from impasto.errors import ImageError, OptionError
from impasto.images import check_pixels, fit, keep_luminance, resize
from impasto.images.picture import check_size
from impasto.methods.contract import Image, Step
from impasto.methods.realtime.codes import StyleCode, blend_codes
from impasto.methods.realtime.colors import color_code, coloring
from impasto.methods.realtime.encoding import encode_style
from impasto.methods.realtime.engines import Engine, make_engine
from impasto.methods.realtime.model import COLOR, RealtimeModel, shipped_model
from impasto.methods.realtime.network_file import read_network
from impasto.methods.realtime.options import RealtimeOptions
from impasto.methods.realtime.painting import Painter, Region
from impasto.methods.realtime.residual_painting import ResidualModel, ResidualPainter

if TYPE_CHECKING:
    from impasto.methods.realtime.network_file import NetworkFile

Array = NDArray[np.float32]

BYTES_PER_PIXEL = 60  # content, padded content, result and copies of them
BYTES_PER_TILE_PIXEL = 60  # what the engine takes, measured at 3840x2160
_LEAST_SHARE = 1e-6  # masks that want less in all, as resizing leaves, want nothing
_MIXED_BELOW = 0.25  # strengths under this also mix in the content's own pixels


class OnePass(ABC):
    """Stylize in one pass, whose only step is the result."""

    options: RealtimeOptions

    @abstractmethod
    def __call__(self, content: Image) -> Image:
        """Return the stylized content, (H, W, 3) in [0, 1]."""

    def iterate(self, content: Image) -> Iterator[Step]:
        """Yield the only step; nothing at strength 0, where the result is the content."""
        if self.options.strength > 0:
            painted = self(content)
            height, width = painted.shape[:2]
            yield Step(1, 1, height, width, losses={}, done=1.0, image=lambda: painted)


@dataclass(frozen=True, eq=False)
class RealtimeStylizer(OnePass):
    """Stylize in one pass; a `Stylizer`.

    `codes` are the styles' and `blend` their weights. `masks` (one (H, W) in [0, 1] for each
    style, or none) say where each style goes; `strength_map` (H, W) multiplies the strength.
    """

    model: RealtimeModel | ResidualModel
    engine: Engine
    codes: tuple[StyleCode, ...]
    blend: tuple[float, ...]
    options: RealtimeOptions
    masks: tuple[Array, ...] = ()
    strength_map: Array | None = None
    init: None = None

    def __call__(self, content: Image) -> Image:
        """Return the stylized content, (H, W, 3) in [0, 1].

        Raises:
            ImageError: the content is no picture, too small or too large, or a mask has another
                shape.
        """
        content, options = self.fitted(content), self.options
        if options.strength == 0:
            return content.copy()
        _check_memory(*content.shape[:2])
        strength = self._strength(content)
        own = self._own_code(content) if np.min(strength) < 1 else None
        painter = _painter(self.model, self.engine, options.grain)
        painted = painter(content, self._regions(content, strength, own), options.local)
        if options.preserve_color == "luminance":
            painted = keep_luminance(painted, content)
        mixed = np.minimum(strength / _MIXED_BELOW, 1)
        if np.min(mixed) < 1:
            share = np.asarray(mixed, np.float32)[..., None]
            painted = content + share * (painted - content)
        return np.ascontiguousarray(painted)

    def fitted(self, content: Image) -> Image:
        """Return the content, checked, at the size of the result."""
        content, size = check_pixels(content, "the content", copy=False), self.options.size
        height, width = content.shape[:2]
        if size is None:
            check_size(width, height, "the content")
            return content
        # before it is enlarged, which may be more than the memory holds
        scale = size / max(height, width)
        check_size(round(width * scale), round(height * scale), f"the content at size {size}")
        return fit(content, size)

    def made_with(self) -> dict[str, Any]:
        """Return what else decides the result, for the recipe."""
        return {
            "impasto": __version__,
            self.engine.name: _version(self.engine.name),
            "engine": self.engine.name,
            "precision": self.engine.precision,
            "weights_sha256": self.model.sha256,
        }

    def _strength(self, content: Image) -> Array:
        """Return the strength, one number or one for each pixel."""
        strength = np.float32(self.options.strength)
        if self.strength_map is None:
            return np.asarray(strength)
        return strength * _fitting(self.strength_map, content, "the strength map")

    def _own_code(self, content: Image) -> StyleCode:
        """Return the content's code as a style of its own: what strength 0 tends to."""
        if self.model.identity is not None:
            return StyleCode("content", color_code(content), affines=self.model.identity)
        return StyleCode("content", encode_style(self.engine, content))

    def _regions(self, content: Image, strength: Array, own: StyleCode | None) -> list[Region]:
        codes = self._colored(content)
        if not self.masks and strength.ndim == 0:
            code = blend_codes(codes, self.blend)
            if own is not None:
                code = blend_codes([own, code], [1 - float(strength), float(strength)])
            return [self._region(code, None)]
        shares = self._shares(content) * strength
        regions = [self._region(code, part) for code, part in zip(codes, shares, strict=True)]
        if own is not None:
            regions.append(self._region(own, 1 - shares.sum(0)))
        return regions

    def _region(self, code: StyleCode, share: Array | None) -> Region:
        return Region(self.model.affines(code.vector, code.affines), coloring(code.vector), share)

    def _colored(self, content: Image) -> list[StyleCode]:
        """Return the codes, with the content's colours where these are to be kept."""
        if self.options.preserve_color != "statistics":
            return list(self.codes)
        colors = color_code(content)
        return [
            replace(code, vector=np.concatenate([code.vector[:-COLOR], colors]))
            for code in self.codes
        ]

    def _shares(self, content: Image) -> Array:
        """Return each style's share of each pixel (N, H, W), of sum one."""
        return shares_of(self.masks, self.blend, content)


def shares_of(masks: Sequence[Array], blend: Sequence[float], content: Image) -> Array:
    """Return each style's share of each pixel of the content (N, H, W), of sum one.

    Raises:
        ImageError: a mask's proportions are not the content's.
    """
    even = np.asarray(blend, np.float32)[:, None, None]
    if not masks:
        return np.broadcast_to(even, (len(even), *content.shape[:2]))
    wanted = [
        weight * _fitting(mask, content, f"mask {i}")
        for i, (mask, weight) in enumerate(zip(masks, blend, strict=True), 1)
    ]
    table = np.stack(wanted)
    total = table.sum(0)
    # where no mask wants anything, all styles share by their weights
    return np.where(total > _LEAST_SHARE, table / np.maximum(total, _LEAST_SHARE), even)


def prepare(
    styles: Sequence[StyleCode | Image],
    blend: Sequence[float],
    options: RealtimeOptions,
    masks: Sequence[Array] = (),
    strength_map: Array | None = None,
) -> RealtimeStylizer:
    """Load the network, encode styles that are pictures, and return a stylizer.

    All styles belong to one network; `mixed` has those of several.

    Raises:
        WeightsError: the package's network is damaged.
        MissingExtraError: the engine is not installed.
        OptionError: there are masks, but not one for each style.
    """
    if masks and len(masks) != len(styles):
        raise OptionError(f"{len(masks)} masks for {len(styles)} styles: give one for each")
    if len(masks) == 1:  # the style here, the content there
        if strength_map is not None:
            raise OptionError("one style takes a mask or a strength map, not both")
        strength_map = masks[0]
        masks = ()
    if options.style_scale != 1 and any(isinstance(style, StyleCode) for style in styles):
        raise OptionError(
            "style_scale needs the style's picture; a style that goes by a name has"
            " its scale already"
        )
    model, *_ = [_model(style, options.network) for style in styles]
    if options.local and isinstance(model, ResidualModel):
        raise OptionError("local: a residual network takes statistics of the whole picture")
    engine = make_engine(
        options.engine, options.precision, options.device, options.threads, model.graphs
    )
    codes = tuple(
        style
        if isinstance(style, StyleCode)
        else StyleCode("picture", encode_style(engine, style, options.style_scale))
        for style in styles
    )
    return RealtimeStylizer(model, engine, codes, tuple(blend), options, tuple(masks), strength_map)


def _model(style: StyleCode | Image, network: str | None) -> RealtimeModel | ResidualModel:
    """Return the network that a style belongs to.

    Raises:
        OptionError: it is another than the one that is asked for, or that one takes no pictures.
    """
    own = network_of(style)
    if network is None:
        return shipped_model() if own is None else own.model()
    file = read_network(network)
    if isinstance(style, StyleCode) and (own is None or own.sha256 != file.sha256):
        raise OptionError(f"style {style.name} belongs to another network than {network}")
    if own is None and file.about["arch"] != "realtime":
        raise OptionError(f"{network} knows its own styles only: {', '.join(file.names)}")
    return file.model()


def _painter(
    model: RealtimeModel | ResidualModel, engine: Engine, grain: float
) -> Painter | ResidualPainter:
    if isinstance(model, ResidualModel):
        return ResidualPainter(model, engine)
    return Painter(model, engine, grain=grain)


def network_of(style: StyleCode | Image) -> NetworkFile | None:
    """Return the network that a style was trained with; None is the one that ships."""
    return style.network if isinstance(style, StyleCode) else None


def _check_memory(height: int, width: int) -> None:
    """Compare what a picture takes with what is free.

    Raises:
        OptionError: it is too large for this machine.
    """
    there = available_memory()
    pixels = height * width
    needed = BYTES_PER_PIXEL * pixels + BYTES_PER_TILE_PIXEL * min(pixels, 4464**2)
    if there is not None and needed > there:
        side = int(max(height, width) * (0.9 * there / needed) ** 0.5)
        raise OptionError(
            f"a {width}x{height} picture needs about {needed / 2**30:.1f} GB, and"
            f" {there / 2**30:.1f} GB are free: use --size {side}"
        )


def _version(engine: str) -> str:
    """Return the version of an engine that has been loaded, without a build's number."""
    return str(sys.modules[engine].__version__).partition("-")[0]


def _fitting(mask: Array, content: Image, name: str) -> Array:
    """Return a mask (H, W) at the content's size.

    Raises:
        ImageError: its proportions are not the content's.
    """
    height, width = content.shape[:2]
    if mask.shape == (height, width):
        return mask
    expected = mask.shape[0] * width / height
    if abs(expected - mask.shape[1]) > 1 + 0.01 * expected:
        raise ImageError(
            f"{name} is {mask.shape[1]}x{mask.shape[0]}, the content {width}x{height}: a mask needs"
            " the content's proportions"
        )
    return resize(mask, height, width)
