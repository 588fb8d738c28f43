"""Parts of the page that need no places: losses, channels, colours."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from impasto.explanation.charts import bar, flow, palette_strip
from impasto.explanation.findings import Colors, Distance, LayerMaps
from impasto.explanation.markup import (
    figure,
    folded,
    image,
    number,
    paragraph,
    row,
    section,
    table,
    text,
)
from impasto.explanation.overlays import channel
from impasto.explanation.words import LAYERS, percent

if TYPE_CHECKING:
    from impasto.explanation.explained import Explanation


def layer_head(layer: str) -> str:
    """Return a layer in plain words, with its name."""
    return f"{text(LAYERS[layer])}<small>{text(layer)}</small>"


def losses_section(found: Explanation) -> str:
    """Return how far the result is from both pictures, by layer and size."""
    sizes = sorted({item.size for item in found.distances})
    told = paragraph(
        "A perceptual network sees a picture in layers, from colours and edges up to whole things."
        " The same pictures are looked at in several sizes: a smaller one shows what a viewer sees"
        " from farther away."
    )
    style = _bars(
        "How far it still is from the style. A full bar is the content's own distance, before"
        " anything was painted; the mark is what a half of the style picture has from the whole.",
        found,
        sizes,
        lambda item: bar(
            item.style,
            item.style_of_content,
            item.style_of_half,
            f"{number(item.style)} of {number(item.style_of_content)}",
        ),
    )
    content = _bars(
        "How much of the content has changed. A full bar is what the style picture in its place"
        " would change; 0 is the content itself.",
        found,
        sizes,
        lambda item: bar(
            item.content,
            item.content_of_style,
            None,
            f"{number(item.content)} of {number(item.content_of_style)}",
        ),
    )
    parts = (told, style, content, folded("All numbers", _numbers(found)))
    return section("losses", "Losses, layer by layer", *parts)


def _bars(
    caption: str, found: Explanation, sizes: list[int], draw: Callable[[Distance], str]
) -> str:
    by_place = {(item.layer, item.size): item for item in found.distances}
    rows = [
        [layer_head(layer), *(draw(by_place[layer, size]) for size in sizes)] for layer in LAYERS
    ]
    return table(caption, ["Layer", *(f"{size} px" for size in sizes)], rows)


def _numbers(found: Explanation) -> str:
    def cells(item: Distance) -> list[str]:
        values = (
            item.content,
            item.content_of_style,
            item.style,
            item.style_of_content,
            item.style_of_half,
        )
        return [text(item.layer), str(item.size), *map(number, values)]

    heads = (
        "Layer",
        "Size",
        "Change of the content",
        "of the style picture in its place",
        "Distance from the style",
        "of the content",
        "of a half of the style",
    )
    return table("Distances, 0 is the same", heads, [cells(item) for item in found.distances])


def channels_section(found: Explanation) -> str:
    """Return the channels that changed most, in the three pictures."""
    told = paragraph(
        "Each layer has many channels, and each answers to something of its own, such as an edge in"
        " one direction or a colour. These are the ones that changed most: bright is where they"
        " answer."
    )
    parts = [
        f"<h3>{text(item.layer)} <small>{text(LAYERS[item.layer])}</small></h3><div"
        f' class="channels">{_channel_table(item)}</div>'
        for item in found.maps
    ]
    return section("features", "What the network sees", told, *parts)


def _channel_table(item: LayerMaps) -> str:
    rows = []
    for each in item.channels:
        top = max(float(plane.max()) for plane in (each.content, each.style, each.result))
        pictures = [
            image(channel(plane, top), f"Channel {each.number} of {item.layer} in the {name}", 70)
            for name, plane in (
                ("content", each.content),
                ("style", each.style),
                ("result", each.result),
            )
        ]
        rows.append([f"{each.number}<small>{percent(each.share)}</small>", *pictures])
    caption = "Channels, with their shares of the layer's change"
    return table(caption, ["Channel", "Content", "Style", "Result"], rows)


def colors_section(found: Explanation) -> str:
    """Return what became of the colours."""
    colors = found.colors
    strips = [
        figure(palette_strip(palette, f"Colours of the {name}"), name.capitalize())
        for name, palette in (
            ("content", colors.content),
            ("style", colors.style),
            ("result", colors.result),
        )
    ]
    told = paragraph(
        "The main colours of each picture, as wide as their shares of it. Below, each ribbon leads"
        " from a colour of the content, left, to the colour that the same places have in the"
        " result, right."
    )
    return section("colors", "Colours", told, row(strips), flow(colors), _color_table(colors))


def _color_table(colors: Colors) -> str:
    def cells(values: tuple[float, ...]) -> list[str]:
        return [f"{value:.3f}" for value in values]

    rows = [
        ["Mean lightness", *cells(colors.lightness)],
        ["Mean chroma", *cells(colors.chroma)],
        ["Distance from the style's colours", *cells((colors.before, 0.0, colors.after))],
    ]
    return table("Colours in numbers (OKLab)", ["", "Content", "Style", "Result"], rows)
