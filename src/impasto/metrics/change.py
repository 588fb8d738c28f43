"""How far two pictures are apart in a network's features, place by place."""

from __future__ import annotations

import torch

from impasto.backbones import load_backbone
from impasto.losses import STYLE_LAYERS
from impasto.methods.contract import Image
from impasto.metrics.distances import check_memory, chosen_backbone


class FeatureChange:
    """Compare pictures by features, as LPIPS does (Zhang et al. 2018, arXiv:1801.03924).

    Each place's features are brought to length 1; the square of their difference is averaged over
    places and layers. Departure: LPIPS weighs channels by numbers that were fitted to what people
    saw; here all weigh alike, and the layers are relu1_1 to relu5_1. 0 for equal pictures, 2 at
    most.
    """

    def __init__(self, backbone: str = "auto") -> None:
        """Load the network; "auto" is as for `Judge`.

        Raises:
            WeightsError: The weights are not to be had, or are damaged.
        """
        self.name = chosen_backbone(backbone)
        padding = "zeros" if self.name.startswith("vgg") else None
        self._backbone = load_backbone(self.name, padding=padding)

    @torch.no_grad()
    def __call__(self, first: Image, second: Image) -> float:
        """Return how far two pictures (H, W, 3) of one size are apart.

        Raises:
            OptionError: There is too little memory for them.
        """
        check_memory(2 * first.shape[0], first.shape[1])
        both = torch.stack([torch.from_numpy(image).permute(2, 0, 1) for image in (first, second)])
        found = self._backbone(both, dict.fromkeys(STYLE_LAYERS))
        total = 0.0
        for name in STYLE_LAYERS:
            one, other = torch.nn.functional.normalize(found[name].float(), dim=1, eps=1e-6)
            total += float((one - other).square().sum(0).mean())
        return total / len(STYLE_LAYERS)
