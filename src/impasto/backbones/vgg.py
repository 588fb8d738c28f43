"""VGG-shaped perceptual networks: the real VGG-16/19 and narrow ones that imitate them.

Simonyan & Zisserman, "Very Deep Convolutional Networks for Large-Scale Image
Recognition", arXiv:1409.1556, configurations D (VGG-16) and E (VGG-19).

Deviations: only the convolutional part, up to block 5; padding is a choice (`zeros` is the
paper's, `replicate` the default here because zeros let an optimised picture grow a frame);
pooling is a choice (Gatys 2016 prefers averages).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from math import ceil
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.backbones.stages import Stage
from impasto.errors import OptionError

# name -> (mean, divisor, read as BGR), for RGB input in [0, 1]
PREPROCESSING: Mapping[str, tuple[tuple[float, ...], tuple[float, ...], bool]] = {
    "caffe": ((123.68 / 255, 116.779 / 255, 103.939 / 255), (1 / 255,) * 3, True),
    "torchvision": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225), False),
    "unit": ((0.45,) * 3, (0.25,) * 3, False),
    "none": ((0.0,) * 3, (1.0,) * 3, False),
}
PADDINGS = ("replicate", "reflect", "zeros")
POOLINGS = ("max", "average")


@dataclass(frozen=True)
class VggConfig:
    """Describe a VGG-shaped network.

    `widths` and `depths` are channels and 3x3 convolutions of each block; 2x2 pooling stands
    between blocks. `embed` names layers that a 1x1 convolution and a ReLU bring to so many
    channels; it starts from the layer of the same name, or from another one that `taps` names.
    With `embed_stem`, relu1_1 comes straight from the image by a 3x3 convolution, as VGG itself
    computes it. `residual` adds its input to every convolution that keeps the width (He et al.
    2016). `colour_matrix` puts a learned 1x1 convolution before everything.
    """

    widths: tuple[int, ...]
    depths: tuple[int, ...]
    preprocessing: str
    embed: Mapping[str, int] = field(default_factory=dict)
    taps: Mapping[str, str] = field(default_factory=dict)
    embed_stem: bool = False
    residual: bool = False
    colour_matrix: bool = False
    padding: str = "replicate"
    pooling: str = "max"


_TAPPED = {
    "relu1_1": 64,
    "relu2_1": 128,
    "relu3_1": 256,
    "relu4_1": 512,
    "relu4_2": 512,
    "relu5_1": 512,
}
CONFIGS: Mapping[str, VggConfig] = {
    "vgg19": VggConfig((64, 128, 256, 512, 512), (2, 2, 4, 4, 4), "caffe"),
    "vgg16": VggConfig((64, 128, 256, 512, 512), (2, 2, 3, 3, 3), "caffe"),
    # deeper where pixels are few: what a narrow network lacks most is what VGG sees at relu5_1
    "compact": VggConfig(
        (24, 40, 72, 128, 128),
        (2, 2, 3, 4, 2),
        "unit",
        embed=_TAPPED,
        taps={
            "relu3_1": "relu3_2",
            "relu4_1": "relu4_2",
            "relu4_2": "relu4_3",
            "relu5_1": "relu5_2",
        },
        embed_stem=True,
        residual=True,
    ),
    # Wang et al., "Collaborative Distillation for Ultra-Resolution Universal Style
    # Transfer", CVPR 2020; it has no embedding for relu4_2
    "distilled16x": VggConfig(
        (16, 32, 64, 128, 128),
        (2, 2, 4, 4, 1),
        "none",
        embed={name: n for name, n in _TAPPED.items() if name != "relu4_2"},
        colour_matrix=True,
        padding="reflect",
    ),
}


class Vgg(nn.Module):
    """Compute named features of pictures; a `Backbone`.

    Input (N, 3, H, W), RGB, nominally in [0, 1]; features (N, C, H', W'), where each pooling
    halves the sides, rounding down. `layers` lists the feature names in order of depth.
    """

    def __init__(self, config: VggConfig) -> None:
        super().__init__()
        if config.padding not in PADDINGS:
            raise OptionError(f"padding {config.padding!r}: choose one of {', '.join(PADDINGS)}")
        if config.pooling not in POOLINGS:
            raise OptionError(f"pooling {config.pooling!r}: choose one of {', '.join(POOLINGS)}")
        self.config = config
        self._mean: Tensor
        self._divisor: Tensor
        self.trunk = tuple(
            f"relu{block}_{i}"
            for block, depth in enumerate(config.depths, 1)
            for i in range(1, depth + 1)
        )
        # layers of a network with taps go by VGG's names only where they imitate VGG's
        self.layers: tuple[str, ...] = tuple(config.embed) if config.taps else self.trunk
        channels = 3
        if config.colour_matrix:
            self.preprocess = nn.Conv2d(3, 3, 1)
        for name in self.trunk:
            width = config.widths[_block(name) - 1]
            convolution = self._convolution(channels, width, 3)
            if config.residual and channels == width:
                nn.init.kaiming_normal_(convolution.weight, a=4.0)  # small beside what it adds to
            self.add_module(name.replace("relu", "conv"), convolution)
            channels = width
        for name, width in config.embed.items():
            stem = config.embed_stem and name == "relu1_1"
            channels = 3 if stem else config.widths[_block(name) - 1]
            kernel = 3 if stem else 1
            embed = self._convolution(channels, width, kernel)
            self.add_module(name.replace("relu", "embed"), embed)
        mean, divisor, _ = PREPROCESSING[config.preprocessing]
        self.register_buffer("_mean", torch.tensor(mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("_divisor", torch.tensor(divisor).view(1, 3, 1, 1), persistent=False)

    def _convolution(self, channels: int, width: int, kernel: int) -> nn.Conv2d:
        mode: Any = self.config.padding if kernel > 1 else "zeros"
        conv = nn.Conv2d(channels, width, kernel, padding=kernel // 2, padding_mode=mode)
        nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
        assert conv.bias is not None
        nn.init.zeros_(conv.bias)
        return conv

    @property
    def dtype(self) -> torch.dtype:
        """Return the type of the features: float32, or bfloat16 where that is faster."""
        return next(self.parameters()).dtype

    def channels(self, layer: str) -> int:
        """Return the number of channels of a layer's features."""
        return self.config.embed.get(layer) or self.config.widths[_block(layer) - 1]

    def normalize(self, images: Tensor) -> Tensor:
        """Bring RGB in [0, 1] to what the first convolution expects."""
        images = ((images - self._mean) / self._divisor).to(self.dtype)
        if PREPROCESSING[self.config.preprocessing][2]:
            images = images.flip(1)
        return self.preprocess(images) if self.config.colour_matrix else images

    def forward(self, images: Tensor, layers: Iterable[str]) -> dict[str, Tensor]:
        """Return the features named in `layers`, computing no deeper than needed."""
        features: dict[str, Tensor] = {}
        blocks, x = self._by_block(layers), images
        for block, names in blocks:
            x = self._pool(x) if block > 1 else x
            found, x = self._pass(block, x, names, onward=block < len(blocks))
            features |= found
        return features

    def strip_stages(self, layers: Iterable[str]) -> list[Stage]:
        """Return a stage for each block that these layers need.

        It ends with its pooling: so what stands between two stages is small.
        """
        blocks = self._by_block(layers)
        return [
            Stage(
                names,
                # the poolings of a strip are those of the whole if it begins on an even row
                halo=2 * ceil(self.config.depths[block - 1] / 2),
                held=self._held(block, names, block < len(blocks)),
                passed=self.dtype.itemsize * width if block < len(blocks) else 0,
                compute=partial(self._stage, block, names, block < len(blocks)),
            )
            for (block, names), width in zip(blocks, self.config.widths, strict=False)
        ]

    def _by_block(self, layers: Iterable[str]) -> list[tuple[int, tuple[str, ...]]]:
        """Return the blocks that these layers need, each with the layers to be had from it."""
        wanted = set(layers)
        if unknown := wanted - set(self.layers):
            raise OptionError(f"no layer {', '.join(sorted(unknown))}; these are: {self.layers}")
        deepest = max((_block(self._tap(name)) for name in wanted), default=0)
        return [
            (block, tuple(n for n in self.layers if n in wanted and _block(self._tap(n)) == block))
            for block in range(1, deepest + 1)
        ]

    def _tap(self, layer: str) -> str:
        return self.config.taps.get(layer, layer)

    def _stage(
        self, block: int, layers: tuple[str, ...], onward: bool, x: Tensor
    ) -> tuple[dict[str, Tensor], Tensor | None]:
        features, x = self._pass(block, x, layers, onward)
        return features, self._pool(x) if onward else None

    def _held(self, block: int, layers: tuple[str, ...], onward: bool) -> int:
        """Return the bytes for each place: inputs of convolutions, results of ReLUs, poolings."""
        width, size = self.config.widths[block - 1], self.dtype.itemsize
        depth = self.config.depths[block - 1]
        if not onward:
            depth = max(int(self._tap(name).split("_")[1]) for name in layers)
        first = 3 if block == 1 else self.config.widths[block - 2]
        inner = first + (2 * depth - 1) * width
        embedded = sum(self.config.embed.get(name, 0) for name in layers)
        # where the maxima were: eight bytes for each of a quarter of the places
        return size * (inner + embedded) + (2 * width if onward else 0)

    def _pass(
        self, block: int, x: Tensor, layers: tuple[str, ...], onward: bool
    ) -> tuple[dict[str, Tensor], Tensor]:
        """Return features of a block and its last layer's, or the last that any needs."""
        wanted = {self._tap(name): name for name in layers}
        stem = x = self.normalize(x) if block == 1 else x
        features: dict[str, Tensor] = {}
        for name in self.trunk:
            if _block(name) != block:
                continue
            if not onward and len(features) == len(wanted):
                break
            x = self._advance(name, x)
            if name in wanted:
                features[wanted[name]] = self._embed(wanted[name], stem, x)
        return features, x

    def _pool(self, x: Tensor) -> Tensor:
        return F.max_pool2d(x, 2) if self.config.pooling == "max" else F.avg_pool2d(x, 2)

    def _advance(self, name: str, x: Tensor) -> Tensor:
        y: Tensor = self._modules[name.replace("relu", "conv")](x)  # type: ignore[misc]
        # in place: the gradient needs what comes out only
        return F.relu_(y.add_(x) if self.config.residual and x.shape == y.shape else y)

    def _embed(self, name: str, stem: Tensor, x: Tensor) -> Tensor:
        if name not in self.config.embed:
            return x
        source = stem if self.config.embed_stem and name == "relu1_1" else x
        return F.relu_(self._modules[name.replace("relu", "embed")](source))  # type: ignore[misc]


def _block(layer: str) -> int:
    return int(layer.removeprefix("relu").split("_")[0])
