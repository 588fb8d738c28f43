"""What the numbers say, in words: only what they support."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import fmean
from typing import TYPE_CHECKING, Any

from impasto.explanation.findings import Colors, Distance, LayerMaps, half_share

if TYPE_CHECKING:
    from impasto.explanation.explained import Explanation

# what a layer shows, by what networks of this shape respond to (Zeiler & Fergus 2014, figure 2)
LAYERS = {
    "relu1_1": "colours and edges",
    "relu2_1": "fine texture",
    "relu3_1": "strokes and small patterns",
    "relu4_1": "parts and larger shapes",
    "relu5_1": "things and their arrangement",
}
NOTABLE = 0.05  # a difference of shares that is worth a sentence
_SEEN = 0.01  # a difference of lightness or chroma that can be seen, in OKLab


def percent(share: float) -> str:
    """Return a share in whole percent; what is little but not nothing as <1 %.

    >>> percent(0.384), percent(0.004), percent(0.0)
    ('38 %', '<1 %', '0 %')
    """
    if 0 < share < 0.005:
        return "<1 %"
    return f"{round(100 * share)} %".replace("-0 %", "0 %")


def summary(found: Explanation) -> list[str]:
    """Return sentences, the most telling first."""
    lines = _of_style(found.at_full_size())
    lines += _of_content(found.at_full_size(), found.maps)
    for each in found.attributions[:1]:
        lines.append(
            f"{percent(each.used)} of the style picture is resembled somewhere in the result, by"
            f" {LAYERS[each.layer]} (as many blind picks would reach {percent(each.by_chance)});"
            f" half of the result resembles only {percent(each.half)} of it."
        )
    return lines + _of_colors(found.colors)


def _of_style(rows: list[Distance]) -> list[str]:
    gone = {row.layer: row.gone for row in rows if row.gone is not None}
    if not gone:
        return ["Content and style are the same to the network: there was no way to go."]
    mean = fmean(gone.values())
    if mean <= 0:
        line = "The result is no nearer to the style than the content was"
        return [f"{line} ({percent(mean)} of the way, mean of the layers)."]
    lines = [f"The result has gone {percent(mean)} of the way from the content to the style."]
    best, least = max(gone, key=gone.__getitem__), min(gone, key=gone.__getitem__)
    if gone[best] - gone[least] > NOTABLE:
        lines.append(
            f"It came nearest in {LAYERS[best]} ({percent(gone[best])} of the way), and least near"
            f" in {LAYERS[least]} ({percent(gone[least])})."
        )
    inside = [LAYERS[row.layer] for row in rows if 0 < row.style <= row.style_of_half]
    if inside:
        where = "every layer" if len(inside) == len(rows) else _listed(inside)
        lines.append(f"In {where} it is as near to the style as a half of the style picture is.")
    return lines


def _of_content(rows: list[Distance], maps: tuple[LayerMaps, ...]) -> list[str]:
    if all(row.content == 0 for row in rows):
        return ["Nothing of the content has changed."]
    moved = {row.layer: row.moved for row in rows if row.moved is not None}
    lines = []
    if moved:
        best = min(moved, key=moved.__getitem__)
        lines.append(
            f"The content is kept best in {LAYERS[best]}: what changed there is"
            f" {percent(moved[best])} of what the style picture in its place would change."
        )
    deep = next(item for item in maps if item.layer == "relu4_1")
    if deep.changed > 0:
        lines.append(
            f"In {LAYERS[deep.layer]}, half of all change lies in"
            f" {percent(half_share(deep.content))} of the picture{_where(deep)}."
        )
    return lines


def _where(item: LayerMaps) -> str:
    """Say which third of the picture changed most, if it did by far."""
    found = []
    for axis, names in ((1, ("upper", "middle", "lower")), (0, ("left", "middle", "right"))):
        along = item.content.sum(axis)
        bounds = [round(part * len(along) / 3) for part in range(4)]
        for name, start, stop in zip(names, bounds, bounds[1:], strict=False):
            share = float(along[start:stop].sum()) / item.changed
            whose = "third" if name != "middle" else ("third of rows", "third of columns")[1 - axis]
            found.append((share, f"{name} {whose}"))
    share, name = max(found)
    return f"; the {name} has {percent(share)} of it" if share > 1 / 3 + 2 * NOTABLE else ""


def _of_colors(found: Colors) -> list[str]:
    lines = []
    if found.before > 1e-6:
        change = found.after / found.before - 1
        verb = "nearer to" if change < 0 else "farther from"
        if abs(change) > NOTABLE:
            lines.append(
                f"Its colours are {percent(abs(change))} {verb} the style's than the content's are."
            )
    changes = []
    for (before, _, after), more, less in (
        (found.lightness, "lighter", "darker"),
        (found.chroma, "more colourful", "less colourful"),
    ):
        if abs(after - before) > _SEEN:
            changes.append(f"{more if after > before else less} ({before:.2f} to {after:.2f})")
    if changes:
        lines.append(f"In the mean it became {' and '.join(changes)}.")
    return lines


def recipe_words(recipe: Mapping[str, Any]) -> list[str]:
    """Return in sentences how the result was made; nothing that the recipe does not say."""
    options = _table(recipe.get("options"))
    method = {"optimize": "the optimiser", "realtime": "the real-time network"}
    lines = [f"Painted by {method.get(str(recipe.get('method')), 'an unknown method')}"]
    if recipe.get("method") == "optimize":
        stopped = ", where it was stopped" if recipe.get("stopped") else ""
        lines[0] += f" in {recipe.get('steps')} steps{stopped}"
        if "backbone" in options and "init" in options:
            lines[0] += f", judged by {options['backbone']}, begun from {options['init']}"
    lines[0] += "."
    content = _table(recipe.get("content")).get("name")
    styles = recipe.get("styles")
    names = [str(_table(item).get("name")) for item in styles] if isinstance(styles, list) else []
    if content and names:
        lines.append(f"Content: {content}. Style: {_listed(names)}.")
    told = [f"{name.replace('_', ' ')} {options[name]}" for name in _TOLD if options.get(name)]
    if told:
        lines.append(f"Settings: {', '.join(told)}.")
    return lines


_TOLD = ("strength", "style_scale", "preserve_color", "preset", "size", "local", "detail")


def _table(found: Any) -> Mapping[str, Any]:
    return found if isinstance(found, Mapping) else {}


def _listed(names: list[str]) -> str:
    return ", ".join(names[:-1]) + " and " + names[-1] if len(names) > 1 else names[0]
