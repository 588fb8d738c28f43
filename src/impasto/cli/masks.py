"""How masks are named on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from impasto.masks import MaskSource, regions_asked


class MaskType(click.ParamType):  # type: ignore[type-arg]
    """Read "mask.png", "content.png:style.png", a pair of label pictures, or "auto:6"."""

    name = "mask"

    def convert(self, value: Any, param: Any, ctx: Any) -> MaskSource:
        """Return the file, the two files, or the words."""
        text = str(value)
        if Path(text).exists() or ":" not in text or regions_asked(text):
            return Path(text)
        cuts = [i for i, letter in enumerate(text) if letter == ":"]
        pairs = [(Path(text[:i]), Path(text[i + 1 :])) for i in cuts]
        # a colon may be part of a name, as of a drive
        there = [pair for pair in pairs if all(path.exists() for path in pair)]
        return (there or pairs)[0]
