"""The losses by name: what each asks for, and of which layers. Needs no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

FIVE = "relu1_1,relu2_1,relu3_1,relu4_1,relu5_1"


@dataclass(frozen=True)
class Loss:
    """Say what a loss is for, and the layers that it takes where none are named, with weights.

    `exact`: it is a sum over all places, so that a picture cut into strips gives just the same;
    the others know a picture by some of its places, whose number is bounded.
    """

    what: str
    layers: str
    exact: bool = True


STYLE_LOSSES: Mapping[str, Loss] = MappingProxyType(
    {
        # found on pairs of photos and paintings: deep layers hold more of the loss than they show
        "gram": Loss(
            "which features go together (Gatys 2016)",
            "relu1_1=3,relu2_1=3,relu3_1=2,relu4_1=1.5,relu5_1=1.2",
        ),
        "moments": Loss("mean and deviation of each feature (Huang 2017)", FIVE),
        "transport": Loss("features as Gaussians, moved the shortest way (Olkin 1982)", FIVE),
        "sliced": Loss("features' whole distribution (Heitz 2021)", FIVE, exact=False),
        "histogram": Loss("each feature's histogram (Risser 2017)", "relu1_1,relu4_1", exact=False),
        "nearest": Loss(
            "each place like the style's that resembles it (Kolkin 2022)", "relu3_1,relu4_1"
        ),
        "patches": Loss("the same, for patches of 3 x 3 (Li 2016)", "relu3_1,relu4_1"),
        "earth-mover": Loss(
            "few places, matched both ways (Kolkin 2019)",
            "relu2_1,relu3_1,relu4_1",
            exact=False,
        ),
    }
)
CONTENT_LOSSES: Mapping[str, Loss] = MappingProxyType(
    {
        "features": Loss("the content's features, place by place (Gatys 2016)", "relu4_2"),
        "self-similarity": Loss(
            "which places are alike (Kolkin 2019)", "relu2_1,relu3_1,relu4_1", exact=False
        ),
        "laplacian": Loss("the content's edges, in squares of 4 and 16 pixels (Li 2017)", ""),
    }
)
