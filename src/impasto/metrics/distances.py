"""Content and style distances in a perceptual network's features."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean

import numpy as np
import torch
from torch import Tensor

from impasto.backbones import Backbone, load_backbone
from impasto.engine import available_memory
from impasto.errors import ImageError, OptionError, WeightsError
from impasto.images import check_pixels
from impasto.images.picture import check_size
from impasto.losses import CONTENT_LAYERS, STYLE_LAYERS, gram, relative_square
from impasto.methods.contract import Image
from impasto.metrics.ssim import ssim
from impasto.weights import find_weights

# bytes of main memory that a look takes for each pixel, measured with VGG-19, the hungriest
BYTES_PER_PIXEL = 1000


@dataclass(frozen=True)
class Judgement:
    """Hold how far a result is from its content and its style.

    `content`, `style` and `moments` are distances, 0 is best; `ssim` is a likeness to the
    content, 1 is best. A copy of the content has content 0 and ssim 1, a copy of the style has
    style 0 and moments 0.
    """

    content: float
    style: float
    moments: float
    ssim: float


@dataclass(frozen=True, eq=False)
class Seen:
    """Hold what a judge needs of a picture, whichever part it plays; `Judge.look` makes it.

    `features` are those of the content layers (1, C, H, W). Of the style layers `grams` are
    (1, C, C), and `moments` (1, 2 C) the channels' means and then their deviations.
    """

    image: Image
    features: Mapping[str, Tensor]
    grams: Mapping[str, Tensor]
    moments: Mapping[str, Tensor]


class Judge:
    """Judge results by a backbone; `name` says by which: `vgg19` is the field's yardstick.

    content = mean over relu4_1, relu5_1 of |F(o)-F(c)|^2 / |F(c)-mean F(c)|^2;
    style = mean over relu1_1 .. relu5_1 of |G(o)-G(s)|_F / |G(s)|_F, G = F F^T / (H W);
    moments = mean over the same of (|d mean|^2+|d std|^2) / (|mean|^2+|std|^2), the channels'
    means and biased deviations, those of the style below; ssim as the function `ssim`.
    """

    def __init__(self, backbone: str = "auto") -> None:
        """Load the network.

        "auto" is VGG-19 where its weights are to be had, else `compact`, with a warning.

        Raises:
            WeightsError: The weights are not to be had, or are damaged.
        """
        self.name = chosen_backbone(backbone)
        # VGG pads with zeros, as it was trained; another network pads as that one was
        padding = "zeros" if self.name.startswith("vgg") else None
        self.backbone: Backbone = load_backbone(self.name, padding=padding)

    def __call__(self, result: Image, content: Image, style: Image) -> Judgement:
        """Return the distances of a result; result and content have one size, the style any.

        Raises:
            as `look` and `compare`.
        """
        return self.compare(self.look(result), self.look(content), self.look(style))

    @torch.no_grad()
    def look(self, image: Image) -> Seen:
        """Return all that `compare` needs of a picture (H, W, 3) in [0, 1].

        Raises:
            ImageError: It is no such picture, or too small for the network.
            OptionError: There is too little memory for it.
        """
        image = check_pixels(image, "the picture")
        height, width = image.shape[:2]
        check_size(width, height, "the picture")
        check_memory(height, width)
        pixels = torch.from_numpy(image).permute(2, 0, 1).unsqueeze(0)
        found = self.backbone(pixels, dict.fromkeys((*STYLE_LAYERS, *CONTENT_LAYERS)))
        return Seen(
            image,
            {name: found[name] for name in CONTENT_LAYERS},
            {name: gram(found[name]) for name in STYLE_LAYERS},
            {name: _moments(found[name]) for name in STYLE_LAYERS},
        )

    def compare(self, result: Seen, content: Seen, style: Seen) -> Judgement:
        """Return the distances of a result from what this judge has seen.

        Raises:
            ImageError: Result and content differ in size, or the content is one flat colour.
        """
        if result.image.shape != content.image.shape:
            (height, width), (high, wide) = result.image.shape[:2], content.image.shape[:2]
            raise ImageError(
                f"the result is {width}x{height} px and the content {wide}x{high} px: "
                "resize one of them"
            )
        if np.ptp(content.image, axis=(0, 1)).max() == 0:
            raise ImageError("the content is one flat colour: take a picture that shows something")
        return Judgement(
            fmean(_content(result.features[n], content.features[n]) for n in CONTENT_LAYERS),
            fmean(_style(result.grams[n], style.grams[n]) for n in STYLE_LAYERS),
            fmean(_relative(result.moments[n], style.moments[n]) for n in STYLE_LAYERS),
            ssim(result.image, content.image),
        )


def _content(features: Tensor, target: Tensor) -> float:
    return _relative(features, target, target - target.mean((2, 3), keepdim=True))


def _style(found: Tensor, target: Tensor) -> float:
    return float(_relative(found, target) ** 0.5)


def _relative(value: Tensor, target: Tensor, reference: Tensor | None = None) -> float:
    return float(relative_square(value, target, reference))


def _moments(features: Tensor) -> Tensor:
    deviation, mean = torch.std_mean(features, (2, 3), correction=0)
    return torch.cat((mean, deviation), 1)


def chosen_backbone(backbone: str) -> str:
    """Return the network's name: of "auto", VGG-19 where its weights are, else `compact`.

    A warning says why it is `compact`.
    """
    if backbone != "auto":
        return backbone
    try:
        find_weights("vgg19")
    except WeightsError as absent:
        warnings.warn(f"judged by compact: {absent}", UserWarning, stacklevel=3)
        return "compact"
    return "vgg19"


def check_memory(height: int, width: int) -> None:
    """Refuse to look at a picture for which there is too little memory.

    Raises:
        OptionError: so it is; it names the size that would do.
    """
    there, needed = available_memory(), BYTES_PER_PIXEL * height * width
    if there is not None and needed > there:
        side = int(max(height, width) * (0.9 * there / needed) ** 0.5)
        raise OptionError(
            f"judging a {width}x{height} picture needs about {needed / 2**30:.1f} GB, and"
            f" {there / 2**30:.1f} GB are free: use --size {side}"
        )
