"""From styles and options to a stylizer that takes milliseconds."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from impasto import __version__
from impasto.errors import OptionError
from impasto.images import keep_luminance, thumbnail
from impasto.methods.contract import Image, Part, Pixels
from impasto.methods.guides import Shares, mask_as_map, strength_at
from impasto.methods.one_pass import OnePass
from impasto.methods.realtime.codes import StyleCode, blend_codes
from impasto.methods.realtime.colors import color_code, coloring
from impasto.methods.realtime.encoding import STYLE_SIDE, encode_style
from impasto.methods.realtime.engines import Engine, Engines
from impasto.methods.realtime.findings import Findings
from impasto.methods.realtime.memory import Cost, cost_of
from impasto.methods.realtime.model import COLOR, RealtimeModel, shipped_model
from impasto.methods.realtime.network_file import read_network
from impasto.methods.realtime.options import RealtimeOptions
from impasto.methods.realtime.painting import Painter, Region
from impasto.methods.realtime.residual_painting import LARGEST, ResidualModel, ResidualPainter
from impasto.methods.realtime.settled import SHARE, Settled

if TYPE_CHECKING:
    from impasto.methods.realtime.network_file import NetworkFile

Array = NDArray[np.float32]

_MIXED_BELOW = 0.25  # strengths under this also mix in the content's own pixels


@dataclass(frozen=True, eq=False)
class RealtimeStylizer(OnePass[RealtimeOptions]):
    """Stylize by one network and styles' codes; a `Stylizer`. Other fields are `OnePass`'s.

    With `settled` contents are frames of a film; see `of_film`. `findings` are what was found in
    contents, which other stylizers may share.
    """

    model: RealtimeModel | ResidualModel
    engine: Engine
    codes: tuple[StyleCode, ...]
    settled: Settled | None = None
    findings: Findings = field(default_factory=Findings)

    def of_film(self, share: float = SHARE) -> RealtimeStylizer:
        """Return a stylizer for the frames of one film, in order, that settles statistics.

        `share` in [0, 1) is how slowly they follow; `begin_shot` lets them begin anew.
        """
        return replace(self, settled=Settled(share))

    def begin_shot(self) -> None:
        """Forget the frames before, as at a cut."""
        if self.settled is not None:
            self.settled.forget()

    @property
    def cost(self) -> Cost:
        """Return what a tile takes; see `OnePass`."""
        return cost_of(
            self.model.held * (4 if self.engine.precision == "float32" else 2),
            self.model.halo,
            regions=len(self.codes) if self.guided else 0,
            local=bool(self.options.local),
            least=LARGEST if isinstance(self.model, ResidualModel) else 0,
        )

    def parts(self, content: Pixels, tile: int, first: int = 0) -> Iterator[Part]:
        """Yield the stylized content; see `OnePass`."""
        strength, least = strength_at(self.options.strength, self.strength_map, content)
        own = self._own_code(content) if least < 1 else None
        painter = self._painter(tile)
        regions = self._regions(content, strength, own)
        for part in painter.parts(content, regions, self.options.local, first):
            pixels = part.pixels
            if self.options.preserve_color == "luminance":
                pixels = keep_luminance(pixels, content[part.place])
            if least < _MIXED_BELOW:
                share = np.minimum(strength[part.place] / np.float32(_MIXED_BELOW), 1)[..., None]
                before = content[part.place]
                pixels = before + share * (pixels - before)
            yield Part(part.place, pixels)

    def _painter(self, tile: int) -> Painter | ResidualPainter:
        if isinstance(self.model, ResidualModel):
            return ResidualPainter(self.model, self.engine, tile, self.settled)
        grain = self.options.grain
        return Painter(self.model, self.engine, tile, grain, self.settled, self.findings)

    def made_with(self) -> dict[str, Any]:
        """Return what else decides the result, for the recipe."""
        return {
            "impasto": __version__,
            self.engine.name: _version(self.engine.name),
            "engine": self.engine.name,
            "threads": self.engine.threads,
            "precision": self.engine.precision,
            "weights_sha256": self.model.sha256,
        }

    def _own_code(self, content: Pixels) -> StyleCode:
        """Return the content's code as a style of its own: what strength 0 tends to."""
        if self.model.identity is not None:
            colors = color_code(content, self.settled)
            return StyleCode("content", colors, affines=self.model.identity)
        key = ("as a style", self.model.sha256, self.engine.name, self.engine.precision)
        learned = self.findings.get(content, key, partial(self._as_style, content))
        if self.settled is not None:
            learned = self.settled("own", learned)
        return StyleCode("content", np.concatenate([learned, color_code(content, self.settled)]))

    def _as_style(self, content: Pixels) -> Array:
        height, width = content.shape[:2]
        large = max(height, width) > 4 * STYLE_SIDE
        seen = thumbnail(content, 4 * STYLE_SIDE) if large else content[0:height, 0:width]
        return encode_style(self.engine, seen)[:-COLOR]

    def _regions(self, content: Pixels, strength: Pixels, own: StyleCode | None) -> list[Region]:
        codes = self._colored(content)
        if not self.guided:
            code = blend_codes(codes, self.blend)
            if own is not None:
                share = self.options.strength
                code = blend_codes([own, code], [1 - share, share])
            return [self._region(code, None)]
        shares = Shares(self.masks, self.blend, strength, content)
        regions = [self._region(code, shares.of_style(i)) for i, code in enumerate(codes)]
        if own is not None:
            regions.append(self._region(own, shares.of_content()))
        return regions

    def _region(self, code: StyleCode, share: Pixels | None) -> Region:
        return Region(self.model.affines(code.vector, code.affines), coloring(code.vector), share)

    def _colored(self, content: Pixels) -> list[StyleCode]:
        """Return the codes, with the content's colours where these are to be kept."""
        if self.options.preserve_color != "statistics":
            return list(self.codes)
        colors = color_code(content, self.settled)
        return [
            replace(code, vector=np.concatenate([code.vector[:-COLOR], colors]))
            for code in self.codes
        ]


def prepare(
    styles: Sequence[StyleCode | Image],
    blend: Sequence[float],
    options: RealtimeOptions,
    masks: Sequence[Array] = (),
    strength_map: Array | None = None,
    engines: Engines | None = None,
) -> RealtimeStylizer:
    """Load the network, encode styles that are pictures, and return a stylizer.

    All styles belong to one network; `mixed` has those of several. `engines` are those of
    stylizers prepared before.

    Raises:
        WeightsError: the package's network is damaged.
        MissingExtraError: the engine is not installed.
        OptionError: there are masks, but not one for each style.
    """
    masks, strength_map = mask_as_map(masks, strength_map, styles)
    if options.style_scale != 1 and any(isinstance(style, StyleCode) for style in styles):
        raise OptionError(
            "style_scale needs the style's picture; a style that goes by a name has"
            " its scale already"
        )
    model, *_ = [_model(style, options.network) for style in styles]
    if options.local and isinstance(model, ResidualModel):
        raise OptionError("local: a residual network takes statistics of the whole picture")
    engines = engines or Engines()
    engine = engines.of(options, model.sha256, model.graphs)
    codes = tuple(
        style
        if isinstance(style, StyleCode)
        else StyleCode("picture", encode_style(engine, style, options.style_scale))
        for style in styles
    )
    return RealtimeStylizer(
        model,
        engine,
        codes,
        blend=tuple(blend),
        options=options,
        masks=masks,
        strength_map=strength_map,
        room=engines.room(options.memory),
        findings=engines.findings,
    )


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


def network_of(style: StyleCode | Image) -> NetworkFile | None:
    """Return the network that a style was trained with; None is the one that ships."""
    return style.network if isinstance(style, StyleCode) else None


def _version(engine: str) -> str:
    """Return the version of an engine that has been loaded, without a build's number."""
    return str(sys.modules[engine].__version__).partition("-")[0]
