"""Parts of the page about places: where it changed, and what of the style is where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from impasto.explanation.charts import legend_bar, result_outlines, style_outlines
from impasto.explanation.findings import (
    Attribution,
    LayerMaps,
    Plane,
    half_share,
    hex_color,
)
from impasto.explanation.inputs import Trio
from impasto.explanation.markup import (
    HUES,
    figure,
    image,
    paragraph,
    row,
    section,
    text,
)
from impasto.explanation.overlays import (
    SMALL,
    blocky,
    grey,
    heat,
    heat_color,
    mosaic,
    position_code,
    shown,
    times_even,
)
from impasto.explanation.words import LAYERS, percent
from impasto.methods.contract import Image

if TYPE_CHECKING:
    from impasto.explanation.explained import Explanation


def maps_section(found: Explanation) -> str:
    """Return where each layer's losses come from."""
    told = paragraph(
        "The first map of each layer shows where the result differs from the content. The second"
        " shows which changes brought it nearer to the style; blue ones led away from it. Bright"
        " places did more than their even share."
    )
    parts = [_layer(item, found.trio) for item in found.maps]
    return section("maps", "Where it changed", told, *parts)


def _layer(item: LayerMaps, trio: Trio) -> str:
    seen = f", sees squares of {item.sees} px" if item.sees else ""
    head = f"<h3>{text(LAYERS[item.layer])} <small>{text(item.layer + seen)}</small></h3>"
    under = shown(trio.result, SMALL)
    half = percent(half_share(item.content))
    change = f"Change of the content: {item.changed:.3f}; half of it in {half} of the picture."
    gain = (
        f"Nearer to the style by {item.before - item.after:.3f} (squared distance"
        f" {item.before:.3f} to {item.after:.3f})."
    )
    return head + row(
        (
            _map(item.content, under, change, f"Heat map: change of the content, {item.layer}"),
            _map(item.style, under, gain, f"Heat map: gain for the style, {item.layer}"),
        ),
        "row maps",
    )


def _map(values: Plane, under: Image, caption: str, alt: str) -> str:
    relative, top = times_even(values)
    signed = bool((relative < -0.05).any())
    stops = [hex_color(heat_color(stop)) for stop in _STOPS]
    if signed:
        legend = legend_bar(["#2673f2", *stops], f"-{top:.1f}", f"{top:.1f} times the even share")
    else:
        legend = legend_bar(stops, "0", f"{top:.1f} times the even share")
    return figure(image(heat(under, relative, top), alt), caption, legend)


_STOPS = (0.0, 1 / 3, 2 / 3, 1.0)


def attribution_section(found: Explanation) -> str:
    """Return which part of the style each place of the result resembles."""
    told = paragraph(
        "For each place of the result, the place of the style that looks likest to the network."
        " In the mosaic that place's pixels of the style are painted; in the map each place has the"
        " colour of where its match lies in the style. It shows resemblance, not descent."
    )
    parts = [_matches(item, found.trio) for item in found.attributions]
    return section("style", "Which part of the style went where", told, *parts)


def _matches(item: Attribution, trio: Trio) -> str:
    height, width = trio.result.shape[:2]
    code, coded = position_code(item, trio.style)
    name = LAYERS[item.layer]
    head = f"<h3>By {text(name)} <small>{text(item.layer)}</small></h3>"
    small = shown(mosaic(trio.style, item, height, width))
    map_of = blocky(code, *shown(trio.result).shape[:2])
    pictures = row(
        (
            figure(
                image(small, f"Mosaic of the style's places, {item.layer}"), "Mosaic of matches"
            ),
            figure(image(map_of, f"Map of matches, {item.layer}"), "Where in the style"),
            figure(image(shown(coded), "The style in the same colours"), "The style, same colours"),
        )
    )
    told = paragraph(
        f"{percent(item.used)} of the style's places are resembled by any (as many blind picks"
        f" would reach {percent(item.by_chance)}); half of the result resembles only"
        f" {percent(item.half)} of them. Mean likeness {item.likeness.mean():.2f}; the content's"
        f" was {item.likeness_before.mean():.2f}."
    )
    # single places are too scattered to be told apart
    return head + pictures + told + (_patches(item, trio) if item.square > 1 else "")


def _patches(item: Attribution, trio: Trio) -> str:
    faint = (grey(trio.result) * 0.6 + 0.35).clip(0, 1)
    pictures = row(
        (
            _over(
                trio.style,
                "The style with its most used patches outlined",
                style_outlines(item, *trio.style.shape[:2]),
                "The patches of the style that most of the result resembles",
            ),
            _over(
                faint,
                "The result with the places that resemble these patches",
                result_outlines(item, *trio.result.shape[:2]),
                "The places that resemble them, in the same colours",
            ),
        )
    )
    high, wide = item.style_shape
    crops = []
    for n, patch in enumerate(item.patches):
        rows = slice(patch.top * item.cell, patch.bottom * item.cell)
        columns = slice(patch.left * item.cell, patch.right * item.cell)
        even = (patch.bottom - patch.top) * (patch.right - patch.left) / (high * wide)
        swatch = f'<span class="swatch" style="background:{HUES[n]}"></span>'
        told = f"{n + 1}: {100 * patch.share:.1f} % of the result ({100 * even:.1f} % of the style)"
        crops.append(figure(swatch + image(trio.style[rows, columns], f"Patch {n + 1}"), told))
    return pictures + row(crops, "crops")


def _over(pixels: Image, alt: str, drawing: str, caption: str) -> str:
    inner = f'<div class="over-it">{image(shown(pixels), alt)}{drawing}</div>'
    return figure(inner, caption)
