"""Tune one style: bring what one pass paints nearer to what the optimiser would.

The style encoder guesses a code for any style at once. For one style its guess can be bettered:
by Adam on the code, and on the gains and shifts that come of it, over a few contents, with the
losses that trained the network. What is stored is a code like any other; using it costs nothing
and needs no torch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from impasto.backbones import load_backbone
from impasto.backbones.vgg import Vgg
from impasto.drawn import draw
from impasto.engine import cpu_threads
from impasto.images import fit, resize
from impasto.losses import CONTENT_LAYERS, STYLE_LAYERS, gram, total_variation
from impasto.losses.perceptual import content_distance
from impasto.losses.style import style_statistics
from impasto.methods.contract import Image
from impasto.methods.realtime.codes import StyleCode
from impasto.methods.realtime.model import COLOR, GRAINY, MARGIN, STRIDES, WEIGHTS, checked
from impasto.methods.realtime.noise import noise
from impasto.methods.realtime.options import TuneOptions
from impasto.methods.realtime.weights import load_realtime

_TUNED_ON = (("watercolor", 1), ("pointillism", 2), ("ink", 3), ("brushwork", 4))
_JUDGED_ON = (("watercolor", 11), ("pointillism", 12))


@dataclass(frozen=True)
class Tuned:
    """Hold a tuned code, and its style distances before and after on contents not tuned on."""

    code: StyleCode
    before: float
    after: float


def tune_style(
    style: Image,
    code: StyleCode,
    options: TuneOptions,
    *,
    contents: Sequence[Image] = (),
    progress: Callable[[int, float], object] = lambda step, loss: None,
) -> Tuned:
    """Return the code, tuned on `contents` (built-in drawings without any) at half a kilobyte.

    With `modulation` it has gains and shifts of its own as well, five kilobytes. Of several
    contents the last is kept aside to judge by. `progress` gets each step's number and loss.
    """
    with cpu_threads(options.threads):
        tuning = _Tuning(style, code, options, contents)
        before = tuning.judge()
        tuning.run(progress)
        return Tuned(tuning.code(), before, tuning.judge())


class _Tuning:
    def __init__(
        self, style: Image, code: StyleCode, options: TuneOptions, contents: Sequence[Image]
    ) -> None:
        self.options, self.start = options, code
        self.network = load_realtime(checked(WEIGHTS)).requires_grad_(False)
        self.network.mixed = torch.cpu._is_avx512_bf16_supported()
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        precision = "bfloat16" if self.network.mixed else "float32"
        self.backbone: Vgg = load_backbone("compact", precision=precision)
        tuned_on, judged_on = _contents(contents, options.size)
        self.tuned_on, self.judged_on = _batch(tuned_on), _batch(judged_on)
        self.targets = self._look(self.tuned_on, CONTENT_LAYERS)
        seen = self._look(_tensor(fit(style, options.size * 2)), STYLE_LAYERS)
        self.grams = {name: gram(f) for name, f in seen.items()}
        learned = torch.from_numpy(code.vector[:-COLOR].copy())[None]
        self.colors = torch.from_numpy(code.vector[-COLOR:].copy())[None]
        changed = np.zeros_like(self.network.heads.bias.numpy())
        change = torch.from_numpy(changed if code.affines is None else code.affines.copy())[None]
        self.learned = learned.requires_grad_()
        self.change = change.requires_grad_(options.modulation)

    def run(self, progress: Callable[[int, float], object]) -> None:
        """Take all steps, two contents at a time."""
        options = self.options
        wanted = [p for p in (self.learned, self.change) if p.requires_grad]
        # a gain is about 1, a number of the code about 3
        rates = [options.rate * (1 if p is self.change else 3) for p in wanted]
        groups = [{"params": p, "lr": rate} for p, rate in zip(wanted, rates, strict=True)]
        optimizer = torch.optim.Adam(groups)
        rng = np.random.default_rng(options.seed)
        for step in range(options.steps):
            fall = min(1.0, 2 * (1 - step / options.steps))
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * fall
            picks = rng.permutation(len(self.tuned_on))[:2].tolist()
            loss = self._loss(picks)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            progress(step + 1, loss.item())

    @torch.no_grad()
    def judge(self) -> float:
        """Return the mean style distance over contents that are not tuned on."""
        painted = self._painted(self.judged_on).clamp(0, 1)
        return float(self._style(self._look(painted, STYLE_LAYERS)))

    def code(self) -> StyleCode:
        """Return the code as it stands."""
        vector = torch.cat([self.learned, self.colors], 1)[0].detach().numpy()
        change = self.change[0].detach().numpy() if self.options.modulation else self.start.affines
        return replace(self.start, vector=vector, affines=change, tuned=True)

    def _painted(self, contents: Tensor) -> Tensor:
        codes = torch.cat([self.learned, self.colors], 1)
        height, width = (side + 2 * MARGIN for side in contents.shape[2:])
        grain = noise((slice(0, height), slice(0, width)), STRIDES[GRAINY])
        maps = torch.from_numpy(grain).expand(len(contents), -1, -1, -1)
        return self.network.paint(contents, codes, self.change, maps)

    def _loss(self, picks: list[int]) -> Tensor:
        painted = self._painted(self.tuned_on[picks])
        features = self.backbone(
            painted.contiguous(memory_format=torch.channels_last), STYLE_LAYERS
        )
        targets = {name: f[picks] for name, f in self.targets.items()}
        return (
            self.options.content_weight * content_distance(features, targets)
            + self.options.style_weight * self._style(features)
            + self.options.variation_weight * total_variation(painted)
            + 20 * (painted - painted.clamp(0, 1)).square().mean()
        )

    def _style(self, features: dict[str, Tensor]) -> Tensor:
        """Return the mean relative distance of Gram matrices over layers and pictures."""
        total = torch.zeros(())
        for name, f in features.items():
            target = self.grams[name].expand(len(f), -1, -1)
            square = style_statistics(f, target)[0]
            total = total + (square + 1e-6).sqrt().mean() / len(features)
        return total

    @torch.no_grad()
    def _look(self, images: Tensor, layers: tuple[str, ...]) -> dict[str, Tensor]:
        placed = images.contiguous(memory_format=torch.channels_last)
        return self.backbone(placed, layers)  # type: ignore[no-any-return]


def _contents(given: Sequence[Image], size: int) -> tuple[list[Image], list[Image]]:
    """Return contents to tune on and to judge by, squares of `size`."""
    if not given:
        tuned, judged = ([draw(n, size=size, seed=s) for n, s in table]
                         for table in (_TUNED_ON, _JUDGED_ON))  # fmt: skip
        return tuned, judged
    squares = [_square(content, size) for content in given]
    return (squares[:-1], squares[-1:]) if len(squares) > 1 else (squares, squares)


def _square(content: Image, size: int) -> Image:
    height, width = content.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return resize(content[top : top + side, left : left + side], size, size)


def _tensor(image: Image) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)[None]


def _batch(images: Sequence[Image]) -> Tensor:
    return torch.cat([_tensor(image) for image in images])
