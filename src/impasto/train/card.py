"""The model card of a trained network, written beside it (Mitchell et al. 2019)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn

_TABLE = "| {} | {} |"


def model_card(
    name: str,
    kind: str,
    network: nn.Module,
    styles: Sequence[Mapping[str, str]],
    training: Mapping[str, Any],
    held: Mapping[str, float],
) -> str:
    """Return a card in Markdown: what it is, its data, its losses, and what it reached."""
    count = sum(p.numel() for p in network.parameters())
    held_out = "held out" if training["held_out"] else "on pictures trained on"
    weights = {k.removesuffix("_weight"): v for k, v in training.items() if k.endswith("_weight")}
    losses = ", ".join(f"{term} {weight:g}" for term, weight in weights.items())
    rows = {
        "Kind": f"{kind}, {count:,} parameters",
        "Styles": ", ".join(style["source"] for style in styles),
        "Contents": f"{training['contents']} pictures, {training['held_out']} more held out",
        "Judge": training["judge"],
        "Begun from": training["init"] or "random numbers",
        "Steps": f"{training['steps']:,}, {training['batch']} pictures each, "
        f"{training['size']} px, rate {training['rate']:g}",
        "Time": f"{training['seconds'] / 60:.1f} minutes in the last run",
        "Losses' weights": losses,
    }
    for measure, value in held.items():
        what = measure.removeprefix("held_").capitalize()
        rows[f"{what} distance, {held_out}"] = f"{value:.3f}"
    table = "\n".join(_TABLE.format(key, value) for key, value in rows.items())
    return f"""# {name}

A network of {_many(len(styles), "style")}, trained with Impasto.

    {_command(name, kind, styles)}

{_TABLE.format("What", "Value")}
{_TABLE.format("---", "---")}
{table}

Both distances are relative, as `impasto metrics` has them, by the judge's eyes: 0 is the content or
the style itself. Styles and contents were the user's own choice; whoever passes the network on
should say where they are from and under which terms.
"""


def _command(name: str, kind: str, styles: Sequence[Mapping[str, str]]) -> str:
    if kind == "arbitrary":
        return f"impasto stylize photo.jpg --style painting.jpg --network {name}.impasto"
    which = f"#{styles[0]['name']}" if len(styles) > 1 else ""
    return f"impasto stylize photo.jpg --style {name}.impasto{which}"


def _many(count: int, noun: str) -> str:
    return f"one {noun}" if count == 1 else f"{count} {noun}s"
