"""Train a network of one style or a few (Johnson et al. 2016; Dumoulin et al. 2017).

The network is the U-Net of the real-time network without its style encoder, smaller by default.
Each style is a row of gains and shifts; row 0 gives the content back, so that strength has
somewhere to go. Losses are the relative distances that `impasto metrics` reports, so weights mean
the same for every perceptual network, layer and size, and no style comes out black or unstyled
for its contrast.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from impasto.backbones.vgg import Vgg
from impasto.images import fit
from impasto.methods.contract import Image
from impasto.methods.realtime.recolor import color_code
from impasto.methods.realtime.style_networks import StyleNetwork
from impasto.train import processes
from impasto.train.data import Pictures
from impasto.train.echo import EchoBuffer, Labelled
from impasto.train.painting import Paint, PaintingTask, contact_sheet
from impasto.train.pairs import labelled
from impasto.train.settings import StyleTraining

_JUDGED = 8  # held-out contents


class StyleTask(PaintingTask):
    """Train the last rows of a table of styles, `styles`, and all that is not frozen."""

    def __init__(
        self,
        network: StyleNetwork,
        judge: Vgg,
        contents: Pictures,
        styles: Sequence[Image],
        config: StyleTraining,
        device: torch.device,
    ) -> None:
        super().__init__(network, judge, config, device)
        self.network, self.contents, self.size = network, contents, config.size
        self.styles = [as_seen(style, config.style_size) for style in styles]
        seen = [labelled(self.judge, style, device)[1] for style in self.styles]
        self.targets = {
            name: torch.cat([labels[name] for labels in seen])
            for name in seen[0]
            if name.startswith("style")
        }
        self.known = len(network.colors) - len(self.styles)
        network.colors[self.known :] = torch.cat([color_code(style) for style in self.styles])
        groups = max(1, config.memory // config.fresh)
        self._echo = EchoBuffer(self._fresh, groups)

    @property
    def buffers(self) -> Sequence[EchoBuffer]:
        """Return where labelled contents are kept."""
        return (self._echo,)

    def terms(self, step: int, rng: np.random.Generator) -> dict[str, Tensor]:
        """Return the terms of a step's loss."""
        config = self.config
        contents = self._echo.batch(step, config.batch // config.fresh, rng)
        rows = self._rows(rng)
        paint, wanted = self._painter(rows, contents), self._wanted(rows, contents)
        return self.painted(paint, contents, wanted, rows == 0, step, rng).terms

    def _rows(self, rng: np.random.Generator) -> Tensor:
        """Return a style for each item of a batch, 0 where the content is to come back."""
        rows = rng.integers(1 + self.known, 1 + len(self.network.colors), self.config.batch)
        rows[rng.random(self.config.batch) < self.config.identity] = 0
        return torch.from_numpy(rows).to(self.device)

    @torch.no_grad()
    def evaluate(self) -> dict[str, float]:
        """Return distances on held-out contents, or those in training where there are none."""
        images, labels = labelled(self.judge, self._looked_at(_JUDGED), self.device)
        batches = []
        # every content, and every style
        for some in torch.arange(max(len(images), len(self.styles))).split(_JUDGED):  # type: ignore[no-untyped-call]
            items = some.to(self.device) % len(images)
            rows = 1 + self.known + some.to(self.device) % len(self.styles)
            contents = images[items], {name: values[items] for name, values in labels.items()}
            with self.learner.averaging():
                painted = self._painter(rows, contents)(contents[0], self.quiet_noise(contents[0]))
            batches.append((painted.clamp(0, 1), contents, self._wanted(rows, contents)))
        return self.judged(batches)

    @torch.no_grad()
    def sheet(self) -> Tensor:
        """Return a contact sheet of held-out contents."""
        contents = self._looked_at(4).to(self.device)
        side = contents.shape[2]
        shown = [torch.nn.functional.interpolate(s, (side, side)) for s in self.styles[:6]]
        styles = torch.cat(shown).to(self.device)
        rows = 1 + self.known + torch.arange(len(styles), device=self.device)

        def paint(images: Tensor) -> Tensor:
            return self.network.paint(images, rows, color_code(images), self.quiet_noise(images))

        with self.learner.averaging():
            return contact_sheet(contents, styles, paint)

    def _painter(self, rows: Tensor, contents: Labelled) -> Paint:
        """Return what paints a batch, or the first of it, in the styles of its rows."""
        colors = color_code(contents[0])

        def paint(images: Tensor, noise: Tensor | None = None, from_below: int = 0) -> Tensor:
            some = slice(0, len(images))
            return self.network.paint(images, rows[some], colors[some], noise, from_below)

        return paint

    def _wanted(self, rows: Tensor, contents: Labelled) -> dict[str, Tensor]:
        """Return the labels of each item's style; a content that is to come back is its own."""
        wanted = {}
        for name, table in self.targets.items():
            own = (rows == 0).view(-1, *(1,) * (table.ndim - 1))
            wanted[name] = torch.where(
                own, contents[1][name], table[(rows - 1 - self.known).clamp_min(0)]
            )
        return wanted

    def _looked_at(self, count: int) -> Tensor:
        seen = self.contents if self.contents.test else Pictures.of([], self.contents.train)
        return seen.held_out(count, self.size)

    def _fresh(self, number: int) -> Labelled:
        """Return group `number` of the stream of contents."""
        config = self.config
        rng = np.random.default_rng([config.seed, 1, number, processes.rank()])
        images = self.contents.crops(rng, config.fresh, self.size, config.enlarged)
        return labelled(self.judge, images, self.device)


def as_seen(style: Image, size: int) -> Tensor:
    """Return a style (1, 3, H, W), its longest side `size` at most."""
    image = fit(style, min(max(style.shape[:2]), size))
    return torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)[None].float()
