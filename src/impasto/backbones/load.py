"""Build perceptual networks from weights files, and write such files."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from impasto.errors import MissingExtraError, WeightsError
from impasto.weights import depths_from_keys, find_weights, read_weights, write_weights

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from impasto.backbones.vgg import Vgg, VggConfig


def load_backbone(
    name: str,
    *,
    pooling: str = "max",
    padding: str | None = None,
    device: torch.device | str = "cpu",
    precision: str = "float32",
) -> Vgg:
    """Return a frozen network with its weights: channels last, in evaluation mode.

    `precision` is that of weights and features, float32 or bfloat16; pictures are normalised
    in float32 either way.

    `padding` None is the network's own: "replicate", but "reflect" for distilled16x, which
    was trained with it.

    Raises:
        WeightsError: The weights are absent, damaged, or do not fit the network.
        OptionError: Unknown pooling or padding.
        MissingExtraError: PyTorch is not installed.
    """
    try:
        import torch

        from impasto.backbones.vgg import Vgg
    except ModuleNotFoundError as error:
        raise MissingExtraError("The optimiser", "optimize") from error
    path = find_weights(name)
    tensors, metadata = read_weights(path)
    config = _config(path, tensors, metadata)
    network = Vgg(replace(config, pooling=pooling, padding=padding or config.padding))
    fill(network, tensors, f"{path}: does not fit {metadata['arch']}")
    network.requires_grad_(False).eval()
    for parameter in network.parameters():  # not .to(), which would round the mean as well
        parameter.data = parameter.data.to(getattr(torch, precision))
    return network.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return,unused-ignore]


def fill(network: nn.Module, tensors: Mapping[str, Any], complaint: str) -> None:
    """Give a network the tensors of a weights file, all of them and no others, as float32.

    Raises:
        WeightsError: they do not fit; it begins with `complaint`.
    """
    import torch

    state = {key: torch.from_numpy(value.astype(np.float32)) for key, value in tensors.items()}
    try:
        network.load_state_dict(state, strict=True)
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise WeightsError(f"{complaint} ({reason})") from error


def save_backbone(
    path: str | os.PathLike[str], state: Mapping[str, Tensor], metadata: Mapping[str, str]
) -> Path:
    """Write a state as float16 safetensors; the same state gives the same bytes.

    `metadata` has name, arch, preprocessing, license, source and training, and config (JSON)
    where the network departs from its arch.

    Raises:
        WeightsError: Metadata are missing, a value is not finite or too large for float16, or
            the file cannot be written.
    """
    arrays = {}
    for key, tensor in state.items():
        values = tensor.detach().cpu().float().numpy()
        # compared before the conversion, which would warn of the overflow
        if not (np.abs(values) <= np.finfo(np.float16).max).all():
            raise WeightsError(f"{key}: holds values that float16 cannot; nothing was written")
        arrays[key] = values.astype(np.float16)
    return write_weights(path, arrays, metadata)


def _config(path: Path, tensors: Mapping[str, Any], metadata: Mapping[str, str]) -> VggConfig:
    from impasto.backbones.vgg import CONFIGS, VggConfig

    arch = metadata["arch"]
    if arch not in CONFIGS:
        raise WeightsError(f"{path}: unknown arch {arch!r}: one of {', '.join(CONFIGS)}")
    changes = json.loads(metadata.get("config") or "{}")
    unknown = set(changes) - {item.name for item in fields(VggConfig)}
    if unknown:
        raise WeightsError(f"{path}: the metadata's config has unknown {', '.join(unknown)}")
    changes = {k: tuple(v) if isinstance(v, list) else v for k, v in changes.items()}
    changes |= {
        "preprocessing": metadata["preprocessing"],
        "depths": depths_from_keys(tensors),
    }
    return replace(CONFIGS[arch], **changes)
