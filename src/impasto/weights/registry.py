"""The table of perceptual networks: what each is, its terms, and where its weights come from.

Hashes are those that public texts state. Where only a part is known, only that part stands
here and is checked: PyTorch's file names carry the first eight hex digits of the SHA-256,
Keras publishes MD5 sums.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from impasto.errors import WeightsError
from impasto.options import suggest

PREPROCESSINGS = ("caffe", "torchvision", "unit", "none")

_OXFORD = "CC BY 4.0 (Oxford Visual Geometry Group)"
_TORCHVISION = "BSD-3-Clause (torchvision)"
_KERAS = (
    "https://storage.googleapis.com/tensorflow/keras-applications",
    "https://github.com/fchollet/deep-learning-models/releases/download/v0.1",
)
_JOHNSON = "https://web.eecs.umich.edu/~justincj/models"
_PYTORCH = "https://download.pytorch.org/models"


@dataclass(frozen=True)
class Mirror:
    """Name one place to download weights from, and what is known of the file there.

    `sha256` is the whole hash or its first digits; `md5` stands in where no SHA-256 is
    published. `origin` tells different trainings apart: mirrors of one origin hold the same
    numbers, so they may replace each other.
    """

    url: str
    preprocessing: str
    origin: str
    license: str
    sha256: str = ""
    md5: str = ""
    size: int | None = None

    @property
    def file_name(self) -> str:
        """Return the last part of the address."""
        return self.url.rsplit("/", 1)[-1]


@dataclass(frozen=True)
class Entry:
    """Describe one network known by name.

    `widths` and `depths` are empty where the layout is not that of a published VGG.
    `shipped_sha256` is the hash of the file inside the package, empty where none is shipped.
    """

    name: str
    description: str
    license: str
    preprocessing: str
    widths: tuple[int, ...] = ()
    depths: tuple[int, ...] = ()
    mirrors: tuple[Mirror, ...] = ()
    shipped: bool = False
    shipped_sha256: str = ""


@dataclass(frozen=True)
class Foreign:
    """Describe a safetensors file without our metadata that is recognised by its name."""

    name: str
    file_name: str
    sha256: str
    license: str
    preprocessing: str
    source: str


def _mirrors(name: str, size: int, md5: str, johnson: str, pytorch: Mirror) -> tuple[Mirror, ...]:
    """List a network's mirrors; the original Caffe weights come first."""
    keras = f"{name}_weights_tf_dim_ordering_tf_kernels_notop.h5"
    return (
        Mirror(f"{_KERAS[0]}/{name}/{keras}", "caffe", "caffe", _OXFORD, md5=md5, size=size),
        Mirror(f"{_KERAS[1]}/{keras}", "caffe", "caffe", _OXFORD, md5=md5, size=size),
        # the whole SHA-256 of these is published nowhere that we found
        Mirror(f"{_JOHNSON}/{name}-{johnson}.pth", "caffe", "caffe", _OXFORD, sha256=johnson),
        pytorch,
    )


_WIDTHS = (64, 128, 256, 512, 512)
_VGG19 = _mirrors(
    "vgg19",
    80134624,
    "253f8cb515780f3b799900260a226db6",
    "d01eb7cb",
    Mirror(
        f"{_PYTORCH}/vgg19-dcbb9e9d.pth",
        "torchvision",
        "torchvision",
        _TORCHVISION,
        sha256="dcbb9e9dad569fff7a846263a77324fc34978fea2bfb039c012d710e1776ae44",
        size=574673361,
    ),
)
_VGG16 = _mirrors(
    "vgg16",
    58889256,
    "6d6bbae143d832006294945121d1f1fc",
    "00b39a1b",
    Mirror(
        f"{_PYTORCH}/vgg16-397923af.pth",
        "torchvision",
        "torchvision",
        _TORCHVISION,
        sha256="397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0",
        size=553433881,
    ),
)

ENTRIES: Mapping[str, Entry] = {
    entry.name: entry
    for entry in (
        Entry(
            "compact",
            "small student of VGG-19, shipped with Impasto",
            "Apache-2.0",
            "unit",
            shipped=True,
            shipped_sha256="10d067af4aa51dcc52e28ee5910eb1d8a6058da5d392ba21d4fb821f2411ed6c",
        ),
        Entry(
            "vgg19",
            "VGG-19, the network of the papers (best quality)",
            _OXFORD,
            "caffe",
            _WIDTHS,
            (2, 2, 4, 4, 4),
            _VGG19,
        ),
        Entry(
            "vgg16",
            "VGG-16, as used by feed-forward methods",
            _OXFORD,
            "caffe",
            _WIDTHS,
            (2, 2, 3, 3, 3),
            _VGG16,
        ),
        Entry(
            "distilled16x",
            "16x distilled VGG-19, a teacher for training (no download)",
            "MIT",
            "none",
            (16, 32, 64, 128, 128),
            (2, 2, 4, 4, 1),
        ),
    )
}

FOREIGN: Mapping[str, Foreign] = {
    item.file_name: item
    for item in (
        Foreign(
            "vgg19",
            "vgg19-imagenet-caffe.safetensors",
            "fd2ba6ced8ee64ed6a7777744446e0f93b0b42be74ca89ee0ce409dbfbe3c6b3",
            _OXFORD,
            "caffe",
            "Simonyan & Zisserman, arXiv:1409.1556, Oxford VGG",
        ),
        Foreign(
            "distilled16x",
            "vgg19-16x-distilled.safetensors",
            "ac7c524f18cff62e5a89a30284ee57071a1ed279a612db1d60062723099f2056",
            "MIT",
            "none",
            "Wang et al., Collaborative Distillation, CVPR 2020",
        ),
    )
}


def lookup(name: str) -> Entry:
    """Return the entry of a network.

    Raises:
        WeightsError: No network has this name.
    """
    if name not in ENTRIES:
        raise WeightsError(f"unknown weights {name!r}: {suggest(name, ENTRIES)}")
    return ENTRIES[name]
