"""Small pieces of a page: pictures within it, figures, tables. All text is escaped here."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from html import escape

from impasto.images import webp_bytes
from impasto.methods.contract import Image

HUES = ("#d1495b", "#1f78b4", "#2a9d5c", "#e09f1f", "#8e5bc0", "#00a3a3", "#b5651d", "#7a8ea3")


def text(value: object) -> str:
    """Return a text as HTML; what no file name should hold, but may, as question marks."""
    shown = "".join(c if c.isprintable() else "?" for c in str(value))
    return escape(shown, quote=True)


def number(value: float | None) -> str:
    """Return a number with three decimals, or a dash where there is none."""
    return "–" if value is None else f"{value:.3f}"


def image(pixels: Image, alt: str, quality: int = 80) -> str:
    """Return a picture (H, W, 3) as an element that holds it."""
    height, width = pixels.shape[:2]
    data = base64.b64encode(webp_bytes(pixels, quality)).decode()
    source = f"data:image/webp;base64,{data}"
    return f'<img src="{source}" width="{width}" height="{height}" alt="{text(alt)}">'


def figure(inner: str, caption: str, more: str = "") -> str:
    """Return a figure; `caption` is text, `inner` and `more` are HTML."""
    return f"<figure>{inner}<figcaption>{text(caption)}{more}</figcaption></figure>"


def row(figures: Iterable[str], kind: str = "row") -> str:
    """Return figures side by side, or below each other where there is no room."""
    return f'<div class="{kind}">{"".join(figures)}</div>'


def table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table whose first column are heads; cells are HTML, the rest is text."""
    head = "".join(f'<th scope="col">{text(name)}</th>' for name in heads)
    body = "".join(
        f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in rest)}</tr>'
        for first, *rest in rows
    )
    return (
        f'<div class="scroll"><table><caption>{text(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def folded(title: str, inner: str) -> str:
    """Return HTML that opens under its title."""
    return f"<details><summary>{text(title)}</summary>{inner}</details>"


def section(name: str, title: str, *parts: str) -> str:
    """Return a section of the page; its parts are HTML."""
    return f'<section id="{name}"><h2>{text(title)}</h2>{"".join(parts)}</section>'


def paragraph(*sentences: str) -> str:
    """Return sentences as a paragraph."""
    return f"<p>{text(' '.join(sentences))}</p>"


def items(lines: Iterable[str]) -> str:
    """Return lines of text as a list."""
    return f"<ul>{''.join(f'<li>{text(line)}</li>' for line in lines)}</ul>"
