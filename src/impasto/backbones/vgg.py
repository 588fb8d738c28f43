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

from impasto.backbones.convolution import Convolution
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


CONVOLUTIONS = 3  # at most, of a part that strips go through at a time


@dataclass(frozen=True)
class _Part:
    """A few convolutions in a row, the layers read after them, and whether a pooling follows."""

    names: tuple[str, ...]
    taps: Mapping[str, str]
    pools: bool
    last: bool

    @property
    def block(self) -> int:
        return _block(self.names[0])

    @property
    def layers(self) -> tuple[str, ...]:
        return tuple(self.taps.values())


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
        conv = Convolution(channels, width, kernel, padding=kernel // 2, padding_mode=mode)
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
        x = images
        for part in self._parts(layers):
            found, x = self._pass(part, x)
            features |= found
        return features

    def strip_stages(self, layers: Iterable[str]) -> list[Stage]:
        """Return a stage for every few convolutions that these layers need.

        Few, as each wants a row more on both sides of a strip; a pooling belongs to the stage
        before it, so what stands between two stages is small.
        """
        return [
            Stage(
                part.layers,
                part.block - 1,
                # the poolings of a strip are those of the whole if it begins on an even row
                halo=2 * ceil(len(part.names) / 2),
                held=self._held(part),
                work=self._work(part),
                pools=part.pools,
                passed=0 if part.last else self.dtype.itemsize * self.config.widths[part.block - 1],
                compute=partial(self._stage, part),
            )
            for part in self._parts(layers)
        ]

    def _parts(self, layers: Iterable[str]) -> list[_Part]:
        """Return the parts of the trunk, of one block each, that these layers need."""
        wanted = set(layers)
        if unknown := wanted - set(self.layers):
            raise OptionError(f"no layer {', '.join(sorted(unknown))}; these are: {self.layers}")
        taps = {self.config.taps.get(n, n): n for n in self.layers if n in wanted}
        needed = [i for i, name in enumerate(self.trunk, 1) if name in taps]
        parts: list[list[str]] = []
        for name in self.trunk[: max(needed, default=0)]:
            if (int(name.split("_")[1]) - 1) % _share(self.config.depths[_block(name) - 1]) == 0:
                parts.append([])
            parts[-1].append(name)
        blocks = [_block(names[0]) for names in parts]
        return [
            _Part(
                tuple(names),
                {name: taps[name] for name in names if name in taps},
                pools=block != following,
                last=names is parts[-1],
            )
            for names, block, following in zip(parts, blocks, blocks[1:] + blocks[-1:], strict=True)
        ]

    def _stage(self, part: _Part, x: Tensor) -> tuple[dict[str, Tensor], Tensor | None]:
        features, x = self._pass(part, x)
        return features, None if part.last else x

    def _held(self, part: _Part) -> int:
        """Return the bytes for each place: padded inputs, results of ReLUs, poolings."""
        width, size = self.config.widths[part.block - 1], self.dtype.itemsize
        inner = len(part.names) * width
        if self.config.padding != "replicate":  # which keeps no inputs
            inner += sum(self.get_parameter(f"{n}.weight").shape[1] for n in _convolutions(part))
        embedded = sum(self.config.embed.get(name, 0) for name in part.layers)
        # where the maxima were: eight bytes for each of a quarter of the places
        return size * (inner + embedded) + (2 * width if part.pools else 0)

    def _work(self, part: _Part) -> int:
        """Return the multiplications for each place."""
        embedded = (name for name in part.layers if name in self.config.embed)
        names = _convolutions(part)
        names += [name.replace("relu", "embed") for name in embedded]
        return sum(self.get_parameter(f"{name}.weight").numel() for name in names)

    def _pass(self, part: _Part, x: Tensor) -> tuple[dict[str, Tensor], Tensor]:
        """Return features of a part, and what comes out of it."""
        stem = x = self.normalize(x) if part.names[0] == "relu1_1" else x
        features: dict[str, Tensor] = {}
        for name in part.names:
            x = self._advance(name, x)
            if name in part.taps:
                layer = part.taps[name]
                features[layer] = self._embed(layer, stem, x)
        return features, self._pool(x) if part.pools else x

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


def _convolutions(part: _Part) -> list[str]:
    return [name.replace("relu", "conv") for name in part.names]


def _share(depth: int) -> int:
    """Return of how many convolutions the parts of a block are."""
    return ceil(depth / ceil(depth / CONVOLUTIONS))


def _block(layer: str) -> int:
    return int(layer.removeprefix("relu").split("_")[0])
