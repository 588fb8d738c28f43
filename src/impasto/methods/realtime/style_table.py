"""A U-Net that knows its styles by number: conditional instance normalisation.

Dumoulin et al. 2017 (arXiv:1610.07629): all styles share the convolutions, and each has gains and
shifts of its own, a row of a table. Rows may be mixed, and new ones learned alone. Departure: row
0 is no style; it gives the content back, so that strength has somewhere to go.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from impasto.methods.realtime.model import COLOR
from impasto.methods.realtime.recolor import colors_of
from impasto.methods.realtime.unet import UNet, UNetConfig


class StyleTable(UNet):
    """A U-Net with a table of `count` styles and, as row 0, the content itself.

    `colors` (count, 12) are the styles' means of colours and roots of their covariance.
    """

    def __init__(self, config: UNetConfig, count: int) -> None:
        super().__init__(config)
        self.table = nn.Parameter(torch.zeros(1 + count, self.values))
        self.colors: Tensor
        self.register_buffer("colors", torch.zeros(count, COLOR))

    def paint(
        self,
        content: Tensor,
        rows: Tensor,
        own_colors: Tensor,
        noise: Tensor | None = None,
        from_below: int = 0,
    ) -> Tensor:
        """Return contents (N, 3, H, W) painted in the styles of `rows` (N,), from 1.

        Where a row is 0 the content comes back, in `own_colors` (N, 12), which are its own. The
        rest is as in `UNet.paint_as`.
        """
        colors = colors_of(rows, self.colors, own_colors)
        return self.paint_as(content, self.table[rows], colors, noise, from_below)
