"""Names of VGG-shaped layers, translated once, at the door."""

from __future__ import annotations

import re

from impasto.errors import OptionError
from impasto.options import suggest

# VGG-19's, the longest blocks of all
_DEPTHS = (2, 2, 4, 4, 4)
_KNOWN = tuple(
    f"relu{block}_{i}" for block, depth in enumerate(_DEPTHS, 1) for i in range(1, depth + 1)
)
_FORMS = (r"relu(\d)_(\d)", r"conv(\d)_(\d)", r"block(\d)_conv(\d)")


def layer_name(name: str) -> str:
    """Return the field's name of a VGG layer: relu4_2 for block4_conv2, conv4_2 or itself.

    >>> layer_name("block4_conv2")
    'relu4_2'

    Raises:
        OptionError: No layer is called so.
    """
    plain = name.strip().lower()
    for form in _FORMS:
        match = re.fullmatch(form, plain)
        if match and (found := f"relu{match[1]}_{match[2]}") in _KNOWN:
            return found
    raise OptionError(f"unknown layer {name!r}: {suggest(plain, _KNOWN)}")
