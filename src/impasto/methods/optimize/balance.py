"""From options to the weight of every term."""

from __future__ import annotations

from impasto.methods.optimize.objective import Weights
from impasto.methods.optimize.options import OptimizeOptions


def balance(options: OptimizeOptions) -> Weights:
    """Return the weight of every term.

    A strength s under 1 multiplies the content's weight by 1/s^2, so that
    s -> 0 tends to the content itself; from 0.01 down there is nothing more to see.
    """
    pull = 1 / max(options.strength, 0.01) ** 2
    content = {
        name: {layer: pull * weight for layer, weight in layers.items()}
        for name, layers in options.content_shares().items()
    }
    edges = content.pop("laplacian", {"": 0.0})
    return Weights(
        content | options.style_shares(), options.tv_weight, options.range_weight, edges[""]
    )
