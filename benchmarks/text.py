"""Numbers and tables as the docs show them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

REFERENCE = "realtime openvino int8"
_METHODS = {"realtime": "Impasto", "residual": "Impasto, a `residual` file", "optimize": "Impasto"}
_ENGINES = {"openvino": "OpenVINO", "onnxruntime": "ONNX Runtime", "torch": "torch"}
_SIZES = {"1920x1080": "1080p", "3840x2160": "4K", "7680x4320": "8K"}


def number(value: float) -> str:
    """Return a number with the digits that say something: three, but all before the point.

    >>> number(0.1234), number(7.264), number(57.34), number(1234.5)
    ('0.12', '7.26', '57.3', '1234')
    """
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def between(found: Mapping[str, float]) -> str:
    """Return a median with its spread.

    >>> between({"median": 57.3, "p10": 55.0, "p90": 61.2})
    '57.3 (55.0 to 61.2)'
    """
    return f"{number(found['median'])} ({number(found['p10'])} to {number(found['p90'])})"


def times(found: Mapping[str, float]) -> str:
    """Return a ratio with its spread; only the ratio where all rounds agree.

    >>> times({"median": 38.1, "least": 36.0, "most": 40.2})
    '38.1 (36.0 to 40.2)'
    """
    middle, *ends = (number(found[name]) for name in ("median", "least", "most"))
    return middle if set(ends) == {middle} else f"{middle} ({ends[0]} to {ends[1]})"


def label(program: str) -> str:
    """Return a program's name for readers.

    >>> label("realtime openvino int8"), label("optimize vgg19 torch float32")
    ('Impasto, OpenVINO int8', 'Impasto, `vgg19`, torch float32')
    """
    method, *rest = program.split()
    if method not in _METHODS:
        return program
    *backbone, engine, precision = rest
    parts = [_METHODS[method], *(f"`{name}`" for name in backbone)]
    return ", ".join((*parts, f"{_ENGINES[engine]} {precision}"))


def size_name(size: str) -> str:
    """Return a size's name, as 1080p."""
    return _SIZES.get(size, size)


def shown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
