"""Which places of a style resemble which places of a picture, and how a picture is like itself."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

NUMBERS = 2**24  # of a table of likenesses that is held at a time


def nearest(features: Tensor, pool: Tensor, mean: Tensor | None = None) -> Tensor:
    """Return for each of the features (n, C) the number of the likest of a pool (m, C), (n,).

    By cosine, of both less their own means: Kolkin et al. 2022, "Neural Neighbor Style Transfer",
    section 3. Exhaustive, in chunks of bounded memory; of equals the first. `mean` (C,) is that
    of all places, where these are some of them.
    """
    dtype = torch.bfloat16 if features.dtype == torch.bfloat16 else torch.float32
    mean = features.mean(0, dtype=torch.float32) if mean is None else mean.float()
    kept = F.normalize(pool.float() - pool.mean(0, dtype=torch.float32), dim=1).to(dtype).t()
    chunk = max(1, NUMBERS // kept.shape[1])
    parts = [features[start : start + chunk] for start in range(0, len(features), chunk)]
    # a place's own length changes none of its comparisons
    return torch.cat([((part.float() - mean).to(dtype) @ kept).argmax(1) for part in parts])


def self_similarity(features: Tensor) -> Tensor:
    """Return distances between all samples (1, C, n) of one picture, (n, n); each row sums to 1.

    Kolkin et al. 2019, STROTSS, equation 4: what stays when all features change alike.
    """
    unit = F.normalize(features[0], dim=0)
    distances = (1 - unit.t() @ unit).clamp_min(0)
    return distances / distances.sum(1, keepdim=True).clamp_min(1e-8)
