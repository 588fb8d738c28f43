"""Parts of the page about places: where it changed, and what of the style is where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from impasto.explanation.attribution import half_share
from impasto.explanation.charts import legend_bar, result_outlines, style_outlines
from impasto.explanation.findings import Attribution, LayerMaps, Plane, hex_color
from impasto.explanation.inputs import Trio
from impasto.explanation.markup import (
    HUES,
    figure,
    image,
    paragraph,
    row,
    section,
    table,
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
        "Left, where the result differs from the content. Right, which changes brought it nearer to"
        " the style; blue ones led away from it. Bright places did more than their even share."
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
        )
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
        " colour of where its match lies in the style. It shows resemblance: nothing was copied."
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
    return head + pictures + told + _patches(item, trio)


def _patches(item: Attribution, trio: Trio) -> str:
    faint = grey(trio.result) * 0.6 + 0.25
    lists = result_outlines(item, *trio.result.shape[:2])
    marks = style_outlines(item, *trio.style.shape[:2])
    pictures = row(
        (
            _over(trio.style, "Style with its most used patches outlined", marks,
                  "The patches of the style that most places resemble"),
            _over(faint, "Result with the places that resemble them", lists,
                  "The places that resemble them, in the same colours"),
        )
    )  # fmt: skip
    rows = []
    for n, patch in enumerate(item.patches):
        cell = item.cell
        crop = trio.style[
            patch.top * cell : patch.bottom * cell, patch.left * cell : patch.right * cell
        ]
        swatch = f'<span class="swatch" style="background:{HUES[n]}"></span>{n + 1}'
        picture = f'<div class="crop">{image(crop, f"Patch {n + 1} of the style")}</div>'
        rows.append([swatch, picture, percent(patch.share)])
    caption = "Shares of the result that resemble a patch of the style"
    return pictures + table(caption, ["Patch", "Style", "Of the result"], rows)


def _over(pixels: Image, alt: str, drawing: str, caption: str) -> str:
    inner = f'<div class="over-it">{image(shown(pixels), alt)}{drawing}</div>'
    return figure(inner, caption)
