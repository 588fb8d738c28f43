"""The page: one file of HTML with all its pictures, that asks nothing of any other place."""

from __future__ import annotations

import json
from pathlib import Path

from impasto import __version__
from impasto.explanation.charts import curves
from impasto.explanation.explained import Explanation
from impasto.explanation.markup import (
    figure,
    folded,
    image,
    items,
    paragraph,
    row,
    section,
    text,
)
from impasto.explanation.overlays import shown
from impasto.explanation.places import attribution_section, maps_section
from impasto.explanation.sections import channels_section, colors_section, losses_section
from impasto.explanation.words import recipe_words

_STYLE = Path(__file__).with_name("page.css")
_NOTES = {
    "Change of the content": "|F(o) - F(c)|² / |F(c) - mean F(c)|², in each layer. o is the"
    " result, c the content, s the style, F a layer's features after the ReLU. The map has each"
    " place's part of the sum.",
    "Distance from the style": "|G(o) - G(s)| / |G(s)| with the Gram matrix G = F F^T / (H W),"
    " which says which features occur together, wherever they stand. The way gone is 1 - distance"
    " of the result / distance of the content. A half of the style is the mean of its upper,"
    " lower, left and right half, each against the whole.",
    "Nearer to the style": "Of the squared distance, integrated gradients on the straight way from"
    " the content's features to the result's (Sundararajan et al. 2017). The parts of all places"
    " sum to what the change gained; a place that did not change has 0. A negative part is a"
    " change that, with all others, led away from the style.",
    "Times the even share": "A map's value divided by the mean of its absolute values; averaged"
    " over small squares. The colours end at the 99th percentile.",
    "Matches": "For each place of the result the place of the style whose features are likest: by"
    " cosine, both less the mean of their own picture; in relu4_1 of squares of 3 x 3 places."
    " This is resemblance and not descent: neither the real-time network nor the optimiser copies"
    " from places. Likeness is that cosine, 1 at most.",
    "Palettes": "k-means of 6 colours in OKLab, of about 20,000 pixels. Distance of colours: sliced"
    " Wasserstein-1 in OKLab, 64 directions, where black and white are 1 apart.",
    "Channels": "Those of each layer that hold most of |F(o) - F(c)|². White is the largest value"
    " that the channel has in any of the three pictures, as averaged for display.",
}


def page(found: Explanation) -> str:
    """Return the explanation as a page of HTML."""
    title = f"What became of {text(found.inputs.names['content'])}"
    data = json.dumps(found.as_dict(), ensure_ascii=True).replace("<", "\\u003c")
    body = "".join(
        (
            _header(found, title),
            _pictures(found),
            losses_section(found),
            _over_time(found),
            maps_section(found),
            attribution_section(found),
            colors_section(found),
            channels_section(found),
            _notes(found),
        )
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>\n{_STYLE.read_text('utf-8')}</style>\n</head>\n"
        f"<body>\n{body}\n"
        f'<script type="application/json" id="numbers">{data}</script>\n</body>\n</html>\n'
    )


def _header(found: Explanation, title: str) -> str:
    warnings = "".join(f'<p class="warning">{text(line)}</p>' for line in found.inputs.mismatches)
    lines = "".join(f"<li>{text(line)}</li>" for line in found.summary())
    return f'<header><h1>{title}</h1>{warnings}<ul class="summary">{lines}</ul></header>'


def _pictures(found: Explanation) -> str:
    trio, names = found.trio, found.inputs.names
    figures = [
        figure(image(shown(pixels), f"{what}: {names[key]}", 86), f"{what}: {names[key]}")
        for key, what, pixels in (
            ("content", "Content", trio.content),
            ("style", "Style", trio.style),
            ("result", "Result", trio.result),
        )
    ]
    return section("pictures", "The three pictures", row(figures), _recipe(found))


def _recipe(found: Explanation) -> str:
    if found.recipe is None:
        return paragraph("The result carries no recipe, so how it was made is not known here.")
    whole = json.dumps(found.recipe, indent=2, ensure_ascii=False)
    # line by line, as a name could hold what is not to be shown
    lines = "\n".join(text(line) for line in whole.splitlines())
    return paragraph(*recipe_words(found.recipe)) + folded(
        "The whole recipe", f"<pre>{lines}</pre>"
    )


def _over_time(found: Explanation) -> str:
    if found.curves is None:
        return ""
    told = paragraph(
        "What the optimiser made smaller, step by step: each loss times its weight, so that they"
        " add up to the curve called loss, and low ones matter little. They jump where the"
        " picture was enlarged, as each size has losses of its own."
    )
    zero = [name for name, values in found.curves.losses.items() if not (values > 0).any()]
    rest = paragraph(f"0 throughout: {', '.join(zero)}.") if zero else ""
    return section("time", "Losses over time", told, curves(found.curves), rest)


def _notes(found: Explanation) -> str:
    trio = found.trio
    (height, width), (high, wide) = trio.content.shape[:2], trio.style.shape[:2]
    looked = (
        f"Looked at by {found.backbone}: content and result at {width}x{height} px, the style at"
        f" {wide}x{high} px (style scale {found.inputs.style_scale:g})."
    )
    if found.backbone == "vgg19":
        looked += " Beyond the border it repeats the border, where impasto metrics has zeros."
    else:
        looked += " compact is a small network that was trained to see as VGG-19 does."
    formulas = items(f"{name}: {what}" for name, what in _NOTES.items())
    footer = f"<footer><p>Made by Impasto {text(__version__)}. {text(looked)}</p></footer>"
    return folded("How each number and map is made", formulas) + footer
