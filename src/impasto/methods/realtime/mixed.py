"""Several networks at one picture: each paints it, and what they paint is mixed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.methods.contract import Image, Part, Pixels
from impasto.methods.guides import Everywhere, Shares, check_masks
from impasto.methods.one_pass import OnePass
from impasto.methods.realtime.codes import StyleCode
from impasto.methods.realtime.engines import Engines
from impasto.methods.realtime.memory import Cost
from impasto.methods.realtime.options import RealtimeOptions
from impasto.methods.realtime.stylizer import RealtimeStylizer, network_of, prepare

Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class MixedStylizer(OnePass[RealtimeOptions]):
    """Stylize by several networks; a `Stylizer`.

    `networks` are stylizers, one for each network, and `places` say which styles, by number, each
    has. Styles of one network are blended inside it, those of several pixel by pixel. The networks
    have the strength map as well. Other fields are `OnePass`'s.
    """

    networks: tuple[RealtimeStylizer, ...]
    places: tuple[tuple[int, ...], ...]

    @property
    def cost(self) -> Cost:
        """Return what a tile takes, of all networks together; see `OnePass`."""
        first, *others = (network.cost for network in self.networks)
        return sum(others, start=first)

    def parts(self, content: Pixels, tile: int, first: int = 0) -> Iterator[Part]:
        """Yield the stylized content; see `OnePass`."""
        shares = Shares(self.masks, self.blend, Everywhere(1, content.shape), content)
        wanted = [sum(self.blend[i] for i in numbers) > 0 for numbers in self.places]
        chosen = [
            (part.parts(content, tile, first), numbers)
            for part, numbers, some in zip(self.networks, self.places, wanted, strict=True)
            if some
        ]
        # all networks are given the same tiles
        for each in zip(*(painted for painted, _ in chosen), strict=True):
            place = each[0].place
            rows = shares.rows(place)
            out = sum(
                rows[list(numbers)].sum(0)[..., None] * part.pixels
                for part, (_, numbers) in zip(each, chosen, strict=True)
            )
            yield Part(place, np.asarray(out, np.float32))

    def fitted(self, content: Image) -> Image:
        """Return the content, checked, at the size of the result."""
        return self.networks[0].fitted(content)

    def made_with(self) -> dict[str, Any]:
        """Return what else decides the result, for the recipe."""
        each = [part.made_with() for part in self.networks]
        hashes = "+".join(made["weights_sha256"] for made in each)
        return each[0] | {"weights_sha256": hashes}


def prepare_any(
    styles: Sequence[StyleCode | Image],
    blend: Sequence[float],
    options: RealtimeOptions,
    masks: Sequence[Array] = (),
    strength_map: Array | None = None,
    engines: Engines | None = None,
) -> RealtimeStylizer | MixedStylizer:
    """Return a stylizer of styles that may belong to several networks.

    Raises:
        as `stylizer.prepare`.
    """
    groups: dict[str, list[int]] = {}
    for number, style in enumerate(styles):
        own = network_of(style)
        groups.setdefault("" if own is None else own.sha256, []).append(number)
    if len(groups) == 1 or options.network is not None:  # which all must belong to
        return prepare(styles, blend, options, masks, strength_map, engines)
    check_masks(masks, styles)

    def prepared(options: RealtimeOptions) -> tuple[RealtimeStylizer, ...]:
        return tuple(
            prepare(
                [styles[i] for i in numbers],
                _normalized([blend[i] for i in numbers]),
                options,
                [masks[i] for i in numbers] if masks and len(numbers) > 1 else (),
                strength_map,
                engines,
            )
            for numbers in groups.values()
        )

    parts = prepared(options)
    precisions = {part.engine.precision for part in parts}
    if len(precisions) > 1:  # one that all have, so that the recipe can say it
        shared = "bfloat16" if "bfloat16" in precisions else "float32"
        parts = prepared(replace(options, precision=shared))
    places = tuple(tuple(numbers) for numbers in groups.values())
    return MixedStylizer(
        parts,
        places,
        blend=tuple(blend),
        options=options,
        masks=tuple(masks),
        strength_map=strength_map,
        room=parts[0].room,
    )


def _normalized(weights: Sequence[float]) -> list[float]:
    """Return weights that sum to one; equal ones where all are 0."""
    total = sum(weights)
    return [w / total if total else 1 / len(weights) for w in weights]
