"""What tells paintings of a collection from painted photos, and how both are shown to it.

Patch discriminators at two sizes (Isola et al. 2017, arXiv:1611.07004; Wang et al. 2018,
arXiv:1711.11585) with spectral normalisation (Miyato et al. 2018, arXiv:1802.05957) and the hinge
loss. All that they see is augmented in ways that have gradients (Zhao et al. 2020,
arXiv:2006.10738), without which a collection of fifty pictures is soon known by heart.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

SCALES = 2


class Critic(nn.Module):
    """Judge patches of pictures at two sizes, each by a network of its own.

    Patches are 34 pixels large, and 68 where the picture is halved.
    """

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.scales = nn.ModuleList(_patches(width) for _ in range(SCALES))

    def forward(self, images: Tensor) -> list[Tensor]:
        """Return how real patches look (N, 1, h, w), for each size; above 0 is real."""
        found = []
        for scale in self.scales:
            found.append(scale(2 * images - 1))
            images = F.avg_pool2d(images, 2)
        return found


def critic_loss(real: list[Tensor], painted: list[Tensor]) -> Tensor:
    """Return the hinge loss of telling them apart, the mean over sizes."""
    losses = [
        (F.relu(1 - r).mean() + F.relu(1 + p).mean()) / 2
        for r, p in zip(real, painted, strict=True)
    ]
    return torch.stack(losses).mean()


def adversarial_loss(painted: list[Tensor]) -> Tensor:
    """Return how far patches are from looking real; lower is better, it may be negative."""
    return -torch.stack([p.mean() for p in painted]).mean()


def augmented(images: Tensor, rng: np.random.Generator) -> Tensor:
    """Return pictures (N, 3, H, W) moved, in other colours, and with a part cut out."""
    count, _, height, width = images.shape

    def drawn(low: float, high: float) -> Tensor:
        values = rng.uniform(low, high, (count, 1, 1, 1)).astype(np.float32)
        return torch.from_numpy(values).to(images.device)

    out = images + drawn(-0.25, 0.25)
    grey = out.mean(1, keepdim=True)
    out = (out - grey) * drawn(0.3, 1.7) + grey
    level = out.mean((1, 2, 3), keepdim=True)
    out = (out - level) * drawn(0.6, 1.4) + level
    most = height // 8
    padded = F.pad(out, (most,) * 4)
    tops, lefts = rng.integers(0, 2 * most + 1, (2, count)).tolist()
    out = torch.stack(
        [
            p[:, t : t + height, le : le + width]
            for p, t, le in zip(padded, tops, lefts, strict=True)
        ]
    )
    mask = torch.ones(count, 1, height, width, device=images.device)
    side = height // 3
    tops, lefts = rng.integers(-side // 2, height - side // 2, (2, count)).tolist()
    for one, top, left in zip(mask, tops, lefts, strict=True):
        one[:, max(0, top) : top + side, max(0, left) : left + side] = 0
    return out * mask


class PatchContrast(nn.Module):
    """Compare each place of a painted picture with all places of its content.

    Park et al. 2020 (CUT, arXiv:2007.15651): what is at a place should resemble the same place of
    the content more than any other. Departure: features are those of the losses' own network,
    through two learned layers each, not of the generator's encoder.
    """

    def __init__(self, channels: dict[str, int], width: int = 64) -> None:
        super().__init__()
        self.heads = nn.ModuleDict(
            {
                name: nn.Sequential(nn.Linear(n, width), nn.ReLU(), nn.Linear(width, width))
                for name, n in channels.items()
            }
        )

    def forward(
        self,
        painted: dict[str, Tensor],
        content: dict[str, Tensor],
        rng: np.random.Generator,
        places: int = 64,
        temperature: float = 0.07,
    ) -> Tensor:
        """Return the cross entropy of finding each place, the mean over layers."""
        losses = []
        for name, head in self.heads.items():
            flat = [f[name].float().flatten(2).transpose(1, 2) for f in (painted, content)]
            chosen = rng.permutation(flat[0].shape[1])[:places]
            query, key = (F.normalize(head(f[:, chosen]), dim=2) for f in flat)
            logits = query @ key.transpose(1, 2) / temperature
            wanted = torch.arange(len(chosen), device=logits.device).expand(len(logits), -1)
            losses.append(F.cross_entropy(logits.flatten(0, 1), wanted.flatten()))
        return torch.stack(losses).mean()


def _patches(width: int) -> nn.Sequential:
    widths = (3, width, 2 * width, 4 * width)
    layers: list[nn.Module] = []
    for number, (a, b) in enumerate(pairwise(widths)):
        stride = 2 if number < 2 else 1
        layers += [spectral_norm(nn.Conv2d(a, b, 4, stride, 1)), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, spectral_norm(nn.Conv2d(widths[-1], 1, 4, 1, 1)))
