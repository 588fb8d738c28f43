"""Explain a result: look at the three pictures, and gather what is found."""

from __future__ import annotations

import os
from collections.abc import Callable

from impasto.errors import MissingExtraError
from impasto.explanation.colors import color_changes
from impasto.explanation.explained import Explanation
from impasto.explanation.inputs import ExplainOptions, open_inputs
from impasto.explanation.log import read_log
from impasto.images import Source


def explain(
    content: Source,
    style: Source,
    result: Source,
    *,
    log: str | os.PathLike[str] | None = None,
    progress: Callable[[str], object] | None = None,
    backbone: str = "auto",
    size: int = 512,
    style_scale: float | None = None,
) -> Explanation:
    """Return what moved where on the way from a content to a result in a style.

    Pictures are files or arrays; the result has the content's proportions and any size. `log` is
    the file that `impasto stylize --log` wrote. `progress` is told in words what comes next.

    Raises:
        ImageError: a picture cannot be read, is too small or flat, or has other proportions.
        OptionError: an option is outside its limits, the style has no picture, the log is none, or
            there is too little memory.
        MissingExtraError: PyTorch is not installed.
        WeightsError: the backbone's weights are not to be had.
    """
    options = ExplainOptions(backbone, size, style_scale)
    tell = progress or (lambda text: None)
    curves = None if log is None else read_log(log)
    inputs = open_inputs(content, style, result, options)
    _need_torch()
    from impasto.backbones import load_backbone
    from impasto.explanation.attribution import LAYERS, attribution
    from impasto.explanation.distances import distances, look_at
    from impasto.explanation.maps import layer_maps
    from impasto.metrics.distances import chosen_backbone

    name = chosen_backbone(options.backbone)
    # which repeats borders: zeros, as judges have them, would make each border like all others
    network = load_backbone(name)
    trio, rows = inputs.trio, []
    for scale in trio.scales:
        tell(f"looking at {scale} px")
        smaller = trio.at(scale)
        seen = look_at(network, smaller)
        rows += distances(network, smaller, seen)
    tell("mapping changes")
    maps = layer_maps(network, *seen)
    tell("matching places with the style")
    matches = tuple(attribution(layer, *seen) for layer in LAYERS)
    return Explanation(name, inputs, tuple(rows), maps, matches, color_changes(trio), curves)


def _need_torch() -> None:
    """Say what is missing, before what is heavy.

    Raises:
        MissingExtraError: PyTorch is not installed.
    """
    try:
        import torch  # noqa: F401
    except ModuleNotFoundError:
        raise MissingExtraError("Explaining a result", "optimize") from None
